from odoo import fields, models
from odoo.tools import SQL

EVENT_TYPES = [
    ("join", "Join"),
    ("upgrade", "Upgrade"),
    ("downgrade", "Downgrade"),
    ("renew", "Renewal"),
    ("expire", "Expiry"),
    ("cancel", "Cancellation"),
]


class MembershipEvent(models.Model):
    """A change of a customer's membership, as the engine delivered it."""

    _name = "membership.event"
    _inherit = "loyalty.reporting.measures"
    _description = "Membership Event"
    _auto = False
    _order = "transaction_date desc, id desc"
    _rec_name = "customer_key"
    _is_by_instant = True
    _distinct = {"unique_customers": "customer_key"}

    event_id = fields.Integer(
        string="Event (source ID)", readonly=True, aggregator=None
    )
    event_type = fields.Selection(EVENT_TYPES, string="Event", readonly=True)
    from_product_key = fields.Many2one(
        "loyalty.reporting.membership.product", string="From", readonly=True
    )
    to_product_key = fields.Many2one(
        "loyalty.reporting.membership.product", string="To", readonly=True
    )
    from_membership_level = fields.Char(string="From Level", readonly=True)
    to_membership_level = fields.Char(string="To Level", readonly=True)
    transaction_date = fields.Datetime(string="Time", readonly=True)
    order_id = fields.Char(
        string="Order (source ID)",
        readonly=True,
        help="The order that brought it about, where the engine says so.",
    )
    events = fields.Integer(readonly=True, help="Events, one each.")
    unique_customers = fields.Integer(
        string="Customers",
        readonly=True,
        aggregator="count_distinct",
        help="Distinct customers with an event in exactly the rows asked for.",
    )

    @property
    def _table_query(self):
        return SQL("""
            SELECT e.order_key AS id, e.event_id, e.company_id,
                company.currency_id, e.customer_key,
                customer.partner_id AS odoo_partner_id, e.event_type,
                e.from_product_key, e.to_product_key,
                f.level AS from_membership_level, t.level AS to_membership_level,
                e.transaction_date, e.date, date_trunc('week', e.date)::date AS week,
                e.order_id, 1 AS events, 1 AS unique_customers
            FROM membership_event_data e
            LEFT JOIN loyalty_reporting_membership_product f ON f.id = e.from_product_key
            LEFT JOIN loyalty_reporting_membership_product t ON t.id = e.to_product_key
            LEFT JOIN loyalty_reporting_customer customer ON customer.id = e.customer_key
            LEFT JOIN res_company company ON company.id = e.company_id
        """)

    def action_open_days(self):
        """Open all days of this customer."""
        self.ensure_one()
        return self._window(
            "membership_analytics_action",
            [("customer_key", "=", self.customer_key.id)],
        )
