"""What the workbook of each report has beside its rows: the same question, told otherwise.

A report that is not named here has its rows, their totals and the definitions.
"""

from dataclasses import dataclass, replace

from ..queries.base import Additivity, Grain, Listing
from ..queries.query import Sort, Tally
from ..texts import _

MOST_ROWS = 5_000
# The longest period, in days, for which a bucket of time is fine enough to be drawn.
_FINEST = ((62, Grain.DAY), (400, Grain.WEEK), (3700, Grain.MONTH))


@dataclass(frozen=True)
class Chart:
    """A picture of a section, on the summary.

    :param kind: ``line``, ``column`` or ``bar``
    :param measures: that it draws, of those that are shown; without one of them the
        first that is shown
    :param most: of the rows
    """

    kind: str
    measures: tuple[str, ...]
    most: int = MOST_ROWS


@dataclass(frozen=True)
class Section:
    """A sheet of a workbook: the period's measures by something, or over time.

    :param title: the sheet's
    :param dimensions: by which the rows are told apart, the largest first
    :param is_over_time: by buckets of time, as fine as can be drawn
    :param by: of a listing: the column by which its rows are counted
    :param adds: of a listing: the column that is added up
    """

    title: str
    dimensions: tuple[str, ...] = ()
    is_over_time: bool = False
    by: str = ""
    adds: str = ""
    chart: Chart | None = None


_POINTS = ("points_earned", "points_redeemed")
SECTIONS = {
    "promotions/performance": (
        Section(
            _("Over time"),
            is_over_time=True,
            chart=Chart("line", ("total_amount",)),
        ),
        Section(
            _("By program"),
            dimensions=("program",),
            chart=Chart("bar", ("total_amount",), most=10),
        ),
        Section(_("By program type"), dimensions=("program_type",)),
        Section(_("By store"), dimensions=("store",)),
    ),
    "membership/analytics": (
        Section(
            _("Over time"),
            is_over_time=True,
            chart=Chart("line", ("total_spending",)),
        ),
        Section(
            _("By level"),
            dimensions=("level",),
            chart=Chart("bar", ("total_spending",), most=10),
        ),
    ),
    "points/activity": (
        Section(_("Over time"), is_over_time=True, chart=Chart("column", _POINTS)),
        Section(
            _("By program"),
            dimensions=("program",),
            chart=Chart("bar", ("points_earned",), 10),
        ),
        Section(_("By type"), dimensions=("transaction_type",)),
    ),
    "points/transactions": (
        Section(
            _("By type"),
            by="transaction_type",
            adds="points_amount",
            chart=Chart("bar", ("points_amount",)),
        ),
    ),
}


def sections_of(query):
    """Return the sections of a question's workbook, each with what it asks.

    One that would repeat the rows of the question itself is left out.

    :return: pairs of (:class:`Section`, :class:`Query` or :class:`Tally`)
    """
    sections = SECTIONS.get(query.report.slug, ())
    pairs = ((section, _question(section, query)) for section in sections)
    return [(section, asked) for section, asked in pairs if _is_worth(asked, query)]


def pictured(query):
    """Return the first section that has a chart, and what it asks."""
    sections = SECTIONS[query.report.slug]
    section = next(section for section in sections if section.chart)
    return section, _question(section, query)


def drawn(chart, measures):
    """Return the measures that a chart draws, of those that a question shows."""
    return [m for m in measures if m.name in chart.measures] or [*measures[:1]]


def _question(section, query):
    if isinstance(query.report, Listing):
        return Tally(query, section.by, section.adds)
    dimensions = tuple(query.report.dimension(name) for name in section.dimensions)
    # Points outstanding are one number over all types of what was booked.
    measures = (m for m in query.measures if not {*section.dimensions} & {*m.not_by})
    plain = replace(
        query.unpaged(MOST_ROWS),
        measures=tuple(measures),
        dimensions=dimensions,
        grain=Grain.PERIOD,
        sort=(),
        with_totals=False,
    )
    if section.is_over_time:
        return replace(plain, grain=_grain(query))
    return replace(plain, sort=_largest_first(section, plain))


def _grain(query):
    """Return the finest buckets in which the whole period can be drawn."""
    if query.compare:
        # What is compared was moved by days or months: only some buckets remain whole.
        whole = Grain.MONTH if query.compare.months else Grain.DAY
        return whole if query.grain is Grain.PERIOD else query.grain
    days = (query.date_to - query.date_from).days + 1
    return next((grain for most, grain in _FINEST if days <= most), Grain.YEAR)


def _largest_first(section, query):
    """Order by what is drawn; a level is no sum that a store could order by."""
    wanted = section.chart.measures if section.chart else ()
    able = [m for m in query.measures if m.additivity is not Additivity.SEMI_ADDITIVE]
    found = [m for m in able if m.name in wanted] or able
    return (Sort(found[0], is_descending=True),) if found else ()


def _is_worth(asked, query):
    """Tell whether a section says something, and not what the rows say already."""
    if isinstance(asked, Tally):
        return True
    is_same = (asked.dimensions, asked.grain) == (query.dimensions, query.grain)
    return bool(asked.measures) and not is_same
