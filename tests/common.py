"""Facts put straight into the tables of the data path, in the test's transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from odoo.tests import TransactionCase

from ..core.stores import partitions

DETAIL, ORDER = "promotion_report_detail_data", "promotion_order_data"
LEDGER, EVENT = "point_analytics_data", "membership_event_data"
CUSTOMER_DAY = "customer_day_data"
# What an engine says of an order and a program → is_eligible, is_applied, is_rejected.
OUTCOMES = {
    None: (False, False, False),
    "eligible": (True, False, False),
    "applied": (True, True, False),
    "rejected": (False, False, True),
}


@dataclass(frozen=True)
class Fact:
    """A program on an order, with the lines (amount, discount) that it applied to."""

    order: str
    day: str
    program: str
    shop: int = 1
    customer: int | None = None
    lines: tuple = ()
    outcome: str | None = None
    refund: bool = False
    company: str = "a"

    @property
    def amount(self):
        return sum((Decimal(amount) for amount, _discount in self.lines), Decimal())

    @property
    def discount(self):
        return sum((Decimal(discount) for _amount, discount in self.lines), Decimal())

    @property
    def is_sale(self):
        return bool(self.lines) and not self.refund


# Two orders carry two programs, one customer buys in both shops and in two years, one
# customer is unknown, one basket was abandoned, one order is a refund.
FACTS = (
    Fact("1", "2023-12-31", "Spring", 1, 7, (("10.01", "1.00"), ("5.00", "0.49"))),
    Fact("1", "2023-12-31", "Points", 1, 7, (("20.02", "0"),), "applied"),
    Fact("2", "2024-01-01", "Spring", 2, 7, (("3.33", "0.67"),), "applied"),
    Fact("3", "2024-01-01", "Spring", 1, 8, (("0.02", "0.01"),), "eligible"),
    Fact("3", "2024-01-01", "Points", 1, 8, (("9.99", "0"),)),
    Fact("4", "2024-01-31", "Points", 1, None, (("100.10", "0"),), "rejected"),
    Fact("5", "2024-02-01", "Spring", 2, 7, (("-3.33", "-0.67"),), refund=True),
    Fact("6", "2024-02-05", "Spring", 0, 9, (), "eligible"),
)


class ReportingCase(TransactionCase):
    """Two companies of the same currency; ``add`` writes facts of theirs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        companies = cls.env["res.company"].create(
            [{"name": "Reporting A"}, {"name": "Reporting B"}]
        )
        cls.companies = dict(zip("ab", companies, strict=True))
        cls._dimensions = {}
        cls._orders = {}

    @classmethod
    def user(cls, login, company="a", group="user"):
        """Return a new user of one company and of one of our groups, or of none."""
        groups = cls.env.ref("base.group_user")
        if group:
            groups |= cls.env.ref(f"loyalty_reporting.group_loyalty_reporting_{group}")
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": login,
                "company_id": cls.companies[company].id,
                "company_ids": cls.companies[company].ids,
                "group_ids": groups.ids,
            }
        )

    @classmethod
    def add(cls, *facts):
        """Write facts into detail and order grain."""
        for fact in facts:
            row = cls._row(fact)
            for number, line in enumerate(fact.lines):
                cls._insert(DETAIL, {**cls._detail(fact, row, line), "line_id": number})
            cls._insert(ORDER, {**row, **cls._grain(fact)})
        cls.env.invalidate_all()

    @classmethod
    def key(cls, kind, name):
        """Return the key of a program (name), shop or customer (number); makes it."""
        if not name:
            return 0 if kind == "shop" else None
        if (kind, name) not in cls._dimensions:
            number = -1000 - len(cls._dimensions) if kind == "program" else name
            values = {"source": "test", "external_id": number}
            if kind != "customer":
                values["name"] = str(name)
            if kind == "program":
                values["program_type"] = "coupons" if name == "Spring" else "loyalty"
            cls._dimensions[kind, name] = cls._insert(
                f"loyalty_reporting_{kind}", values, returning="id"
            )
        return cls._dimensions[kind, name]

    @classmethod
    def _row(cls, fact):
        """Return the columns that detail and order grain have in common."""
        instant = datetime.fromisoformat(f"{fact.day}T12:30:00")
        return {
            "order_key": cls._order_key(fact),
            "transaction_date": instant,
            "hour": instant.replace(minute=0),
            "company_id": cls.companies[fact.company].id,
            "program_key": cls.key("program", fact.program),
            "shop_key": cls.key("shop", fact.shop),
            "customer_key": cls.key("customer", fact.customer),
            "date": instant.date(),
            "is_refund": fact.refund,
            "channel": "pos",
        }

    @classmethod
    def _order_key(cls, fact):
        if fact.order not in cls._orders:
            cls.env.cr.execute("SELECT nextval('fact_document_order_key_seq')")
            cls._orders[fact.order] = cls.env.cr.fetchone()[0]
        return cls._orders[fact.order]

    @classmethod
    def _detail(cls, fact, row, line):
        return {
            **row,
            "order_id": fact.order,
            "program_id": row["program_key"],
            "partner_id": fact.customer,
            "qty": 1,
            "amount": Decimal(line[0]),
            "discount": Decimal(line[1]),
            "points_earned": 0,
            "points_redeemed": 0,
        }

    @classmethod
    def _grain(cls, fact):
        eligible, applied, rejected = OUTCOMES[fact.outcome]
        return {
            "load_id": 1,
            "first_month": date.fromisoformat(fact.day).replace(day=1),
            "line_count": len(fact.lines),
            "is_eligible": eligible,
            "is_applied": applied,
            "is_rejected": rejected,
            "qty": len(fact.lines),
            "amount": fact.amount,
            "discount": fact.discount,
            "points_earned": 0,
            "points_redeemed": 0,
        }

    @classmethod
    def _insert(cls, table, values, returning=None):
        if table in (DETAIL, ORDER, LEDGER, EVENT):
            month = values["transaction_date"].date().replace(day=1)
            partitions.ensure(cls.env.cr, table, [month])
        if table == CUSTOMER_DAY:
            partitions.ensure(cls.env.cr, table, [values["date"].replace(day=1)])
        columns = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        tail = f" RETURNING {returning}" if returning else ""
        # Names come from this file.
        cls.env.cr.execute(  # pylint: disable=sql-injection
            f"INSERT INTO {table} ({columns}) VALUES ({marks}){tail}",
            list(values.values()),
        )
        return cls.env.cr.fetchone()[0] if returning else None


def measures_of(facts):
    """Compute the measures of some facts by their definitions, from scratch."""
    sales = [fact for fact in facts if fact.is_sale]
    amount, discount = (
        sum((getattr(fact, name) for fact in facts), Decimal())
        for name in ("amount", "discount")
    )
    transactions = len({fact.order for fact in sales})
    eligible = {f.order for f in facts if f.outcome in ("eligible", "applied")}
    applied = {f.order for f in facts if f.outcome == "applied"}
    return {
        "amount": amount,
        "discount": discount,
        "total_transactions": transactions,
        "refund_transactions": len({f.order for f in facts if f.refund and f.lines}),
        "unique_customers": len({f.customer for f in sales if f.customer}),
        "eligible_transactions": len(eligible),
        "applied_transactions": len(applied),
        "rejected_transactions": len(
            {f.order for f in facts if f.outcome == "rejected"}
        ),
        "avg_transaction_value": ratio(amount, transactions),
        "discount_depth": ratio(discount, amount + discount),
        "conversion_rate": ratio(len(applied), len(eligible)),
    }


def ratio(above, below):
    """Return a quotient; None without a denominator."""
    return Decimal(above) / Decimal(below) if below else None


def differences(expected, found):
    """Return the cells on which two tables {group: {measure: value}} differ."""
    expected, found = _cells(expected), _cells(found)
    return [
        (cell, expected.get(cell), found.get(cell))
        for cell in expected.keys() | found.keys()
        if cell not in expected
        or cell not in found
        or not _equal(expected[cell], found[cell])
    ]


def _cells(table):
    return {
        (group, measure): value
        for group, measures in table.items()
        for measure, value in measures.items()
    }


def _equal(expected, found):
    # Odoo makes a float of a sum that PostgreSQL computed exactly, and False of none.
    if expected is None or found is False:
        return expected is None and found is False
    return abs(expected - Decimal(str(found))) < Decimal("0.0000001")


def planted(expected, measure, fault):
    """Return a copy of a table with a fault in one measure of its last group."""
    group = sorted(expected, key=str)[-1]
    return {
        **expected,
        group: {**expected[group], measure: expected[group][measure] + fault},
    }
