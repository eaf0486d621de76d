"""Engines and reports against `oracle.generic`, which knows nothing of the pipeline."""

from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

import databases
from asking import ask
from engine_world import Engine
from oracle import assert_same, generic, sql_statement_2, sql_statement_3
from pipeline import NEW_YORK, synced
from recomputed import assert_rollups_follow_from_detail
from sql_statements import run

from core.queries import REPORTS
from core.queries.params import parse
from core.records import Company

AS_OF = date(2018, 12, 31)
EVER = {"date_from": "2000-01-01 00:00:00", "date_to": "2030-01-01 00:00:00"}
_TYPES = "transaction_type IN ('earn', 'redeem', 'expire', 'adjust', 'reverse')"


def _instant(column):
    return (
        f"{column} >= '2000-01-01 00:00Z' AND {column}"
        " < date_trunc('day', now(), 'UTC') + interval '2 days'"
    )


def _fits(*columns):
    """Finite, with 14 digits before the point and 4 behind it."""
    return " AND ".join(f"abs({c}) < 1e14 AND round({c}, 4) = {c}" for c in columns)


# What counts of an engine's rows: the others are dead letters, by the rules that are
# written in DESIGN.md and shown with them. The program of a row of the ledger may
# stand on its card. %(companies)s are the engine's ids of the company that reports.
_ORDERS = f"""
    SELECT * FROM engine.processed_order
    WHERE id <> '' AND {_instant("ordered_at")} AND state IN ('done', 'void', 'refund')
      AND company_id = ANY(%(companies)s) AND currency IS NOT NULL
      AND {_fits("amount_total")}"""
_QUERIES = {
    "membership_product": "SELECT * FROM engine.membership_product",
    "processed_order": _ORDERS,
    "order_promotion_line": f"""
        SELECT l.* FROM engine.order_promotion_line l
        WHERE l.program_id IS NOT NULL
          AND {_fits("qty", "amount", "discount", "points_earned", "points_redeemed")}
          AND l.order_id IN (SELECT id FROM ({_ORDERS}) o)""",
    "promotion_evaluation": f"""
        SELECT e.* FROM engine.promotion_evaluation e
        WHERE e.program_id IS NOT NULL AND e.order_id <> ''
          AND e.outcome IN ('applied', 'eligible', 'rejected')
          AND {_instant("evaluated_at")}
          AND (e.order_id IN (SELECT id FROM ({_ORDERS}) o)
               OR e.order_id NOT IN (SELECT id FROM engine.processed_order))""",
    "membership_event": f"""
        SELECT * FROM engine.membership_event
        WHERE partner_id IS NOT NULL AND {_instant("occurred_at")}
          AND event_type IN ('join', 'upgrade', 'downgrade', 'renew', 'expire',
                             'cancel')
          AND (event_type IN ('renew', 'expire', 'cancel')
               OR to_membership_product_id IS NOT NULL)""",
    "point_transaction": f"""
        SELECT p.*, coalesce(p.program_id, c.program_id) AS program_id,
            coalesce(p.seq, 0) AS seq
        FROM engine.point_transaction p
        LEFT JOIN engine.point_card c ON c.id = p.card_id
        WHERE p.card_id IS NOT NULL AND {_TYPES}
          AND coalesce(p.program_id, c.program_id) IS NOT NULL
          AND {_fits("points_amount")} AND {_instant("occurred_at")}
          AND (balance_after IS NULL OR {_fits("balance_after")})
          AND (p.order_id IS NULL OR p.order_id IN (SELECT id FROM ({_ORDERS}) o))""",
}
_PERFORMANCE = """
    SELECT p.external_id AS program_id, d.*, d.points_earned AS total_points_earned,
        d.points_redeemed AS total_points_redeemed, (
            SELECT count(DISTINCT o.customer_key) FROM promotion_order_data o
            WHERE o.program_key = d.program_key AND o.date = d.date
              AND o.company_id = d.company_id AND o.line_count > 0 AND NOT o.is_refund
        ) AS unique_customers
    FROM promotion_day_data d
    JOIN loyalty_reporting_program p ON p.id = d.program_key"""
_COUNTED = [
    *("total_transactions", "refund_transactions", "unique_customers", "total_qty"),
    *("total_amount", "total_discount", "total_points_earned", "gross_amount"),
    *("gross_qty", "gross_discount", "total_points_redeemed", "applied_transactions"),
    *("eligible_transactions", "rejected_transactions"),
]
MEMBERSHIP = [
    *("new_members", "active_members", "upgraded_members", "downgraded_members"),
    *("members", "total_spending", "avg_spending", "total_points_earned"),
    "total_points_redeemed",
]
FLOWS = ["points_earned", "points_redeemed", "points_expired", "points_adjusted"]
_DETAIL = [
    *("card_id", "partner_id", "membership_product_id", "transaction_date", "date"),
    *("hour", "transaction_type", "points_amount", "amount", "order_id", "seq"),
    *FLOWS,
]


def tables(engine_dsn, companies=(1, 2)):
    """Rows of the engine's tables that count, as `oracle.generic` takes them."""
    asked = {"companies": list(companies)}
    return {
        name: databases.dicts(engine_dsn, query, asked)
        for name, query in _QUERIES.items()
    }


def level_names(found):
    """{membership_product_id: level}, with the name we give to those not delivered."""
    named = {row["id"]: row["level"] for row in found["membership_product"]}
    held = {row["to_membership_product_id"] for row in found["membership_event"]}
    return {key: f"Membership {key}" for key in held - {None}} | named


def assert_as_computed(report, found, zone):
    """All figures of a report with one company are what the oracle computes."""
    assert_promotions(report, found, zone)
    assert_membership(report, found, zone)
    assert_points(report, found, zone)
    assert_lots(report, found, zone)
    assert_statements(report, found, zone)


def assert_promotions(report, found, zone):
    """Promotion performance by program and business day."""
    expected = generic.performance(found, zone, grain="day")
    # A row of nothing but evaluations of refunds is a fact, and counts nowhere.
    actual = [
        row
        for row in databases.dicts(report, _PERFORMANCE)
        if any(row[name] for name in _COUNTED)
    ]
    expected = [row for row in expected if any(row[name] for name in _COUNTED)]
    assert_rows(expected, actual, ["program_id", "date"], _COUNTED)


def assert_membership(report, found, zone):
    """Membership analytics by product and business day, with members."""
    told = [name for name in MEMBERSHIP if name != "members"]
    expected, actual = (
        [row for row in rows if any(row[name] for name in told)]
        for rows in (
            generic.membership(found, zone, as_of=AS_OF),
            databases.dicts(report, "SELECT * FROM membership_analytics"),
        )
    )
    keys = ["membership_product_id", "date"]
    assert_rows(expected, actual, keys, MEMBERSHIP, digits={"avg_spending": 4})
    held = (
        "SELECT DISTINCT ON (membership_product_id) membership_product_id, members"
        " FROM membership_analytics ORDER BY membership_product_id, date DESC"
    )
    members = {key: count for key, count in databases.rows(report, held) if count}
    assert members == generic.members_on(found, zone)


def assert_points(report, found, zone):
    """Detail, rollup, roll-forward and balances of points."""
    detail = generic.point_detail(found, zone)
    assert_rows(
        detail, databases.dicts(report, "TABLE point_analytics"), ["id"], _DETAIL
    )
    first = dict(
        databases.rows(report, "SELECT id, is_first_order IS TRUE FROM point_analytics")
    )
    assert first == {row["id"]: row["is_first_order"] for row in detail}
    assert_rows(
        generic.point_rollup(found, zone),
        rolled_up(report),
        ROLLUP,
        [*FLOWS, "balance", "balance_change"],
    )
    assert_rows(
        generic.roll_forward(found, zone),
        databases.dicts(report, "TABLE point_card_day"),
        ["card_id", "date"],
        ["opening", *FLOWS, "closing"],
    )
    balances = dict(databases.rows(report, BALANCES))
    assert balances == generic.card_balances(found, zone, AS_OF)
    assert_outstanding(report, found, zone)


def assert_outstanding(report, found, zone):
    """The report's balances, of those who booked them, at the end of any bucket."""
    for group, grain in (
        ([], "hour"), (["program_id"], "day"), (["program_id"], "month"),
    ):  # fmt: skip
        asked = {
            "date_from": "2000-01-01", "date_to": "2029-12-31", "group_by": grain,
            "measures": "balance", "dimensions": "program" if group else "",
        }  # fmt: skip
        company = Company(1, zone, "USD", 2)
        query = parse(REPORTS["points/activity"], company, asked).unpaged(10**6)
        assert_rows(
            generic.balances(found, zone, group, grain),
            ask(report, query).rows,
            [*group, "date", *(["hour"] if grain == "hour" else [])],
            ["balance"],
        )


ROLLUP = ["card_id", "date", "hour", "transaction_type"]
BALANCES = (
    "SELECT k.external_id, s.balance FROM card_state s"
    " JOIN loyalty_reporting_card k ON k.id = s.card_key"
)


def rolled_up(report):
    """The rollup by the oracle's keys: programs and customers of a card together."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in [*FLOWS, "balance_change"])
    return databases.dicts(
        report,
        f"SELECT {', '.join(ROLLUP)}, {sums}, min(balance) AS balance"
        " FROM point_analytics_rollup GROUP BY 1, 2, 3, 4"
        " HAVING min(balance) = max(balance)",
    )


def assert_lots(report, found, zone, dates=(date(2017, 3, 31), AS_OF)):
    """The open lots at the end of some business days, of a known age or not."""
    for day in dates:
        assert lots(report, zone, day) == expected_lots(found, zone, day), day


def lots(report, zone, day):
    """Sorted (card, day it was earned, points left, expiry) out of the database."""
    rows = databases.rows(
        report,
        "SELECT card_id, (earned_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,"
        " remaining, expires_at FROM loyalty_reporting_point_lots(%(as_of)s)",
        {"zone": zone, "as_of": end_of(day, zone)},
    )
    return sorted(rows, key=repr)


def expected_lots(found, zone, day):
    """The oracle's lots; of what a card held before its first row, the day is None."""
    rows = []
    for lot in generic.open_lots(found, zone, day):
        earned = None if lot["id"] is None else lot["date"]
        left = Decimal(lot["left"]).quantize(Decimal("0.0001"))
        rows.append((lot["card_id"], earned, left, lot["expires_at"]))
    return sorted(rows, key=repr)


def end_of(day, zone):
    """The last instant of a business day, as naive UTC."""
    following = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return following.astimezone(UTC).replace(tzinfo=None) - timedelta(microseconds=1)


def assert_statements(report, found, zone):
    """API.md's second and third statement, as written."""
    detail = generic.point_detail(found, zone)
    levels = level_names(found)
    assert_rows(
        sql_statement_2(**EVER, detail=detail, levels=levels) if detail else [],
        run(report, 2, **EVER),
        ["membership_level", "report_date"],
        STATEMENT_2,
        digits={"avg_spending": 16},
    )
    for partner in (None, 7, 404):
        assert_rows(
            sql_statement_3(**EVER, partner_id=partner, detail=detail)
            if detail
            else [],
            run(report, 3, **EVER, partner_id=partner),
            ["report_date", "transaction_type"],
            STATEMENT_3,
            digits={"avg_points": 16},
        )


STATEMENT_2 = [
    *("new_members", "active_members", "total_spending", "avg_spending"),
    *("total_points_earned", "total_points_redeemed"),
]
STATEMENT_3 = ["total_points", "transaction_count", "avg_points"]


def assert_rows(expected, actual, keys, measures, digits=None):
    """Both hold the same rows; there may be none at all."""
    if not expected:
        assert not actual
        return
    digits = dict(digits or {})
    # A mean that PostgreSQL gives has at least 16 significant digits.
    for name in [name for name, places in digits.items() if places == 16]:
        del digits[name]
        actual = [{**row, name: round(row[name], 12)} for row in actual]
        digits[name] = 12
    assert_same(expected, actual, keys, measures, digits=digits)


class World:
    """An engine written by hand and its report, compared after every run."""

    def __init__(self, engine, report):
        self.engine, self.report, self.zone = engine, report, NEW_YORK.timezone
        self._numbers = count(100)
        self.is_sound = True

    def customer(self):
        """A customer whom nobody has used, with a card of the same number."""
        return Customer(self.engine, next(self._numbers))

    def sync(self):
        """Run, and compare everything there is. Returns the run's counts."""
        self.is_sound = False
        company = Company(1, self.zone, "USD", 2)
        counts = synced(self.engine.dsn, self.report, companies=[company])
        assert_rollups_follow_from_detail(self.report)
        assert_as_computed(self.report, tables(self.engine.dsn), self.zone)
        self.is_sound = True
        return counts

    def rows(self, query, *parameters):
        """Rows out of the report."""
        return databases.rows(self.report, query, parameters)

    def letters(self):
        """(row, reason) of the open dead letters."""
        return self.rows(
            "SELECT row_key, reason FROM loyalty_reporting_dead_letter"
            " WHERE state = 'open' ORDER BY 1"
        )


class Worlds(ExitStack):
    """Worlds that tests use one after the other, as long as their reports are right."""

    def __init__(self, engine_template, report_template):
        super().__init__()
        self._templates = (engine_template, report_template)
        self._free = []

    def _make(self):
        engine, report = (
            self.enter_context(databases.database(cluster, template))
            for cluster, template in zip(
                (databases.ENGINE, databases.REPORT), self._templates, strict=True
            )
        )
        return World(Engine(engine), report)

    @contextmanager
    def lend(self):
        """Give a world, and take it back unless its report went wrong."""
        world = self._free.pop() if self._free else self._make()
        yield world
        if world.is_sound:
            self._free.append(world)


class Customer:
    """A customer with a card, and short ways to write what they do."""

    def __init__(self, engine, number):
        self.engine, self.id = engine, number
        self._orders = (f"{number}-{n}" for n in count(1))

    def order(self, at, amount="20.00", **columns):
        """Buy something. Returns the order's id."""
        row = {"partner_id": self.id, "amount_total": amount, "lines": 0, **columns}
        return self.engine.order(next(self._orders), at, **row)

    def event(self, event_type, to, at, **columns):
        """Change the membership. Returns the event's id."""
        return self.engine.membership(
            event_type, to, at, **{"partner_id": self.id, **columns}
        )

    def points(self, amount, transaction_type="earn", at=None, **columns):
        """Book points. Returns the row's id."""
        row = {"card_id": self.id, "partner_id": self.id, "occurred_at": at}
        return self.engine.points(amount, transaction_type, **{**row, **columns})
