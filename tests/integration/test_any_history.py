"""Whatever happens in the engine, in whatever order: the report is as from scratch."""

import databases
import pytest
from engine_world import Engine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pipeline import (
    NEW_YORK,
    assert_same_contents,
    await_others,
    contents,
    from_scratch,
    sync_once,
    synced,
)
from recomputed import assert_rollups_follow_from_detail

from core.records import Company

ORDERS = st.sampled_from(["A1", "A2", "A3", "lost-1", "new", "é'\\"])
INSTANTS = st.sampled_from(
    [
        *("2017-03-10 15:20Z", "2017-03-10 15:59:59.999Z", "2017-03-10 16:00Z"),
        *("2017-04-01 00:30Z", "2017-04-01 04:30Z", "2017-11-05 05:30Z"),
        *("2017-11-05 06:30Z", "1999-12-31 23:59Z", "infinity", None),
    ]
)
AMOUNTS = st.sampled_from(["0", "9.99", "-3.33", "0.0001", "NaN", "1.00001", None])
PROGRAMS = st.sampled_from([1, 2, 77, None])
STATES = st.sampled_from(["done", "refund", "void", "quote", None])
OUTCOMES = st.sampled_from(["applied", "eligible", "rejected", "odd", None])
EVENTS = st.sampled_from(
    ["join", "upgrade", "downgrade", "renew", "expire", "cancel", "odd", None]
)
TYPES = st.sampled_from(["earn", "redeem", "expire", "adjust", "reverse", "odd"])
TABLES = (
    "processed_order",
    "order_promotion_line",
    "promotion_evaluation",
    "membership_event",
    "point_transaction",
)

COLUMNS = {
    "processed_order": st.fixed_dictionaries(
        {},
        optional={
            "ordered_at": INSTANTS,
            "state": STATES,
            "partner_id": st.sampled_from([7, 8, None]),
            "store_id": st.sampled_from([1, 2, None]),
            "channel": st.sampled_from(["pos", "web", None]),
            "company_id": st.sampled_from([1, 1, 1, 5]),
            "id": ORDERS,
        },
    ),
    "order_promotion_line": st.fixed_dictionaries(
        {},
        optional={
            "order_id": ORDERS | st.none(),
            "program_id": PROGRAMS,
            "amount": AMOUNTS,
            "qty": AMOUNTS,
            "product_id": st.sampled_from([1, None]),
        },
    ),
    "promotion_evaluation": st.fixed_dictionaries(
        {},
        optional={
            "order_id": ORDERS | st.none(),
            "program_id": PROGRAMS,
            "outcome": OUTCOMES,
            "evaluated_at": INSTANTS,
            "reason": st.sampled_from(["late", None]),
        },
    ),
    "membership_event": st.fixed_dictionaries(
        {},
        optional={
            "event_type": EVENTS,
            "to_membership_product_id": st.sampled_from([1, 2, 3, 9, None]),
            "partner_id": st.sampled_from([7, 7, 8, None]),
            "occurred_at": INSTANTS,
        },
    ),
    "point_transaction": st.fixed_dictionaries(
        {},
        optional={
            "order_id": ORDERS | st.none(),
            "transaction_type": TYPES,
            "points_amount": AMOUNTS,
            "balance_after": AMOUNTS,
            "card_id": st.sampled_from([1, 1, 2, None]),
            "partner_id": st.sampled_from([7, 8, None]),
            "program_id": PROGRAMS,
            "occurred_at": INSTANTS,
            "reverses_id": st.sampled_from([20_000_000, 20_000_001, 10_000_026, None]),
            "seq": st.sampled_from([1, 2, None]),
        },
    ),
}
WRITE = st.sampled_from(TABLES).flatmap(
    lambda table: st.tuples(
        st.sampled_from(["insert", "update", "update", "delete"]),
        st.just(table),
        st.integers(0, 8),
        COLUMNS[table],
    )
)
STEP = st.one_of(
    WRITE,
    WRITE,
    WRITE,
    st.tuples(st.just("sync"), st.sampled_from([1, 2, 100])),
    st.tuples(st.just("a chunk"), st.sampled_from([1, 2])),
    st.tuples(st.just("truncate"), st.sampled_from(TABLES)),
    st.tuples(st.just("forget")),
    st.tuples(st.just("zone"), st.sampled_from(["Asia/Kolkata", NEW_YORK.timezone])),
)


class World:
    """An engine and its report, on which the steps of a history are taken."""

    def __init__(self, engine, report):
        self.engine, self.report = engine, report
        self.options = {"companies": [NEW_YORK], "mapping": {1: 1, 2: 1}}

    def take(self, kind, *rest):
        """Take a step of a history."""
        getattr(self, f"_{kind.replace(' ', '_')}")(*rest)

    def _insert(self, table, _number, columns):
        if table == "processed_order":
            columns = dict(columns)
            key = columns.pop("id", "new")
            at = columns.pop("ordered_at", "2017-03-10 15:30Z")
            self.engine.delete(table, key)
            self.engine.order(key, at, lines=0, **columns)
        elif table == "order_promotion_line":
            self.engine.line(**{"order_id": "new", **columns})
        elif table == "membership_event":
            self.engine.membership(**{"event_type": "join", **columns})
        elif table == "point_transaction":
            self.engine.points(**{"points_amount": 5, **columns})
        else:
            self.engine.evaluation(**{"order_id": "new", **columns})

    def _update(self, table, number, columns):
        for key in self._key(table, number):
            if columns.get("id", key) != key:
                self.engine.delete(table, columns["id"])
            if columns:
                self.engine.change(table, key, **columns)

    def _delete(self, table, number, _columns):
        for key in self._key(table, number):
            self.engine.delete(table, key)

    def _key(self, table, number):
        query = f"SELECT id FROM engine.{table} ORDER BY id OFFSET %s LIMIT 1"
        return [key for (key,) in self.engine.rows(query, [number])]

    def _truncate(self, table):
        self.engine.run(f"TRUNCATE engine.{table}")

    def _sync(self, chunk_documents):
        options = {**self.options, "chunk_documents": chunk_documents}
        synced(self.engine.dsn, self.report, **options)

    def _a_chunk(self, chunk_documents):
        options = {**self.options, "chunk_documents": chunk_documents}
        result = sync_once(self.engine.dsn, self.report, seconds=0.0001, **options)
        assert result.state in ("done", "partial"), result
        assert_rollups_follow_from_detail(self.report)

    def _forget(self):
        databases.execute(self.report, "DELETE FROM loyalty_reporting_cursor")

    def _zone(self, name):
        self.options["companies"] = [Company(1, name, "USD", 2)]


def check(history, shop_template, report_template):
    """Take the steps and compare with a first load."""
    with (
        databases.database(databases.ENGINE, shop_template) as engine_dsn,
        databases.database(databases.REPORT, report_template) as report,
    ):
        world = World(Engine(engine_dsn, first_id=20_000_000), report)
        for step in history:
            world.take(*step)
        await_others(engine_dsn)
        world.take("sync", 3)
        expected = from_scratch(engine_dsn, report_template, **world.options)
        assert_same_contents(expected, contents(report))
        assert_rollups_follow_from_detail(report)


HISTORIES = st.lists(STEP, min_size=3, max_size=14)
OPTIONS = {
    "deadline": None,
    "database": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
}


# Months are there, and what is derived from them is not.
INTERRUPTED = [
    ("a chunk", 1),
    ("truncate", "processed_order"),
    ("insert", "processed_order", 0, {}),
]


@settings(max_examples=7, derandomize=True, **OPTIONS)
@given(HISTORIES)
@example(INTERRUPTED)
def test_any_history_ends_as_from_scratch(shop_template, report_template, history):
    check(history, shop_template, report_template)


@pytest.mark.slow
@settings(max_examples=400, **OPTIONS)
@given(HISTORIES)
def test_many_histories_end_as_from_scratch(shop_template, report_template, history):
    check(history, shop_template, report_template)
