"""Points activity: what was earned, redeemed, expired, adjusted, and is outstanding."""

from ..texts import _
from . import dimensions as by
from .base import Additivity, Audience, Facts, Grain, Measure, Report, Sum, Unit

_FLOWS = ("points_earned", "points_redeemed", "points_expired", "points_adjusted")
_SUMS = {"transactions": Sum("transactions", is_count=True)} | {
    name: Sum(name) for name in _FLOWS
}
_LEVELS = {"balance": Sum("balance_change")}
FACTS = (
    Facts(
        "point_day_data",
        "day",
        _SUMS,
        frozenset({"program_key", "transaction_type"}),
        Grain.DAY,
        stores=("postgresql",),
        levels=_LEVELS,
    ),
    Facts(
        "point_analytics_rollup_data",
        "rollup",
        _SUMS,
        frozenset({"program_key", "card_key", "customer_key", "transaction_type"}),
        levels=_LEVELS,
        changes="point_change",
    ),
)
REPORT = Report(
    slug="points/activity",
    title=_("Points activity"),
    description=_(
        "What the points ledger booked, by program, type, hour, day, ISO week, month or "
        "year of the company, and what is outstanding at its end. A reverse counts "
        "negatively in the type it reverses."
    ),
    basis=_("the ledger's amounts; adjustments are signed"),
    audience=Audience.POINTS,
    grains=tuple(Grain),
    dimensions=(by.PROGRAM, by.TRANSACTION_TYPE, by.PROGRAM_TYPE),
    default_dimensions=("program",),
    filters=(
        by.OF_LEDGER_PROGRAM,
        by.OF_PROGRAM_TYPE,
        by.OF_TYPE,
        by.OF_CARD,
        by.OF_PARTNER,
    ),
    facts=FACTS,
    default_measures=("transactions", *_FLOWS),
    measures=(
        Measure(
            "transactions",
            _("Transactions"),
            _("Rows of the ledger."),
            Unit.COUNT,
            of="transactions",
        ),
        Measure(
            "points_earned",
            _("Earned"),
            _("Points earned."),
            Unit.POINTS,
            of="points_earned",
        ),
        Measure(
            "points_redeemed",
            _("Redeemed"),
            _("Points redeemed."),
            Unit.POINTS,
            of="points_redeemed",
        ),
        Measure(
            "points_expired",
            _("Expired"),
            _("Points expired."),
            Unit.POINTS,
            of="points_expired",
        ),
        Measure(
            "points_adjusted",
            _("Adjusted"),
            _("Points adjusted, signed."),
            Unit.POINTS,
            of="points_adjusted",
        ),
        Measure(
            "balance",
            _("Outstanding points"),
            _(
                "Points that cards hold at the end of the bucket: what they held before "
                "their first transaction, and all that was booked since. They belong to "
                "the program, customer and company of the rows that booked them, and are "
                "one number over all types of transactions."
            ),
            Unit.POINTS,
            Additivity.SEMI_ADDITIVE,
            of="balance",
            not_by=("transaction_type",),
        ),
        Measure(
            "redemption_rate",
            _("Redemption rate"),
            _(
                "points_redeemed / points_earned of the rows asked for: a ratio of flows, "
                "which may exceed 100 %."
            ),
            Unit.RATIO,
            Additivity.RATIO,
            numerator="points_redeemed",
            denominator=("points_earned",),
        ),
    ),
)
