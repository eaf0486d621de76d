"""What the measures of promotions mean, once for every grain."""

from odoo import api, fields, models
from odoo.tools import SQL

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

    A subclass gives its rows in ``_table_query``; here is how they add up. Distinct
    counts count an identity of the row, ratios divide sums by sums: both are right
    at every grouping, in graphs, pivots and their totals.
    """

    _name = "promotion.measures"
    _description = "Measures of Promotions"
    _distinct = DISTINCT
    _ratios = RATIOS

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    program_key = fields.Many2one(
        "loyalty.reporting.program",
        string="Program",
        readonly=True,
        context={"active_test": False},
    )
    program_type = fields.Char(readonly=True)
    shop_key = fields.Many2one("loyalty.reporting.shop", string="Shop", readonly=True)
    customer_key = fields.Many2one(
        "loyalty.reporting.customer", string="Customer", readonly=True
    )
    odoo_partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    channel = fields.Char(readonly=True)
    order_key = fields.Integer(readonly=True, aggregator=None)
    transaction_date = fields.Datetime(string="Time", readonly=True)
    date = fields.Date(
        string="Business Day",
        readonly=True,
        help="The day in the company's reporting time zone. Grouped by week, it is cut "
        "as your language says; “ISO Week” always begins on Monday.",
    )
    week = fields.Date(
        string="ISO Week", readonly=True, help="The Monday of the business day's week."
    )
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

    @property
    def _table_query(self):
        raise NotImplementedError

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        name, _, function = aggregate_spec.partition(":")
        if name in self._distinct:
            column = SQL.identifier(self._table, self._distinct[name])
            return SQL("COUNT(DISTINCT %s)", column)
        if name in self._ratios:
            above, below = (
                SQL(" + ").join(self._read_group_select(spec, query) for spec in side)
                for side in self._ratios[name]
            )
            return SQL("(%s)::numeric / NULLIF(%s, 0)", above, below)
        if (
            function in ("sum", "sum_currency")
            and self._fields[name].type == "monetary"
        ):
            return self._sum_of_one_currency(name, query)
        return super()._read_group_select(aggregate_spec, query)

    def _sum_of_one_currency(self, name, query):
        """Return the sum of an amount; NULL over rows of several currencies."""
        total = SQL("SUM(%s)", self._field_to_sql(self._table, name, query))
        if not self.env.su and len(self.env.companies.currency_id) == 1:
            return total
        currency = self._field_to_sql(self._table, "currency_id", query)
        return SQL("CASE WHEN MIN(%s) = MAX(%s) THEN %s END", currency, currency, total)
