"""The dashboard's panels: which question each of them asks.

All that a panel shows comes with one answer, which is remembered like any other: many
open dashboards ask the store once.
"""

from dataclasses import dataclass, field

TOP = 10
# Days up to which a chart has a bar for each day, or for each week.
_DAYS, _WEEKS = 92, 400


@dataclass(frozen=True)
class Panel:
    """A question to a report.

    :param name: what the page calls it
    :param report: slug
    :param measures: that it shows
    :param dimensions: that its rows are told apart by; none: one row a bucket
    :param is_over_time: a row for each bucket; otherwise one bucket, compared with the
        period before
    :param filters: of the page's filters, those that the report has
    :param more: other parameters
    """

    name: str
    report: str
    measures: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    is_over_time: bool = False
    filters: tuple[str, ...] = ()
    more: dict = field(default_factory=dict)


_PROMOTIONS = (
    "total_amount",
    "total_discount",
    "total_transactions",
    "unique_customers",
    "conversion_rate",
    "discount_depth",
)
_OF_PROMOTIONS = ("program_id", "store_id")
_MEMBERSHIP = (
    "active_members",
    "new_members",
    "upgraded_members",
    "downgraded_members",
    "members",
    "total_spending",
)
_POINTS = (
    "points_earned",
    "points_redeemed",
    "points_expired",
    "points_adjusted",
    "balance",
)

PANELS = (
    Panel(
        "programs",
        "promotions/performance",
        _PROMOTIONS,
        ("program",),
        filters=_OF_PROMOTIONS,
        more={"sort": "-total_amount", "per_page": str(TOP)},
    ),
    Panel(
        "promotions_over_time",
        "promotions/performance",
        ("total_amount", "total_discount", "total_transactions", "unique_customers"),
        is_over_time=True,
        filters=_OF_PROMOTIONS,
    ),
    Panel("levels", "membership/analytics", _MEMBERSHIP, ("level",)),
    Panel(
        "membership_over_time",
        "membership/analytics",
        ("new_members", "active_members"),
        is_over_time=True,
    ),
    Panel("points", "points/activity", _POINTS),
    Panel("points_over_time", "points/activity", _POINTS, is_over_time=True),
)


def grain_of(date_from, date_to):
    """Return the buckets that make a readable chart of a period."""
    days = (date_to - date_from).days + 1
    if days <= _DAYS:
        return "day"
    return "week" if days <= _WEEKS else "month"


def parameters(panel, asked):
    """Return what a panel asks of its report, as ``params.parse`` takes it.

    :param asked: :class:`~core.dashboard.asked.Asked`
    """
    given = {
        "date_from": asked.date_from.isoformat(),
        "date_to": asked.date_to.isoformat(),
        "measures": ",".join(panel.measures),
        "dimensions": ",".join(panel.dimensions),
        "company_id": str(asked.company_id),
        **panel.more,
    }
    if panel.is_over_time:
        given |= {
            "group_by": grain_of(asked.date_from, asked.date_to),
            "per_page": "1000",
        }
    else:
        given |= {"group_by": "period", "compare": "previous_period", "totals": "true"}
    return given | {
        name: [str(value) for value in values]
        for name, values in asked.filters.items()
        if name in panel.filters and values
    }
