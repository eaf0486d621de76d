"""Membership analytics: who joined, bought, moved and spent, by level."""

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

_HELD = Test(above_zero=("membership_product_key",))
_KEYS = frozenset({"membership_product_key"})
_SUMS = {
    "total_transactions": Sum("total_transactions", is_count=True),
    "refund_transactions": Sum("refund_transactions", is_count=True),
    "total_spending": Sum("total_spending"),
    "gross_spending": Sum("gross_spending"),
    "total_points_earned": Sum("total_points_earned"),
    "total_points_redeemed": Sum("total_points_redeemed"),
    "total_points_expired": Sum("total_points_expired"),
    "total_points_adjusted": Sum("total_points_adjusted"),
}
_MEMBERS = ("new_members", "active_members", "upgraded_members", "downgraded_members")
# One row a customer, day and product.
_OF_CUSTOMERS = {
    "new_members": Distinct(Test(true=("is_joined",))),
    "active_members": Distinct(Test(above_zero=("transactions",))),
    "upgraded_members": Distinct(Test(true=("is_upgraded",))),
    "downgraded_members": Distinct(Test(true=("is_downgraded",))),
    "total_transactions": Sum("transactions", is_count=True),
    "refund_transactions": Sum("refund_transactions", is_count=True),
    "total_spending": Sum("spending"),
    "gross_spending": Sum("gross_spending"),
    "total_points_earned": Sum("points_earned"),
    "total_points_redeemed": Sum("points_redeemed"),
    "total_points_expired": Sum("points_expired"),
    "total_points_adjusted": Sum("points_adjusted"),
}
FACTS = (
    Facts(
        "membership_analytics_data", "rollup", _SUMS, _KEYS, Grain.DAY,
        own={name: Sum(name, is_count=True) for name in _MEMBERS}, where=_HELD,
        levels={"members": Sum("member_change", is_count=True)},
    ),
    Facts(
        "customer_day_data", "customer", _OF_CUSTOMERS, _KEYS, Grain.DAY, where=_HELD
    ),
)  # fmt: skip


def _members(name, label, definition):
    return Measure(
        name, label, definition, Unit.COUNT, Additivity.DISTINCT, of=name,
        required=name in {"new_members", "active_members"},
    )  # fmt: skip


REPORT = Report(
    slug="membership/analytics",
    title=_("Membership analytics"),
    description=_(
        "Members who joined, bought, moved and spent, by level of membership and day, "
        "ISO week, month or year of the company. A sale counts at the level its "
        "customer held at that instant."
    ),
    basis=_(
        "tax included, net of discounts and refunds, at the level held at the time"
    ),
    audience=Audience.MEMBERSHIP,
    grains=(Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.YEAR, Grain.PERIOD),
    dimensions=(by.LEVEL, by.MEMBERSHIP_PRODUCT),
    default_dimensions=("level",),
    filters=(by.OF_MEMBERSHIP_PRODUCT, by.OF_LEVEL),
    facts=FACTS,
    default_measures=(
        "new_members",
        "active_members",
        "total_spending",
        "avg_spending",
        "total_points_earned",
    ),
    measures=(
        _members(
            "new_members", _("New members"), _("Customers with a join in the bucket.")
        ),
        _members(
            "active_members",
            _("Active members"),
            _(
                "Distinct members with a sale in the bucket, at the level they held then."
            ),
        ),
        _members(
            "upgraded_members",
            _("Upgraded"),
            _("Customers moved to this level by an upgrade in the bucket."),
        ),
        _members(
            "downgraded_members",
            _("Downgraded"),
            _("Customers moved to this level by a downgrade in the bucket."),
        ),
        Measure(
            "members",
            _("Members"),
            _("Customers who hold the level at the end of the bucket."),
            Unit.COUNT,
            Additivity.SEMI_ADDITIVE,
            of="members",
        ),
        Measure(
            "total_spending",
            _("Spending"),
            _("What members spent at that level, tax included, net of refunds."),
            Unit.MONEY,
            of="total_spending",
            required=True,
        ),
        Measure(
            "avg_spending",
            _("Average spending"),
            _("Spending per active member: total_spending / active_members."),
            Unit.MONEY,
            Additivity.RATIO,
            numerator="total_spending",
            denominator=("active_members",),
            required=True,
        ),
        Measure(
            "total_points_earned",
            _("Points earned"),
            _("Points that members earned at that level."),
            Unit.POINTS,
            of="total_points_earned",
            required=True,
        ),
        Measure(
            "total_points_redeemed",
            _("Points redeemed"),
            _("Points that members redeemed at that level."),
            Unit.POINTS,
            of="total_points_redeemed",
        ),
        Measure(
            "total_points_expired",
            _("Points expired"),
            _("Points of members that expired at that level."),
            Unit.POINTS,
            of="total_points_expired",
        ),
        Measure(
            "total_points_adjusted",
            _("Points adjusted"),
            _("Points of members that were adjusted at that level, signed."),
            Unit.POINTS,
            of="total_points_adjusted",
        ),
        Measure(
            "total_transactions",
            _("Transactions"),
            _("Sales to members at that level; refunds are not counted."),
            Unit.COUNT,
            of="total_transactions",
        ),
        Measure(
            "refund_transactions",
            _("Refunds"),
            _("Refunds to members at that level."),
            Unit.COUNT,
            of="refund_transactions",
        ),
        Measure(
            "gross_spending",
            _("Gross spending"),
            _("Spending, refunds left out."),
            Unit.MONEY,
            of="gross_spending",
        ),
    ),
)
