from odoo import fields, models
from odoo.tools import SQL

from .definitions import described

_SLUG = "membership/analytics"
# An id is made of the row's key, and stays an integer that a browser can hold: it is
# customer × 2^27 + day × 2^12 + membership and company, 64 of each, in turn.
_CUSTOMER = 1 << 27
_DIMENSIONS = frozenset(
    {
        "company_id",
        "membership_product_key",
        "membership_level",
        "customer_key",
        "odoo_partner_id",
    }
)

# What membership_analytics_data keeps by membership and day. (members has no column.)
_ROLLUP = frozenset(
    {
        "company_id",
        "currency_id",
        "membership_product_key",
        "membership_level",
        "date",
        "week",
        "members",
        "member_change",
        "total_spending",
        "gross_spending",
        "total_points_earned",
        "total_points_redeemed",
        "total_points_expired",
        "total_points_adjusted",
        "total_transactions",
        "refund_transactions",
    }
)


def _measure(name):
    return described(_SLUG, name)


class MembershipAnalytics(models.Model):
    """What a customer did on a business day at one membership, one row."""

    _name = "membership.analytics"
    _inherit = [
        "loyalty.reporting.levels",
        "loyalty.reporting.rollup",
        "loyalty.reporting.measures",
    ]
    _description = "Membership Analytics"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "customer_key"
    _depends = {"res.company": ["currency_id"]}
    _rollup_fields = _ROLLUP
    _rollup_count = "customer_rows"
    _id_part = ("customer_key", _CUSTOMER)
    _months_away = "archived_aggregate"
    _levels = {"members": "member_change"}
    _level_keys = {"members": _DIMENSIONS}
    _distinct = {
        "new_members": "new_key",
        "active_members": "active_key",
        "upgraded_members": "upgraded_key",
        "downgraded_members": "downgraded_key",
    }
    _ratios = {
        "avg_spending": (["total_spending:sum"], ["active_members:count_distinct"])
    }

    membership_product_key = fields.Many2one(
        "loyalty.reporting.membership.product", string="Membership", readonly=True
    )
    membership_level = fields.Char(string="Level", readonly=True)

    new_members = fields.Integer(
        readonly=True, aggregator="count_distinct", **_measure("new_members")
    )
    active_members = fields.Integer(
        readonly=True, aggregator="count_distinct", **_measure("active_members")
    )
    upgraded_members = fields.Integer(
        readonly=True, aggregator="count_distinct", **_measure("upgraded_members")
    )
    downgraded_members = fields.Integer(
        readonly=True, aggregator="count_distinct", **_measure("downgraded_members")
    )
    members = fields.Integer(
        readonly=True,
        aggregator="max",
        **described(
            _SLUG,
            "members",
            "Whoever joined before the period counts too; over several buckets it is "
            "the last one's. Empty where rows are filtered by anything but membership, "
            "customer, company and time.",
        ),
    )
    member_change = fields.Integer(
        readonly=True,
        help="Customers who hold the membership since then, less those who no longer "
        "do.",
    )
    total_spending = fields.Monetary(readonly=True, **_measure("total_spending"))
    gross_spending = fields.Monetary(readonly=True, **_measure("gross_spending"))
    avg_spending = fields.Monetary(
        readonly=True, aggregator="avg", **_measure("avg_spending")
    )
    total_points_earned = fields.Float(readonly=True, **_measure("total_points_earned"))
    total_points_redeemed = fields.Float(
        readonly=True, **_measure("total_points_redeemed")
    )
    total_points_expired = fields.Float(
        readonly=True, **_measure("total_points_expired")
    )
    total_points_adjusted = fields.Float(
        readonly=True, **_measure("total_points_adjusted")
    )
    total_transactions = fields.Integer(readonly=True, **_measure("total_transactions"))
    refund_transactions = fields.Integer(
        readonly=True, **_measure("refund_transactions")
    )

    def _history_query(self):
        """Who held which membership since, and until when."""
        return SQL("""
            SELECT i.company_id, company.currency_id, i.customer_key,
                customer.partner_id AS odoo_partner_id, i.membership_product_key,
                product.level AS membership_level, c.date,
                date_trunc('week', c.date)::date AS week, c.member_change
            FROM membership_interval i
            CROSS JOIN LATERAL (VALUES (i.date_from, 1), (i.date_to, -1))
                AS c(date, member_change)
            LEFT JOIN loyalty_reporting_membership_product product
                ON product.id = i.membership_product_key
            LEFT JOIN loyalty_reporting_customer customer
                ON customer.id = i.customer_key
            LEFT JOIN res_company company ON company.id = i.company_id
            WHERE c.date <> 'infinity'
        """)

    def _rows_query(self):
        """Each measure's value on one row, beside the keys that totals count."""
        return SQL("""
            SELECT d.customer_key::bigint * 134217728
                    + (d.date - date '2000-01-01') * 4096
                    + mod(d.membership_product_key, 64) * 64 + mod(d.company_id, 64) AS id,
                d.company_id, company.currency_id, d.customer_key,
                customer.partner_id AS odoo_partner_id, d.membership_product_key,
                product.level AS membership_level, d.date,
                date_trunc('week', d.date)::date AS week,
                CASE WHEN d.is_joined THEN d.customer_key END AS new_key,
                CASE WHEN d.transactions > 0 THEN d.customer_key END AS active_key,
                CASE WHEN d.is_upgraded THEN d.customer_key END AS upgraded_key,
                CASE WHEN d.is_downgraded THEN d.customer_key END AS downgraded_key,
                d.is_joined::int AS new_members,
                (d.transactions > 0)::int AS active_members,
                d.is_upgraded::int AS upgraded_members,
                d.is_downgraded::int AS downgraded_members,
                NULL::integer AS members, d.member_change,
                d.spending AS total_spending, d.gross_spending,
                CASE WHEN d.transactions > 0 THEN d.spending END AS avg_spending,
                d.points_earned AS total_points_earned,
                d.points_redeemed AS total_points_redeemed,
                d.points_expired AS total_points_expired,
                d.points_adjusted AS total_points_adjusted,
                d.transactions AS total_transactions, d.refund_transactions
            FROM customer_day_data d
            LEFT JOIN loyalty_reporting_membership_product product
                ON product.id = d.membership_product_key
            LEFT JOIN loyalty_reporting_customer customer
                ON customer.id = d.customer_key
            LEFT JOIN res_company company ON company.id = d.company_id
            WHERE d.membership_product_key > 0
        """)

    def _rollup_query(self):
        """What all customers did on a day at a membership."""
        return SQL("""
            SELECT d.company_id, company.currency_id, d.membership_product_key,
                product.level AS membership_level, d.date,
                date_trunc('week', d.date)::date AS week, d.customer_rows,
                d.member_change::integer, d.total_spending, d.gross_spending,
                d.total_points_earned, d.total_points_redeemed, d.total_points_expired,
                d.total_points_adjusted, d.total_transactions, d.refund_transactions
            FROM membership_analytics_data d
            LEFT JOIN loyalty_reporting_membership_product product
                ON product.id = d.membership_product_key
            LEFT JOIN res_company company ON company.id = d.company_id
            WHERE d.membership_product_key > 0
        """)

    def action_open_events(self):
        """Open what changed in the customer's membership on this day."""
        return self._window("membership_event_action", self._same_day())

    def action_open_points(self):
        """Open what was booked on the customer's cards on this day."""
        return self._window("point_analytics_action", self._same_day())

    def _same_day(self):
        self.ensure_one()
        return [
            ("customer_key", "=", self.customer_key.id),
            ("date", "=", self.date),
            ("company_id", "=", self.company_id.id),
        ]
