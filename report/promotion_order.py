from odoo import fields, models
from odoo.tools import SQL

from .promotion_measures import DISTINCT, RATIOS

# The view promotion_order numbers its rows so; see core/stores/schema.
PROGRAMS = 1 << 20


class PromotionOrder(models.Model):
    """A program on an order: lines and evaluations together, one row."""

    _name = "promotion.order"
    _inherit = "promotion.measures"
    _description = "Promotion Performance"
    _auto = False
    _order = "transaction_date desc, id desc"
    _rec_name = "program_key"
    _depends = {"res.company": ["currency_id"]}
    _id_part = ("order_key", PROGRAMS)
    _months_away = "archived_aggregate"
    _distinct = {
        **DISTINCT,
        "eligible_transactions": "eligible_key",
        "applied_transactions": "applied_key",
        "rejected_transactions": "rejected_key",
    }
    _ratios = {
        **RATIOS,
        "conversion_rate": (
            ["applied_transactions:count_distinct"],
            ["eligible_transactions:count_distinct"],
        ),
    }

    line_count = fields.Integer(string="Lines", readonly=True)
    eligible_transactions = fields.Integer(
        string="Eligible",
        readonly=True,
        aggregator="count_distinct",
        help="Distinct orders the engine evaluated as applied or eligible; abandoned "
        "baskets count too.",
    )
    applied_transactions = fields.Integer(
        string="Applied",
        readonly=True,
        aggregator="count_distinct",
        help="Distinct orders the engine evaluated as applied.",
    )
    rejected_transactions = fields.Integer(
        string="Rejected",
        readonly=True,
        aggregator="count_distinct",
        help="Distinct orders the engine evaluated as rejected.",
    )
    conversion_rate = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Applied ÷ eligible; empty where nothing was evaluated.",
    )

    @property
    def _table_query(self):
        """Each measure's value on one row, beside the keys that totals count."""
        return SQL("""
            SELECT o.*, company.currency_id, customer.partner_id AS odoo_partner_id,
                (o.sale_key IS NOT NULL)::int AS total_transactions,
                (o.refund_key IS NOT NULL)::int AS refund_transactions,
                (o.sale_customer_key IS NOT NULL)::int AS unique_customers,
                (o.eligible_key IS NOT NULL)::int AS eligible_transactions,
                (o.applied_key IS NOT NULL)::int AS applied_transactions,
                (o.rejected_key IS NOT NULL)::int AS rejected_transactions,
                CASE WHEN o.sale_key IS NOT NULL THEN o.amount END
                    AS avg_transaction_value,
                o.discount / nullif(o.amount + o.discount, 0) AS discount_depth,
                CASE WHEN o.eligible_key IS NOT NULL
                    THEN (o.applied_key IS NOT NULL)::int END AS conversion_rate
            FROM promotion_order o
            LEFT JOIN res_company company ON company.id = o.company_id
            LEFT JOIN loyalty_reporting_customer customer
                ON customer.id = o.customer_key
        """)

    def action_open_lines(self):
        """Open the lines behind this row."""
        self.ensure_one()
        return self._window(
            "promotion_report_detail_action",
            [
                ("order_key", "=", self.order_key),
                ("program_key", "=", self.program_key.id),
            ],
        )
