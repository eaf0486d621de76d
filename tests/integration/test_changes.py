"""Corrections and deletions in the engine: the report follows, whatever was there."""

import databases
import pytest
from pipeline import NEW_YORK, assert_same_contents, contents, synced
from recomputed import assert_rollups_follow_from_detail, rollup_differences

from core.records import Company

LINES = "order_promotion_line"
ORDERS = "processed_order"
EVALUATIONS = "promotion_evaluation"
WRITTEN = (
    "promotion_report_detail_data",
    "promotion_evaluation_data",
    "promotion_order_data",
    "promotion_performance_data",
    "promotion_day_data",
    "fact_document",
    "fact_load",
)


def first_line(engine, order):
    return engine.value(
        "SELECT min(id) FROM engine.order_promotion_line WHERE order_id = %s", [order]
    )


def of_line(**columns):
    return lambda e: e.change(LINES, first_line(e, "A1"), **columns)


def of_order(key, **columns):
    return lambda e: e.change(ORDERS, key, **columns)


def of_evaluations(order, **columns):
    """Change all evaluations of a basket."""

    def change(engine):
        found = engine.rows(
            "SELECT id FROM engine.promotion_evaluation WHERE order_id = %s", [order]
        )
        for (key,) in found:
            engine.change(EVALUATIONS, key, **columns)

    return change


def whole_document_goes(engine):
    for table in (LINES, EVALUATIONS):
        engine.run(f"DELETE FROM engine.{table} WHERE order_id = 'A1'")
    engine.delete(ORDERS, "A1")


def many_at_once(engine):
    engine.run(
        "BEGIN; UPDATE engine.processed_order SET store_id = 9 WHERE id < 'A4';"
        " DELETE FROM engine.order_promotion_line WHERE order_id = 'A2';"
        " UPDATE engine.order_promotion_line SET order_id = 'A5' WHERE order_id = 'A1';"
        " UPDATE engine.processed_order SET id = 'Z' || id WHERE id = 'A3'; COMMIT"
    )


CHANGES = {
    "an amount": of_line(amount="10.00"),
    "a quantity to nothing": of_line(qty=0, amount=0, discount=0),
    "a line to another program": of_line(program_id=2),
    "a line to a program not known before": of_line(program_id=77),
    "a line to another order": of_line(order_id="A5"),
    "a line to an order in another month": of_line(order_id="A4"),
    "a line to no order": of_line(order_id=None),
    "a line's own id": of_line(id=5),
    "an order to another hour": of_order("A1", ordered_at="2017-03-10 17:00:00Z"),
    "an order to another day": of_order("A1", ordered_at="2017-03-15 15:20:00Z"),
    "an order to another month": of_order("A1", ordered_at="2018-06-01 00:00:00Z"),
    "an order by a second": of_order("A1", ordered_at="2017-03-10 15:20:01Z"),
    "an order to another store": of_order("A1", store_id=5),
    "an order to no store": of_order("A1", store_id=None),
    "an order to another channel": of_order("A1", channel="web"),
    "an order to another customer": of_order("A1", partner_id=8),
    "an order to no customer": of_order("A1", partner_id=None),
    "an order's id": of_order("A1", id="B1"),
    "a void": of_order("A1", state="void"),
    "a void of what was only evaluated before": of_order("A2", state="void"),
    "an un-void": of_order("A7", state="done"),
    "a sale to a refund": of_order("A1", state="refund"),
    "a refund to a sale": of_order("A6", state="done"),
    "a new refund": lambda e: e.order("R1", "2017-05-01 10:00Z", state="refund"),
    "an outcome": of_evaluations("A1", outcome="rejected", reason="used"),
    "a reason": of_evaluations("A2", reason="another"),
    "an instant of a basket": of_evaluations(
        "lost-1", evaluated_at="2017-03-10 18:00Z"
    ),
    "a basket to another month": of_evaluations(
        "lost-2", evaluated_at="2017-07-01 01:00Z"
    ),
    "a basket that becomes an order": of_evaluations("lost-1", order_id="A5"),
    "an order's evaluations to no order": of_evaluations("A1", order_id="lost-9"),
    "an order for a basket": lambda e: e.order("lost-1", "2017-03-12 09:00Z", lines=2),
    "an order without lines": lambda e: e.order("N1", lines=0),
    "an order refused": of_order("A2", ordered_at=None),
    "an evaluated order refused": of_order("A1", state="quote"),
    "a deletion of a line": lambda e: e.delete(LINES, first_line(e, "A1")),
    "a deletion of an only line": lambda e: e.delete(LINES, first_line(e, "A3")),
    "a deletion of an order whose lines stay": lambda e: e.delete(ORDERS, "A1"),
    "a deletion of an order without evaluations": lambda e: e.delete(ORDERS, "A3"),
    "a deletion of evaluations": lambda e: e.run(
        "DELETE FROM engine.promotion_evaluation WHERE order_id IN ('A1', 'lost-1')"
    ),
    "a deletion of a whole document": whole_document_goes,
    "a truncated table": lambda e: e.run("TRUNCATE engine.promotion_evaluation"),
    "everything truncated": lambda e: e.run(
        "TRUNCATE engine.promotion_evaluation, engine.processed_order,"
        " engine.order_promotion_line"
    ),
    "many at once": many_at_once,
    "a program's name": lambda e: e.change("program", 1, name="Winter"),
    "a program's type": lambda e: e.change("program", 1, program_type="promotion"),
}

OF_ROWS = (
    "a line to another order",
    "a line to no order",
    "a line's own id",
    "an order's evaluations to no order",
    "a deletion of a line",
    "a deletion of an only line",
    "a deletion of evaluations",
    "a deletion of a whole document",
)


@pytest.fixture
def follows(shop, report, assert_same_as_from_scratch):
    """Function (change): sync, change, sync, and compare with a first load."""

    def check(change, **options):
        synced(shop.dsn, report, **options)
        before = contents(report)
        change(shop)
        synced(shop.dsn, report, **options)
        after = assert_same_as_from_scratch(report, shop.dsn, **options)
        return before, after

    return check


def without_a_document_in_deleted(engine):
    """The contract as written: `deleted` tells the row, not its order."""
    engine.run("ALTER TABLE engine.deleted DROP COLUMN order_id")
    engine.run(
        "CREATE OR REPLACE FUNCTION engine.note_deleted() RETURNS trigger"
        " LANGUAGE plpgsql AS $$ BEGIN INSERT INTO engine.deleted (table_name, key)"
        " VALUES (TG_TABLE_NAME, OLD.id::text); RETURN NULL; END $$"
    )


@pytest.mark.parametrize("what", CHANGES)
def test_the_report_follows_a_change_and_its_way_back(what, shop, report, follows):
    kept = {table: f"kept_{table}" for table in ("program", ORDERS, LINES, EVALUATIONS)}
    for table, copy in kept.items():
        shop.run(f"CREATE TABLE {copy} AS SELECT * FROM engine.{table}")
    before, after = follows(CHANGES[what])
    assert before != after, "the change was none"
    for table, copy in kept.items():
        shop.run(f"DELETE FROM engine.{table}")
        shop.run(f"INSERT INTO engine.{table} SELECT * FROM {copy}")
    synced(shop.dsn, report)
    assert_same_contents(before, contents(report))
    assert_rollups_follow_from_detail(report)


@pytest.mark.parametrize("what", OF_ROWS)
def test_a_deletion_that_does_not_tell_the_order_is_followed(what, shop, follows):
    without_a_document_in_deleted(shop)
    follows(CHANGES[what])


def test_a_program_renamed_is_renamed_everywhere_without_a_new_load(follows, report):
    follows(CHANGES["a program's name"])
    names = databases.rows(
        report, "SELECT DISTINCT program_name FROM promotion_report_detail"
    )
    assert ("Winter",) in names and ("Summer",) not in names


def test_a_program_that_comes_after_its_lines_gives_them_its_name(follows, report):
    def change(engine):
        of_line(program_id=77)(engine)
        engine.run("INSERT INTO engine.program (id, name) VALUES (77, 'Late')")

    follows(change)
    query = "SELECT count(*) FROM promotion_report_detail WHERE program_name = 'Late'"
    assert databases.value(report, query) == 1


def test_an_order_moves_to_another_company_and_back(
    shop, report, assert_same_as_from_scratch
):
    both = {
        "companies": [NEW_YORK, Company(2, "Asia/Kolkata", "USD", 2)],
        "mapping": {1: 1, 2: 2},
    }
    synced(shop.dsn, report, **both)
    before = contents(report)
    of_order("A1", company_id=2)(shop)
    synced(shop.dsn, report, **both)
    after = assert_same_as_from_scratch(report, shop.dsn, **both)
    assert {row[0] for row in after["rollup"]} == {1, 2}
    of_order("A1", company_id=1)(shop)
    synced(shop.dsn, report, **both)
    assert_same_contents(before, contents(report))


def test_lines_that_come_before_their_order_wait_as_dead_letters(
    shop, report, assert_same_as_from_scratch
):
    synced(shop.dsn, report)
    line = shop.line("late")
    assert synced(shop.dsn, report).rows_rejected == 1
    assert contents(report)["dead letters"] == [
        ("engine", LINES, "late", str(line), "its order late is missing or was refused")
    ]
    shop.order("late", lines=0)
    assert synced(shop.dsn, report).rows_rejected == 0
    after = assert_same_as_from_scratch(report, shop.dsn)
    assert not after["dead letters"]
    assert line in {row[1] for row in after["detail"]}


def test_equal_content_is_not_written_again(shop, report):
    def written():
        return {
            table: databases.rows(report, f"SELECT t.*, ctid, xmin FROM {table} t")
            for table in WRITTEN
        }

    synced(shop.dsn, report)
    before = written()
    for table in (ORDERS, LINES, EVALUATIONS, "program"):
        shop.run(f"UPDATE engine.{table} SET id = id")
    counts = synced(shop.dsn, report)
    assert counts.documents_read == 9
    assert counts.documents_changed == counts.rows_loaded == 0
    for table, rows in before.items():
        assert sorted(written()[table], key=repr) == sorted(rows, key=repr), table


def test_a_change_writes_its_own_document_only(shop, report):
    synced(shop.dsn, report)
    query = "SELECT document_key, load_id FROM fact_document"
    before = dict(databases.rows(report, query))
    of_order("A1", store_id=4)(shop)
    assert synced(shop.dsn, report).documents_changed == 1
    after = dict(databases.rows(report, query))
    assert {key for key in after if after[key] != before[key]} == {"A1"}
    assert after["A1"] == max(before.values()) + 1


class TestTheComparisonItself:
    """A helper that cannot fail proves nothing."""

    @pytest.mark.parametrize(
        "fault",
        [
            "UPDATE promotion_report_detail_data SET amount = amount + 0.01"
            " WHERE order_id = 'A1' AND program_id = 1",
            "UPDATE promotion_order_data SET amount = amount + 0.01 WHERE order_key ="
            " (SELECT order_key FROM fact_document WHERE document_key = 'A3')",
            "UPDATE promotion_performance_data"
            " SET unique_customers = unique_customers + 1 WHERE total_transactions = 2",
            "UPDATE promotion_day_data SET total_amount = total_amount + 0.01",
            "UPDATE promotion_evaluation_data SET outcome = 'eligible'",
            "DELETE FROM fact_document WHERE document_key = 'A7'",
        ],
    )
    def test_a_planted_fault_is_seen(
        self, fault, shop, report, assert_same_as_from_scratch
    ):
        synced(shop.dsn, report)
        assert_same_as_from_scratch(report, shop.dsn)
        databases.execute(report, fault)
        with pytest.raises(AssertionError):
            assert_same_as_from_scratch(report, shop.dsn)

    @pytest.mark.parametrize(
        ("table", "part"),
        [
            ("promotion_report_detail_data", {"hours", "days"}),
            ("promotion_performance_data", {"hours"}),
            ("promotion_day_data", {"days"}),
        ],
    )
    def test_a_cent_between_detail_and_rollups_is_seen(self, table, part, shop, report):
        synced(shop.dsn, report)
        assert not any(rollup_differences(report).values())
        column = "amount" if "detail" in table else "total_amount"
        databases.execute(report, f"UPDATE {table} SET {column} = {column} + 0.01")
        found = rollup_differences(report)
        assert {name for name in found if found[name]} == part
