from odoo import api, fields, models
from odoo.tools import SQL

from .definitions import described

_SLUG = "points/activity"
# An id is made of the document and, within it, the ledger's own number.
_ROWS = 1 << 20
TRANSACTION_TYPES = [
    ("earn", "Earned"),
    ("redeem", "Redeemed"),
    ("expire", "Expired"),
    ("adjust", "Adjusted"),
    ("reverse", "Reversed"),
]
_REVERSES = (
    "A reverse counts negatively in the type that it takes back, as adjusted where that "
    "is unknown."
)

# What point_day_data keeps by program, day and type. (balance and the rate have no
# column.)
_ROLLUP = frozenset(
    {
        "company_id",
        "currency_id",
        "program_key",
        "program_type",
        "transaction_type",
        "date",
        "week",
        "transactions",
        "points_earned",
        "points_redeemed",
        "points_expired",
        "points_adjusted",
        "points_net",
        "redemption_rate",
        "balance",
        "balance_change",
    }
)


class PointAnalytics(models.Model):
    """A row of the points ledger."""

    _name = "point.analytics"
    _inherit = [
        "loyalty.reporting.levels",
        "loyalty.reporting.rollup",
        "loyalty.reporting.measures",
        "loyalty.reporting.order.link",
    ]
    _description = "Point Transaction"
    _auto = False
    _order = "transaction_date desc, seq desc, id desc"
    _rec_name = "card_key"
    _depends = {"res.company": ["currency_id"]}
    _rollup_fields = _ROLLUP
    _rollup_count = "transactions"
    _id_part = ("order_key", _ROWS)
    _is_by_instant = True
    _months_away = "archived_month"
    _distinct = {"cards": "card_key", "unique_customers": "customer_key"}
    _ratios = {"redemption_rate": (["points_redeemed:sum"], ["points_earned:sum"])}
    _levels = {"balance": "balance_change"}
    _level_keys = {
        "balance": frozenset(
            {
                "company_id",
                "program_key",
                "program_type",
                "card_key",
                "customer_key",
                "odoo_partner_id",
            }
        )
    }

    program_key = fields.Many2one(
        "loyalty.reporting.program",
        string="Program",
        readonly=True,
        context={"active_test": False},
    )
    program_type = fields.Char(readonly=True)
    card_key = fields.Many2one(
        "loyalty.reporting.card",
        string="Card",
        readonly=True,
        context={"active_test": False},
    )
    membership_product_key = fields.Many2one(
        "loyalty.reporting.membership.product",
        string="Membership",
        readonly=True,
        help="Held by the customer at that instant.",
    )
    membership_level = fields.Char(
        string="Level", readonly=True, help="Held by the customer at that instant."
    )
    transaction_date = fields.Datetime(string="Time", readonly=True)
    hour = fields.Datetime(
        string="Clock Hour",
        readonly=True,
        help="The instant at which the company's clock hour began.",
    )
    transaction_type = fields.Selection(TRANSACTION_TYPES, string="Type", readonly=True)
    transaction_id = fields.Integer(
        string="Transaction (source ID)", readonly=True, aggregator=None
    )
    seq = fields.Integer(
        string="Sequence",
        readonly=True,
        aggregator=None,
        help="Orders the rows of a card that were booked at one instant.",
    )
    origin = fields.Char(readonly=True, help="What it was booked for.")
    order_id = fields.Char(string="Order (source ID)", readonly=True)
    order_name = fields.Char(
        string="Order",
        compute="_compute_order_name",
        help="The order's name in Odoo, else its number at the source.",
    )
    is_first_order = fields.Boolean(
        string="First Order",
        readonly=True,
        help="As the engine says of the order.",
    )
    expires_at = fields.Datetime(string="Expires", readonly=True)
    reverses_id = fields.Integer(
        string="Reverses (source ID)", readonly=True, aggregator=None
    )
    balance_after = fields.Float(
        readonly=True,
        aggregator=None,
        help="Of the card after this row, as the engine says.",
    )
    points_amount = fields.Float(
        string="Points", readonly=True, aggregator=None, help="As booked."
    )

    transactions = fields.Integer(readonly=True, **described(_SLUG, "transactions"))
    points_earned = fields.Float(
        readonly=True, **described(_SLUG, "points_earned", _REVERSES)
    )
    points_redeemed = fields.Float(
        readonly=True, **described(_SLUG, "points_redeemed", _REVERSES)
    )
    points_expired = fields.Float(
        readonly=True, **described(_SLUG, "points_expired", _REVERSES)
    )
    points_adjusted = fields.Float(
        readonly=True, **described(_SLUG, "points_adjusted", _REVERSES)
    )
    points_net = fields.Float(
        string="Net Points",
        readonly=True,
        help="Earned − redeemed − expired + adjusted.",
    )
    redemption_rate = fields.Float(
        readonly=True,
        aggregator="avg",
        digits=(16, 4),
        **described(_SLUG, "redemption_rate"),
    )
    cards = fields.Integer(
        readonly=True,
        aggregator="count_distinct",
        help="Distinct cards with a transaction in exactly the rows asked for.",
    )
    unique_customers = fields.Integer(
        string="Customers",
        readonly=True,
        aggregator="count_distinct",
        help="Distinct known customers with a transaction in exactly the rows asked "
        "for.",
    )
    balance = fields.Float(
        readonly=True,
        aggregator="max",
        **described(
            _SLUG,
            "balance",
            "Over several buckets it is the last one's. Empty where rows are filtered or "
            "grouped by anything but program, card, customer, company and time.",
        ),
    )
    balance_change = fields.Float(
        readonly=True,
        aggregator=None,
        help="What this row adds to the outstanding points; a card's first row brings "
        "what the card held before.",
    )
    amount = fields.Monetary(
        string="Order Amount",
        readonly=True,
        help="Of the order, tax included, on the first of its rows that earns: an order "
        "counts once.",
    )

    def _history_query(self):
        """What changed balances, from the very first booking on."""
        return SQL("""
            SELECT r.company_id, company.currency_id, r.program_key, program.program_type,
                r.card_key, nullif(r.customer_key, 0) AS customer_key,
                customer.partner_id AS odoo_partner_id, r.date,
                date_trunc('week', r.date)::date AS week, r.balance_change
            FROM point_change r
            LEFT JOIN loyalty_reporting_program program ON program.id = r.program_key
            LEFT JOIN loyalty_reporting_customer customer ON customer.id = r.customer_key
            LEFT JOIN res_company company ON company.id = r.company_id
        """)

    def _rows_query(self):
        """Each measure's value on one row, beside the keys that totals count."""
        return SQL("""
            SELECT r.order_key * 1048576 + (r.transaction_id & 1048575) AS id,
                r.order_key, r.transaction_id, r.seq, r.company_id,
                company.currency_id, r.program_key, program.program_type, r.card_key,
                r.customer_key, customer.partner_id AS odoo_partner_id,
                nullif(r.membership_product_key, 0) AS membership_product_key,
                product.level AS membership_level, r.transaction_date, r.hour, r.date,
                date_trunc('week', r.date)::date AS week, r.transaction_type,
                r.origin, r.order_id, r.is_first_order, r.expires_at, r.reverses_id,
                r.balance_after, r.points_amount, 1 AS transactions,
                CASE WHEN r.counts_as = 'earn' THEN r.points_counted ELSE 0 END
                    AS points_earned,
                CASE WHEN r.counts_as = 'redeem' THEN r.points_counted ELSE 0 END
                    AS points_redeemed,
                CASE WHEN r.counts_as = 'expire' THEN r.points_counted ELSE 0 END
                    AS points_expired,
                CASE WHEN r.counts_as = 'adjust' THEN r.points_counted ELSE 0 END
                    AS points_adjusted,
                net.points AS points_net,
                NULL::numeric AS redemption_rate, 1 AS cards,
                (r.customer_key IS NOT NULL)::int AS unique_customers,
                NULL::numeric AS balance,
                -- A card's first row brings what the card held before.
                CASE WHEN r.balance_after IS NOT NULL
                    AND r.transaction_date < state.first_hour + interval '2 hours'
                    AND NOT EXISTS (
                        SELECT FROM point_analytics_data earlier
                        WHERE earlier.card_key = r.card_key
                          AND earlier.transaction_date >= state.first_hour
                          AND earlier.transaction_date <= r.transaction_date
                          AND (earlier.transaction_date, earlier.seq,
                               earlier.transaction_id)
                            < (r.transaction_date, r.seq, r.transaction_id))
                    THEN r.balance_after ELSE net.points END AS balance_change,
                r.amount
            FROM point_analytics_data r
            CROSS JOIN LATERAL (
                SELECT CASE WHEN r.counts_as IN ('redeem', 'expire')
                    THEN -r.points_counted ELSE r.points_counted END AS points
            ) net
            LEFT JOIN card_state state ON state.card_key = r.card_key
            LEFT JOIN loyalty_reporting_program program ON program.id = r.program_key
            LEFT JOIN loyalty_reporting_membership_product product
                ON product.id = r.membership_product_key
            LEFT JOIN loyalty_reporting_customer customer
                ON customer.id = r.customer_key
            LEFT JOIN res_company company ON company.id = r.company_id
        """)

    def _rollup_query(self):
        """What was booked on all cards of a day."""
        return SQL("""
            SELECT d.company_id, company.currency_id, d.program_key,
                program.program_type, d.transaction_type, d.date,
                date_trunc('week', d.date)::date AS week, d.transactions,
                d.points_earned, d.points_redeemed, d.points_expired,
                d.points_adjusted, d.points_earned - d.points_redeemed
                    - d.points_expired + d.points_adjusted AS points_net,
                d.balance_change
            FROM point_day_data d
            LEFT JOIN loyalty_reporting_program program ON program.id = d.program_key
            LEFT JOIN res_company company ON company.id = d.company_id
        """)

    @api.depends("order_record", "order_id")
    def _compute_order_name(self):
        for row in self:
            order = row.order_record
            row.order_name = order.display_name if order else row.order_id

    def action_open_card(self):
        """Open all rows of this card."""
        self.ensure_one()
        return self._window(
            "point_analytics_action", [("card_key", "=", self.card_key.id)]
        )
