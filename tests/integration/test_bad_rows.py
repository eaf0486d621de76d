"""Rows that cannot be loaded: kept with their reason, the others are loaded."""

import json
import re
from hashlib import md5

import databases
import pytest
from bad_rows import (
    BAD_ROWS,
    CARDS,
    EVALUATIONS,
    EVENTS,
    LINES,
    ORDERS,
    POINTS,
    PRODUCTS,
    PROGRAMS,
    forget_the_rules,
    plant,
)
from engine_world import Engine
from pipeline import contents, synced

from core.sources import contract

LETTERS = (
    "SELECT table_name, document_key, row_key, reason, raw, times"
    " FROM loyalty_reporting_dead_letter WHERE state = 'open'"
)
NUMBERS = "qty = 1, amount = 1, discount = 0, points_earned = 0, points_redeemed = 0"
MEND = f"""
    DELETE FROM engine.program WHERE id IS NULL;
    DELETE FROM engine.membership_product WHERE id IS NULL;
    DELETE FROM engine.point_card WHERE id IS NULL;
    UPDATE engine.membership_event SET id = coalesce(id, 1), event_type = 'join',
        partner_id = coalesce(partner_id, 7), to_membership_product_id = 1,
        occurred_at = '2017-03-11 10:00Z';
    UPDATE engine.point_transaction SET id = coalesce(id, 1), program_id = 3,
        card_id = coalesce(card_id, 1), transaction_type = 'earn', points_amount = 1,
        balance_after = NULL, occurred_at = '2017-03-11 10:00Z',
        order_id = CASE WHEN order_id IN ('', 'none') THEN 'A1' ELSE order_id END;
    DELETE FROM engine.processed_order WHERE id IS NULL OR id = '';
    UPDATE engine.processed_order SET id = left(id, 100), channel = 'pos',
        ordered_at = '2017-03-11 10:00Z', state = 'done', company_id = 1,
        currency = 'USD';
    UPDATE engine.order_promotion_line SET id = coalesce(id, 1), {NUMBERS},
        program_id = coalesce(program_id, 1), order_id = CASE WHEN order_id = ''
            OR order_id = 'none' OR order_id IS NULL THEN 'A1' ELSE order_id END;
    UPDATE engine.promotion_evaluation SET id = coalesce(id, 1), outcome = 'applied',
        evaluated_at = '2017-03-11 10:00Z', program_id = coalesce(program_id, 1),
        order_id = left(coalesce(order_id, 'A1'), 100);
"""


def letters(report):
    return databases.dicts(report, LETTERS)


@pytest.fixture(scope="module", params=["first load", "window", "comparison"])
def refused(request, shop_template, report_template):
    """(engine, report, {name of kind: key}) after a sync that met the bad rows."""
    with (
        databases.database(databases.ENGINE, shop_template) as engine_dsn,
        databases.database(databases.REPORT, report_template) as report,
    ):
        engine = Engine(engine_dsn, first_id=20_000_000)
        forget_the_rules(engine)
        if request.param != "first load":
            synced(engine_dsn, report)
        if request.param == "comparison":
            databases.execute(
                report,
                "UPDATE loyalty_reporting_cursor"
                " SET position = jsonb_set(position, '{system}', '1')",
            )
        keys = plant(engine)
        synced(engine_dsn, report, chunk_documents=7)
        yield engine, report, keys


class TestEveryKind:
    """All kinds at once, met in a first load, in a window and in a comparison."""

    @pytest.mark.parametrize("bad", BAD_ROWS, ids=lambda bad: bad.name)
    def test_a_bad_row_is_kept_with_its_reason_and_all_it_held(self, bad, refused):
        _engine, report, keys = refused
        key = keys[bad.name] and str(keys[bad.name])
        if key and len(key) > 1000:
            key = f"{key[:150]} … {md5(key.encode()).hexdigest()}"
        found = [
            letter
            for letter in letters(report)
            if letter["table_name"] == bad.table and letter["row_key"] == key
        ]
        reasons = [letter["reason"] for letter in found]
        assert len(found) == 1, reasons
        assert re.search(bad.reason, reasons[0])
        raw = json.loads(found[0]["raw"])
        assert set(bad.columns) <= set(raw)

    def test_there_is_one_entry_for_each_bad_row(self, refused):
        _engine, report, keys = refused
        assert len(letters(report)) == len(keys)

    def test_all_others_are_loaded(self, refused, assert_same_as_from_scratch):
        engine, report, _keys = refused
        found = assert_same_as_from_scratch(report, engine.dsn)
        good = engine.value(
            "SELECT count(*) FROM engine.order_promotion_line l"
            " JOIN engine.processed_order o ON o.id = l.order_id AND o.state <> 'void' AND o.id <> ''"
        )
        bad = sum(each.table == LINES for each in BAD_ROWS)
        without_order = 3
        assert len(found["detail"]) == good - (bad - without_order)

    def test_a_bad_row_met_again_is_counted_not_repeated(self, refused):
        engine, report, _keys = refused
        before = letters(report)
        for table in (ORDERS, LINES, EVALUATIONS, EVENTS, POINTS):
            engine.run(f"UPDATE engine.{table} SET id = id")
        synced(engine.dsn, report, chunk_documents=5)
        assert len(letters(report)) == len(before)
        # Rows without an id have nothing to be recognised by but their content.
        expected = {(x["table_name"], x["row_key"]): x["times"] + 1 for x in before}
        for x in letters(report):
            if x["row_key"] is not None:
                assert x["times"] == expected[x["table_name"], x["row_key"]], x

    def test_corrected_rows_are_loaded_and_their_entries_settled(
        self, refused, assert_same_as_from_scratch
    ):
        engine, report, _keys = refused
        engine.run(MEND)
        synced(engine.dsn, report, chunk_documents=5)
        left = {letter["table_name"] for letter in letters(report)}
        # Their entries have no key to recognise them by.
        assert left == {PROGRAMS, PRODUCTS, CARDS}
        databases.execute(report, "DELETE FROM loyalty_reporting_dead_letter")
        assert_same_as_from_scratch(report, engine.dsn)


def test_a_tenth_of_broken_rows_leaves_the_other_nine(
    households, report, assert_same_as_from_scratch
):
    broken = "id % 10 = 0"
    faults = {
        LINES: "amount = 'NaN'",
        EVALUATIONS: "outcome = NULL",
        EVENTS: "event_type = NULL",
        POINTS: "points_amount = 'NaN'",
    }
    count = "SELECT count(*) FROM engine.{} WHERE {}"
    for table, fault in faults.items():
        households.run(f"UPDATE engine.{table} SET {fault} WHERE {broken}")
    bad, good = (
        sum(households.value(count.format(table, where)) for table in faults)
        for where in (broken, f"NOT {broken}")
    )
    counts = synced(households.dsn, report)
    assert (counts.rows_rejected, counts.rows_loaded) == (bad, good)
    assert len(letters(report)) == bad > 100
    assert_same_as_from_scratch(report, households.dsn)
    households.run("UPDATE engine.order_promotion_line SET amount = 1")
    households.run("UPDATE engine.promotion_evaluation SET outcome = 'eligible'")
    households.run("UPDATE engine.membership_event SET event_type = 'upgrade'")
    households.run("UPDATE engine.point_transaction SET points_amount = 1")
    assert synced(households.dsn, report).rows_rejected == 0
    assert letters(report) == []
    assert_same_as_from_scratch(report, households.dsn)


def test_rows_that_a_query_returns_twice_are_refused_not_counted_twice(shop, report):
    queries = contract.default_queries()
    twice = {ORDERS: "id = 'A1'", EVENTS: "partner_id = 8"}
    twice |= dict.fromkeys((LINES, EVALUATIONS, POINTS), "order_id = 'A1'")
    for table, where in twice.items():
        again = f" UNION ALL SELECT * FROM engine.{table} WHERE {where}"
        queries[table] += again
    counts = synced(shop.dsn, report, queries=queries)
    found = contents(report)
    assert "A1" not in {row[0] for row in found["detail"] + found["evaluations"]}
    assert not [row for row in found["membership events"] if row[2] == 8]
    assert not [row for row in found["points"] if row[10] == "A1"]
    assert counts.rows_rejected > 0
    reasons = {row[4] for row in found["dead letters"] if row[1] == ORDERS}
    assert reasons == {"the extraction query returns this id more than once"}
    queries[ORDERS] = contract.default_queries()[ORDERS]
    databases.execute(report, "DELETE FROM loyalty_reporting_cursor")
    synced(shop.dsn, report, queries=queries)
    found = contents(report)
    refused = {row[1] for row in found["dead letters"]}
    assert refused == {LINES, EVALUATIONS, EVENTS, POINTS}
    assert "A1" not in {row[0] for row in found["detail"] + found["evaluations"]}


def test_what_has_no_order_needs_an_only_company(shop, report):
    synced(shop.dsn, report, mapping={1: 1, 2: 7})
    reasons = {(row[1], row[4]) for row in contents(report)["dead letters"]}
    reason = "its source does not feed exactly one company"
    assert reasons == {
        (EVALUATIONS, f"it has no order, and {reason}"),
        (POINTS, f"it has no order, and {reason}"),
        (EVENTS, reason),
    }


def test_amounts_up_to_the_limit_are_kept_exactly(shop, report):
    kept = {
        "99999999999999.9999",
        "-99999999999999.9999",
        "0.0001",
        "12345678901234.5678",
    }
    for amount in kept:
        shop.line("A1", amount=amount)
    synced(shop.dsn, report)
    query = "SELECT trim_scale(amount)::text FROM promotion_report_detail"
    assert kept <= {amount for (amount,) in databases.rows(report, query)}
    assert contents(report)["dead letters"] == []
