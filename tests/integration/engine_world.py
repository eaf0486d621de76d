"""A small engine that a test writes by hand: orders, lines, evaluations."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import databases

ENGINE_SQL = Path(__file__).parents[2] / "dev" / "reference_engine"
_PROGRAMS = (
    (1, "Summer", "coupons"),
    (2, "Discounts", "promotion"),
    (3, "Points", "loyalty"),
)


_LEVELS = ((1, "Bronze", 1), (2, "Silver", 2), (3, "Gold", 3))


def make_schema(dsn):
    """The engine's contract, empty but for programs, membership levels and a card."""
    for name in ("schema.sql", "indexes.sql", "triggers.sql"):
        databases.execute(dsn, (ENGINE_SQL / name).read_text())
    for program in _PROGRAMS:
        databases.execute(
            dsn,
            "INSERT INTO engine.program (id, name, program_type, active)"
            " VALUES (%s, %s, %s, true)",
            program,
        )
    for key, name, rank in _LEVELS:
        databases.execute(
            dsn,
            "INSERT INTO engine.membership_product (id, name, level, rank)"
            " VALUES (%s, %s, %s, %s)",
            (key, name, name, rank),
        )
    databases.execute(
        dsn,
        "INSERT INTO engine.point_card (id, program_id, partner_id, active)"
        " VALUES (1, 3, 7, true)",
    )


@dataclass
class Engine:
    """A database with the engine's contract, and short ways to write into it."""

    dsn: str
    first_id: int = 10_000_000

    def __post_init__(self):
        self._ids = count(self.first_id)

    def run(self, statement, parameters=None):
        """Run statements in a transaction of their own."""
        databases.execute(self.dsn, statement, parameters)

    def rows(self, statement, parameters=None):
        """Rows of a query."""
        return databases.rows(self.dsn, statement, parameters)

    def value(self, statement, parameters=None):
        """The only value of a query."""
        return databases.value(self.dsn, statement, parameters)

    def order(self, key, at="2017-03-10 15:20:00+00", *, lines=1, **columns):
        """Add an order, with as many lines of programs 1, 2, 3, 1, … as asked for."""
        row = {"partner_id": 7, "store_id": 1, "channel": "pos", "currency": "USD"}
        row |= {"id": key, "ordered_at": at, "state": "done", "company_id": 1}
        row["amount_total"] = "20.00"
        self._insert("processed_order", row | columns)
        for number in range(lines):
            self.line(key, program_id=number % 3 + 1)
        return key

    def line(self, order_id, **columns):
        """Add a line to an order. Returns its id."""
        row = {"id": next(self._ids), "order_id": order_id, "program_id": 1}
        row |= {"product_id": 11, "qty": 1, "amount": "9.99", "discount": "0.50"}
        row |= {"points_earned": 9, "points_redeemed": 0}
        return self._insert("order_promotion_line", row | columns)

    def evaluation(self, order_id, outcome="eligible", **columns):
        """Add an evaluation of a basket. Returns its id."""
        row = {"id": next(self._ids), "order_id": order_id, "program_id": 1}
        row |= {"partner_id": 7, "evaluated_at": "2017-03-10 15:20:00+00"}
        return self._insert(
            "promotion_evaluation", row | {"outcome": outcome} | columns
        )

    def membership(self, event_type, to=None, at="2017-03-10 15:20:00+00", **columns):
        """Add an event of customer 7's membership. Returns its id."""
        row = {"id": next(self._ids), "partner_id": 7, "event_type": event_type}
        row |= {"to_membership_product_id": to, "occurred_at": at}
        return self._insert("membership_event", row | columns)

    def points(self, points_amount, transaction_type="earn", **columns):
        """Add a row to the ledger of card 1, of no order. Returns its id."""
        row = {"id": next(self._ids), "card_id": 1, "partner_id": 7, "program_id": 3}
        row |= {"transaction_type": transaction_type, "points_amount": points_amount}
        row |= {"occurred_at": "2017-03-10 15:20:00+00"}
        row["seq"] = row["id"] - self.first_id
        return self._insert("point_transaction", row | columns)

    def change(self, table, key, **columns):
        """Update a row."""
        wanted = ", ".join(f"{name} = %({name})s" for name in columns)
        self.run(
            f"UPDATE engine.{table} SET {wanted} WHERE id = %(key)s",
            {**columns, "key": key},
        )

    def delete(self, table, key):
        """Delete a row."""
        self.run(f"DELETE FROM engine.{table} WHERE id = %s", [key])

    def _insert(self, table, row):
        names = ", ".join(row)
        values = ", ".join(f"%({name})s" for name in row)
        self.run(f"INSERT INTO engine.{table} ({names}) VALUES ({values})", row)
        return row["id"]


def fill(engine):
    """Two months of two customers, two stores: a bit of everything that is valid."""
    engine.order("A1", "2017-03-10 15:20:00+00", lines=3)
    engine.order("A2", "2017-03-10 15:50:00+00", lines=2, partner_id=8)
    engine.order("A3", "2017-03-10 15:59:59.9+00", lines=1, store_id=2)
    engine.order("A4", "2017-04-01 02:10:00+00", lines=2, partner_id=None)
    engine.order("A5", "2017-04-20 18:00:00+00", lines=1, channel="web")
    engine.order("A6", "2017-04-20 18:30:00+00", lines=0)
    engine.line("A6", program_id=2, qty=-1, amount="-9.99", discount="-0.50")
    engine.change("processed_order", "A6", state="refund")
    engine.order("A7", "2017-04-21 18:30:00+00", lines=2, state="void")
    engine.evaluation("A1", "applied")
    engine.evaluation("A2", "eligible")
    engine.evaluation("A2", "rejected", program_id=2, reason="too late")
    engine.evaluation("A6", "applied", program_id=2)
    engine.evaluation("lost-1", evaluated_at="2017-03-10 15:40:00+00")
    engine.evaluation("lost-1", evaluated_at="2017-03-12 04:10:00+00", program_id=2)
    engine.evaluation("lost-2", evaluated_at="2017-04-02 03:59:59+00", partner_id=None)
    _fill_customers(engine)


def _fill_customers(engine):
    """Memberships that change between orders and at one; points of all types."""
    engine.membership("join", 1, "2017-03-10 15:20:00+00", order_id="A1")
    engine.membership("upgrade", 2, "2017-03-20 10:00:00+00")
    engine.membership("upgrade", 3, "2017-03-20 10:00:00+00")
    engine.membership("renew", None, "2017-04-01 03:00:00+00")
    engine.membership("downgrade", 1, "2017-04-20 18:10:00+00")
    engine.membership("join", 2, "2017-03-09 12:00:00+00", partner_id=8)
    engine.membership("expire", None, "2017-04-02 00:00:00+00", partner_id=8)
    first = engine.points(20, order_id="A1", balance_after=120)
    engine.points("30.5", order_id="A5", occurred_at="2017-04-20 18:00:00+00")
    engine.points(
        "10.5",
        "reverse",
        order_id="A6",
        reverses_id=first,
        occurred_at="2017-04-20 18:30:00+00",
    )
    engine.points(5, "redeem", order_id="A5", occurred_at="2017-04-20 18:00:00+00")
    engine.points(7, "expire", occurred_at="2017-04-01 03:30:00+00")
    engine.points("-3.25", "adjust", occurred_at="2017-04-01 04:30:00+00")
    engine.points(
        9, order_id="A2", card_id=2, partner_id=8, occurred_at="2017-03-10 15:50:00+00"
    )
    engine.points(
        2,
        "reverse",
        card_id=2,
        partner_id=8,
        reverses_id=404,
        occurred_at="2017-03-31 23:30:00+00",
    )
