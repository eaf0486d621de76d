"""What the measures of promotions mean, once for every grain."""

from odoo import fields, models

MONEY = "tax included, net of discounts, in the company's currency"

# Measure → the column whose values are counted, NULL where a row does not count.
DISTINCT = {
    "total_transactions": "sale_key",
    "refund_transactions": "refund_key",
    "unique_customers": "sale_customer_key",
}
# Measure → (numerator, denominator), each a sum of aggregates.
RATIOS = {
    "avg_transaction_value": (["amount:sum"], ["total_transactions:count_distinct"]),
    "discount_depth": (["discount:sum"], ["amount:sum", "discount:sum"]),
}


class PromotionMeasures(models.AbstractModel):
    """Dimensions and measures that order grain and lines have in common.

    A subclass gives its rows in ``_table_query``.
    """

    _name = "promotion.measures"
    _inherit = ["loyalty.reporting.measures", "loyalty.reporting.order.link"]
    _description = "Measures of Promotions"
    _is_by_instant = True
    _distinct = DISTINCT
    _ratios = RATIOS

    program_key = fields.Many2one(
        "loyalty.reporting.program",
        string="Program",
        readonly=True,
        context={"active_test": False},
    )
    program_type = fields.Char(readonly=True)
    shop_key = fields.Many2one("loyalty.reporting.shop", string="Shop", readonly=True)
    channel = fields.Char(readonly=True)
    transaction_date = fields.Datetime(string="Time", readonly=True)
    is_refund = fields.Boolean(string="Refund", readonly=True)

    qty = fields.Float(
        string="Quantity",
        readonly=True,
        help="Sum over the lines the program applied to, net of refunds.",
    )
    amount = fields.Monetary(
        string="Attributed Amount",
        readonly=True,
        help=f"Sum over the lines the program applied to, {MONEY}, net of refunds. "
        "A line with several programs counts in each: "
        "over several programs this is not revenue.",
    )
    discount = fields.Monetary(
        readonly=True,
        help="Discount that the program gave, net of refunds, in the company's "
        "currency.",
    )
    points_earned = fields.Float(readonly=True, help="Net of refunds.")
    points_redeemed = fields.Float(readonly=True, help="Net of refunds.")
    total_transactions = fields.Integer(
        string="Transactions",
        readonly=True,
        aggregator="count_distinct",
        help="Distinct sales with a line of the program; refunds are not sales. An "
        "order with several programs counts once in their total.",
    )
    refund_transactions = fields.Integer(
        string="Refunds",
        readonly=True,
        aggregator="count_distinct",
        help="Distinct refunds with a line of the program.",
    )
    unique_customers = fields.Integer(
        readonly=True,
        aggregator="count_distinct",
        help="Distinct known customers with a sale in exactly the rows asked for. It "
        "cannot be added up over rows.",
    )
    avg_transaction_value = fields.Monetary(
        string="Average Transaction",
        readonly=True,
        aggregator="avg",
        help="Attributed amount ÷ transactions; empty without a transaction.",
    )
    discount_depth = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Discount ÷ (attributed amount + discount): the share of the "
        "undiscounted price that was given away.",
    )
