"""Promotion performance: what every program sold, gave away and converted."""

from ..texts import _
from . import dimensions as by
from .base import (
    Additivity,
    Audience,
    Distinct,
    Facts,
    Grain,
    Measure,
    Report,
    Sum,
    Test,
    Unit,
)

_COUNTS = (
    "total_transactions",
    "refund_transactions",
    "eligible_transactions",
    "applied_transactions",
    "rejected_transactions",
)
_SUMS = (
    "total_qty",
    "total_amount",
    "total_discount",
    "gross_amount",
    "gross_discount",
    "points_earned",
    "points_redeemed",
)
# An order with two programs is counted in the buckets of both.
_OF_BUCKETS = {
    "columns": {name: Sum(name) for name in _SUMS},
    "of_each": {name: Sum(name, is_count=True) for name in _COUNTS},
    "each": frozenset({"program_key"}),
}
_SALE = Test(above_zero=("line_count",), false=("is_refund",))


def _orders(where):
    return Distinct(where, "order_key")


# One row an order and program: it knows identities.
_OF_ORDERS = {
    "total_transactions": _orders(_SALE),
    "refund_transactions": _orders(
        Test(above_zero=("line_count",), true=("is_refund",))
    ),
    "eligible_transactions": _orders(Test(true=("is_eligible",))),
    "applied_transactions": _orders(Test(true=("is_applied",))),
    "rejected_transactions": _orders(Test(true=("is_rejected",))),
    "unique_customers": Distinct(_SALE),
    "total_qty": Sum("qty"),
    "total_amount": Sum("amount"),
    "total_discount": Sum("discount"),
    "gross_amount": Sum("amount", Test(false=("is_refund",))),
    "gross_discount": Sum("discount", Test(false=("is_refund",))),
    "points_earned": Sum("points_earned"),
    "points_redeemed": Sum("points_redeemed"),
}
_KEYS = frozenset({"program_key", "shop_key", "channel"})
FACTS = (
    Facts(
        table="promotion_day_data",
        tier="day",
        keys=frozenset({"program_key"}),
        grain=Grain.DAY,
        stores=("postgresql",),
        **_OF_BUCKETS,
    ),
    Facts(table="promotion_performance_data", tier="rollup", keys=_KEYS, **_OF_BUCKETS),
    Facts("promotion_order_data", "order", _OF_ORDERS, _KEYS, is_by_instant=True),
)

REPORT = Report(
    slug="promotions/performance",
    title=_("Promotion performance"),
    description=_(
        "Sales, discounts, customers and conversion of every program, by hour, day, "
        "ISO week, month or year of the company. An order may carry several programs: "
        "amounts are attributed to each and are not revenue when added up over them."
    ),
    basis=_("attributed amounts, tax included, net of discounts and refunds"),
    audience=Audience.PROMOTIONS,
    grains=tuple(Grain),
    dimensions=(by.PROGRAM, by.PROGRAM_TYPE, by.STORE, by.CHANNEL),
    default_dimensions=("program",),
    filters=(by.OF_PROGRAM, by.OF_PROGRAM_TYPE, by.OF_STORE, by.OF_CHANNEL),
    facts=FACTS,
    default_measures=(
        "total_transactions",
        "total_amount",
        "total_discount",
        "avg_transaction_value",
        "conversion_rate",
    ),
    measures=(
        Measure(
            "total_transactions",
            _("Transactions"),
            _("Distinct sales with a line of the programs; refunds are not counted."),
            Unit.COUNT,
            of="total_transactions",
            required=True,
        ),
        Measure(
            "total_qty",
            _("Quantity"),
            _("Quantity of the lines the program applied to, net of refunds."),
            Unit.QUANTITY,
            of="total_qty",
        ),
        Measure(
            "total_amount",
            _("Amount"),
            _(
                "Amount of the lines the program applied to, tax included, net of "
                "discounts and of refunds, in the company's currency."
            ),
            Unit.MONEY,
            of="total_amount",
            required=True,
        ),
        Measure(
            "total_discount",
            _("Discount"),
            _("Discount the program gave, net of refunds."),
            Unit.MONEY,
            of="total_discount",
            required=True,
        ),
        Measure(
            "avg_transaction_value",
            _("Average transaction"),
            _("Amount per sale, not per line: total_amount / total_transactions."),
            Unit.MONEY,
            Additivity.RATIO,
            numerator="total_amount",
            denominator=("total_transactions",),
            required=True,
        ),
        Measure(
            "unique_customers",
            _("Customers"),
            _(
                "Distinct known customers with a sale in exactly the rows asked for; "
                "anonymous customers are not counted."
            ),
            Unit.COUNT,
            Additivity.DISTINCT,
            of="unique_customers",
        ),
        Measure(
            "eligible_transactions",
            _("Eligible"),
            _(
                "Distinct orders that the engine evaluated as applied or eligible, and "
                "baskets evaluated that never became an order."
            ),
            Unit.COUNT,
            of="eligible_transactions",
        ),
        Measure(
            "applied_transactions",
            _("Applied"),
            _("Distinct orders that the engine evaluated as applied."),
            Unit.COUNT,
            of="applied_transactions",
        ),
        Measure(
            "conversion_rate",
            _("Conversion"),
            _(
                "Share of the eligible orders and baskets to which a program was applied: "
                "applied_transactions / eligible_transactions."
            ),
            Unit.RATIO,
            Additivity.RATIO,
            numerator="applied_transactions",
            denominator=("eligible_transactions",),
            required=True,
        ),
        Measure(
            "discount_depth",
            _("Discount depth"),
            _(
                "Share of the price before discounts that was given away: "
                "total_discount / (total_amount + total_discount)."
            ),
            Unit.RATIO,
            Additivity.RATIO,
            numerator="total_discount",
            denominator=("total_amount", "total_discount"),
        ),
        Measure(
            "rejected_transactions",
            _("Rejected"),
            _("Distinct orders and baskets that the engine evaluated as rejected."),
            Unit.COUNT,
            of="rejected_transactions",
        ),
        Measure(
            "refund_transactions",
            _("Refunds"),
            _("Distinct refunds with a line of the program."),
            Unit.COUNT,
            of="refund_transactions",
        ),
        Measure(
            "gross_amount",
            _("Gross amount"),
            _("Amount of sales, refunds left out."),
            Unit.MONEY,
            of="gross_amount",
        ),
        Measure(
            "gross_discount",
            _("Gross discount"),
            _("Discount of sales, refunds left out."),
            Unit.MONEY,
            of="gross_discount",
        ),
        Measure(
            "points_earned",
            _("Points earned"),
            _("Points that the lines earned, net of refunds."),
            Unit.POINTS,
            of="points_earned",
        ),
        Measure(
            "points_redeemed",
            _("Points redeemed"),
            _("Points that the lines redeemed, net of refunds."),
            Unit.POINTS,
            of="points_redeemed",
        ),
    ),
)
