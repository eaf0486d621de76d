"""Days of members and rows of the points ledger, in the test's transaction."""

from datetime import date, datetime, timedelta

from .common import EVENT, LEDGER, ReportingCase

_DAY = {
    "load_id": 1,
    "transactions": 0,
    "refund_transactions": 0,
    "is_joined": False,
    "is_upgraded": False,
    "is_downgraded": False,
    "member_change": 0,
    "spending": 0,
    "gross_spending": 0,
    "points_earned": 0,
    "points_redeemed": 0,
    "points_expired": 0,
    "points_adjusted": 0,
}
_COUNTS_AS = {"reverse": "earn"}

_ROLL_UP = """
    DELETE FROM membership_analytics_data;
    INSERT INTO membership_analytics_data
    SELECT company_id, membership_product_key, date, 1, count(*),
        count(*) FILTER (WHERE is_joined), count(*) FILTER (WHERE transactions > 0),
        count(*) FILTER (WHERE is_upgraded), count(*) FILTER (WHERE is_downgraded),
        sum(member_change), sum(transactions), sum(refund_transactions), sum(spending),
        sum(gross_spending), sum(points_earned), sum(points_redeemed),
        sum(points_expired), sum(points_adjusted)
    FROM customer_day_data GROUP BY 1, 2, 3;
    DELETE FROM point_day_data;
    INSERT INTO point_day_data
    SELECT company_id, program_key, date, transaction_type, count(*),
        coalesce(sum(points_counted) FILTER (WHERE counts_as = 'earn'), 0),
        coalesce(sum(points_counted) FILTER (WHERE counts_as = 'redeem'), 0),
        coalesce(sum(points_counted) FILTER (WHERE counts_as = 'expire'), 0),
        coalesce(sum(points_counted) FILTER (WHERE counts_as = 'adjust'), 0),
        sum(CASE WHEN counts_as IN ('redeem', 'expire') THEN -points_counted
                ELSE points_counted END)
            + coalesce(sum(balance_after - points_counted) FILTER (WHERE seq = 1), 0)
    FROM point_analytics_data GROUP BY 1, 2, 3, 4;
"""


class MembersCase(ReportingCase):
    """``day``, ``event`` and ``book`` write rows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.levels = {
            name: cls._insert(
                "loyalty_reporting_membership_product",
                {
                    "source": "test",
                    "external_id": number,
                    "name": name,
                    "level": name,
                    "rank": number,
                },
                returning="id",
            )
            for number, name in enumerate(("Silver", "Gold"), 1)
        }
        cls._cards = {}
        cls._booked = 0

    @classmethod
    def roll_up(cls):
        """Fill the rollups with the sums of what was written."""
        cls.env.cr.execute(_ROLL_UP)
        cls.env.invalidate_all()

    @classmethod
    def day(cls, customer, day, level, company="a", **values):
        """Write what a customer did on a day at a level."""
        cls._insert(
            "customer_day_data",
            {
                **_DAY,
                "company_id": cls.companies[company].id,
                "customer_key": cls.key("customer", customer),
                "date": date.fromisoformat(day),
                "membership_product_key": cls.levels[level],
                **values,
            },
        )

    @classmethod
    def event(cls, customer, day, kind, levels, company="a"):
        """Write a change of membership from one of two levels to the other.

        :return: its id
        """
        before, after = levels
        instant = datetime.fromisoformat(f"{day}T12:30:00")
        cls.env.cr.execute("SELECT nextval('fact_document_order_key_seq')")
        [key] = cls.env.cr.fetchone()
        cls._insert(
            EVENT,
            {
                "order_key": key,
                "event_id": key,
                "transaction_date": instant,
                "hour": instant.replace(minute=0),
                "company_id": cls.companies[company].id,
                "customer_key": cls.key("customer", customer),
                "from_product_key": cls.levels.get(before),
                "to_product_key": cls.levels.get(after),
                "date": instant.date(),
                "partner_id": customer,
                "event_type": kind,
            },
        )
        return key

    @classmethod
    def card(cls, number):
        """Return the key of a card; makes it."""
        if number not in cls._cards:
            cls._cards[number] = cls._insert(
                "loyalty_reporting_card",
                {"source": "test", "external_id": number},
                returning="id",
            )
        return cls._cards[number]

    @classmethod
    def book(cls, card, day, kind, points, balance=None, **values):
        """Write a row of the ledger, a minute after the one before it."""
        cls._booked += 1
        instant = datetime.fromisoformat(f"{day}T12:00:00")
        instant += timedelta(minutes=cls._booked)
        company = values.pop("company", "a")
        cls.env.cr.execute("SELECT nextval('fact_document_order_key_seq')")
        row = {
            "order_key": cls.env.cr.fetchone()[0],
            "transaction_id": cls._booked,
            "seq": cls._booked,
            "card_id": card,
            "program_id": 1,
            "transaction_date": instant,
            "hour": instant.replace(minute=0),
            "company_id": cls.companies[company].id,
            "card_key": cls.card(card),
            "program_key": cls.key("program", values.pop("program", "Points")),
            "customer_key": cls.key("customer", values.pop("customer", 7)),
            "membership_product_key": 0,
            "date": instant.date(),
            "transaction_type": kind,
            "counts_as": _COUNTS_AS.get(kind, kind),
            "points_counted": -points if kind == "reverse" else points,
            "points_amount": points,
            "balance_after": balance,
            "amount": 0,
            **values,
        }
        cls._insert(LEDGER, row)
        cls.env.cr.execute(
            "INSERT INTO card_state VALUES (%s, %s, %s, 0)"
            " ON CONFLICT (card_key) DO UPDATE"
            " SET first_hour = least(card_state.first_hour, excluded.first_hour)",
            [row["card_key"], row["hour"], row["hour"]],
        )
        return row["order_key"]
