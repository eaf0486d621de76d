from odoo import fields, models
from odoo.tools import SQL


class PromotionReportDetail(models.Model):
    """A line of an order that a program applied to."""

    _name = "promotion.report.detail"
    _inherit = "promotion.measures"
    _description = "Promotion Line"
    _auto = False
    _months_away = "archived_month"
    _order = "transaction_date desc, id desc"
    _rec_name = "order_id"
    _depends = {"res.company": ["currency_id"]}

    order_id = fields.Char(readonly=True)
    line_id = fields.Integer(string="Line (source ID)", readonly=True, aggregator=None)
    program_id = fields.Integer(
        string="Program (source ID)", readonly=True, aggregator=None
    )
    store_id = fields.Integer(string="Shop (source ID)", readonly=True, aggregator=None)
    partner_id = fields.Integer(
        string="Customer (source ID)", readonly=True, aggregator=None
    )
    product_id = fields.Integer(
        string="Product (source ID)", readonly=True, aggregator=None
    )
    hour = fields.Datetime(
        string="Clock Hour",
        readonly=True,
        help="The instant at which the shop's clock hour began.",
    )
    created_at = fields.Datetime(string="Loaded", readonly=True)
    order_currency = fields.Char(
        readonly=True, help="As delivered, where it is not the company's."
    )
    currency_rate = fields.Float(
        readonly=True,
        digits=(16, 6),
        aggregator=None,
        help="What one unit of the order's currency was worth on its day.",
    )
    currency_amount = fields.Float(
        string="Amount as Delivered", readonly=True, aggregator=None
    )
    currency_discount = fields.Float(
        string="Discount as Delivered", readonly=True, aggregator=None
    )

    @property
    def _table_query(self):
        """Each measure's value on one line, beside the keys that totals count."""
        return SQL("""
            SELECT d.*, company.currency_id,
                CASE WHEN NOT d.is_refund THEN d.order_key END AS sale_key,
                CASE WHEN NOT d.is_refund THEN d.customer_key END AS sale_customer_key,
                CASE WHEN d.is_refund THEN d.order_key END AS refund_key,
                (NOT d.is_refund)::int AS total_transactions,
                d.is_refund::int AS refund_transactions,
                (NOT d.is_refund AND d.customer_key IS NOT NULL)::int
                    AS unique_customers,
                NULL::numeric AS avg_transaction_value,
                d.discount / nullif(d.amount + d.discount, 0) AS discount_depth
            FROM promotion_report_detail d
            LEFT JOIN res_company company ON company.id = d.company_id
        """)
