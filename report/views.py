"""Which report a view's rows belong to, and what its fields are called there.

A view of Odoo that is named here can be exported as a workbook of the report; see
``wizard/loyalty_reporting_export_view.py``.
"""

from dataclasses import dataclass, field

_PROMOTIONS = {
    "program_key": ("program_id", "program"),
    "program_type": ("program_type", "program_type"),
    "shop_key": ("store_id", "store"),
    "channel": ("channel", "channel"),
}
_MEMBERSHIPS = {
    "membership_product_key": ("membership_product_id", "membership_product"),
    "membership_level": ("membership_level", "level"),
}
_POINTS = {
    "program_key": ("program_id", "program"),
    "program_type": ("program_type", "program_type"),
    "transaction_type": ("transaction_type", "transaction_type"),
    "card_key": ("card_id", ""),
    "customer_key": ("partner_id", ""),
}
_AMOUNTS = {"qty": "total_qty", "amount": "total_amount", "discount": "total_discount"}


@dataclass(frozen=True)
class View:
    """A model whose rows a report counts.

    :param report: slug of the report
    :param fields: field → (filter, dimension) of the report; "" where it has none
    :param measures: field → measure, where they are not called alike
    :param day: field of the business day
    :param grains: more fields of time → the report's bucket
    """

    report: str
    fields: dict
    measures: dict = field(default_factory=dict)
    day: str = "date"
    grains: dict = field(default_factory=lambda: {"week": "week"})


VIEWS = {
    "promotion.order": View("promotions/performance", _PROMOTIONS, _AMOUNTS),
    "promotion.report.detail": View("promotions/performance", _PROMOTIONS, _AMOUNTS),
    "membership.analytics": View("membership/analytics", _MEMBERSHIPS),
    "point.analytics": View("points/activity", _POINTS),
}
