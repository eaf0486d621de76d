"""Corrections and deletions in the engine: the report follows, whatever was there."""

from contextlib import ExitStack

import databases
import pytest
from changes import (
    CHANGES,
    DIMENSIONS,
    EVALUATIONS,
    EVENTS,
    LINES,
    OF_ROWS,
    ORDERS,
    POINTS,
    of_line,
    of_order,
)
from engine_world import Engine
from pipeline import NEW_YORK, assert_same_contents, contents, synced
from recomputed import assert_rollups_follow_from_detail, rollup_differences

from core.records import Company

KEPT = (*DIMENSIONS, ORDERS, LINES, EVALUATIONS, EVENTS, POINTS)
WRITTEN = (
    "promotion_report_detail_data",
    "promotion_evaluation_data",
    "promotion_order_data",
    "promotion_performance_data",
    "promotion_day_data",
    "customer_order_data",
    "membership_event_data",
    "membership_interval",
    "customer_day_data",
    "membership_analytics_data",
    "point_analytics_data",
    "point_analytics_rollup_data",
    "card_state",
    "fact_load",
)
# Documents of the shop.
KINDS = {"order": 9, "membership": 7, "points": 3}


class LoadedShops(list):
    """Engines and their reports that tests gave back as they were."""

    def __init__(self, shop_template, report_template, stack):
        super().__init__()
        self._templates, self._stack = (shop_template, report_template), stack

    def make(self):
        """(engine, report, contents): a new pair, with copies of the engine's rows."""
        shop_template, report_template = self._templates
        enter = self._stack.enter_context
        engine = Engine(
            enter(databases.database(databases.ENGINE, shop_template)), 20_000_000
        )
        report = enter(databases.database(databases.REPORT, report_template))
        for table in KEPT:
            engine.run(f"CREATE TABLE kept_{table} AS SELECT * FROM engine.{table}")
        synced(engine.dsn, report)
        return engine, report, contents(report)


@pytest.fixture(scope="module")
def loaded_shops(shop_template, report_template):
    """What a test takes from and, if it succeeds, gives back to."""
    with ExitStack() as stack:
        yield LoadedShops(shop_template, report_template, stack)


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
def test_the_report_follows_a_change_and_its_way_back(
    what, loaded_shops, assert_same_as_from_scratch
):
    loaded = loaded_shops.pop() if loaded_shops else loaded_shops.make()
    engine, report, before = loaded
    CHANGES[what](engine)
    synced(engine.dsn, report)
    after = assert_same_as_from_scratch(report, engine.dsn)
    assert before != after, "the change was none"
    for table in KEPT:
        engine.run(f"DELETE FROM engine.{table}")
        engine.run(f"INSERT INTO engine.{table} SELECT * FROM kept_{table}")
    synced(engine.dsn, report)
    assert_same_contents(before, contents(report))
    assert_rollups_follow_from_detail(report)
    loaded_shops.append(loaded)


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


def test_equal_content_is_not_written_again_but_for_its_version(shop, report):
    documents = (
        "SELECT kind, version, (to_jsonb(f) - 'version')::text FROM fact_document f"
    )

    def written():
        queries = {table: f"SELECT t.*, ctid, xmin FROM {table} t" for table in WRITTEN}
        return {
            table: sorted(databases.rows(report, query), key=repr)
            for table, query in queries.items()
        }

    def remembered():
        found = sorted(databases.rows(report, documents), key=repr)
        versions = {kind: sum(v for k, v, _row in found if k == kind) for kind in KINDS}
        return versions, sorted(row for _kind, _version, row in found)

    synced(shop.dsn, report)
    before, (versions, known) = written(), remembered()
    for table in KEPT:
        shop.run(f"UPDATE engine.{table} SET id = id")
    counts = synced(shop.dsn, report)
    assert counts.documents_read == sum(KINDS.values())
    assert counts.documents_changed == counts.rows_loaded == 0
    for table, rows in written().items():
        assert rows == before[table], table
    now, still_known = remembered()
    assert still_known == known
    # Baskets without an order have no version.
    newer = KINDS | {"order": KINDS["order"] - 2}
    assert now == {kind: versions[kind] + newer[kind] for kind in KINDS}


def test_a_change_writes_its_own_document_only(shop, report):
    synced(shop.dsn, report)
    query = "SELECT document_key, load_id FROM fact_document"
    before = dict(databases.rows(report, query))
    load = databases.value(report, "SELECT load_id FROM fact_load")
    of_order("A1", store_id=4)(shop)
    assert synced(shop.dsn, report).documents_changed == 1
    after = dict(databases.rows(report, query))
    assert {key for key in after if after[key] != before[key]} == {"A1"}
    assert after["A1"] == load + 1


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
