"""An engine that was restored, replaced or failed over: everything is compared."""

import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import databases
import pytest
from engine_world import Engine
from pipeline import contents, sync_once, synced

STILL = (
    "ALTER TABLE engine.processed_order DISABLE TRIGGER ALL;"
    "ALTER TABLE engine.order_promotion_line DISABLE TRIGGER ALL;"
    "ALTER TABLE engine.promotion_evaluation DISABLE TRIGGER ALL"
)
# As in a backup from before these orders: rows are gone, and others are old.
BACK_IN_TIME = (
    f"{STILL};"
    "DELETE FROM engine.processed_order WHERE id IN ('A1', 'A5');"
    "DELETE FROM engine.order_promotion_line WHERE order_id IN ('A1', 'A5');"
    "DELETE FROM engine.promotion_evaluation WHERE order_id IN ('A1', 'lost-1');"
    "UPDATE engine.order_promotion_line SET amount = 1 WHERE order_id = 'A2'"
)


@contextmanager
def restored(engine, directory):
    """A dump of the engine, put into another database of the same cluster."""
    binaries = Path(os.environ["LR_PG_BIN"])
    file = directory / "engine.dump"
    dump = [binaries / "pg_dump", "-Fc", "-f", file, engine.dsn]
    subprocess.run(dump, check=True)
    with databases.database(databases.ENGINE) as dsn:

        def restore():
            command = [binaries / "pg_restore", "-d", dsn, file]
            subprocess.run(command, check=True)
            return Engine(dsn, first_id=30_000_000)

        yield restore


def alter_position(report, **values):
    """Change the saved position, as if it came from another server."""
    for name, value in values.items():
        databases.execute(
            report,
            "UPDATE loyalty_reporting_cursor SET position ="
            " jsonb_set(position, %s, %s)",
            [[name], json.dumps(value)],
        )


def documents(engine):
    """How many documents the engine holds: orders, membership events, bookings."""
    return engine.value(
        "SELECT (SELECT count(*) FROM (SELECT id FROM engine.processed_order"
        " UNION SELECT order_id FROM engine.promotion_evaluation) d)"
        " + (SELECT count(*) FROM engine.membership_event)"
        " + (SELECT count(*) FROM engine.point_transaction WHERE order_id IS NULL)"
    )


@pytest.mark.parametrize(
    "position",
    [
        {"system": "7000000000000000000"},
        {"timeline": 77},
        {"database": 5},
        {"low": 10**15},
        {"high": 10**15},
    ],
)
def test_another_server_or_an_earlier_one_is_compared_by_key(
    position, shop, report, assert_same_as_from_scratch
):
    synced(shop.dsn, report)
    shop.run(BACK_IN_TIME)
    assert synced(shop.dsn, report).documents_read == 0
    alter_position(report, **position)
    counts = synced(shop.dsn, report, chunk_documents=2)
    assert (counts.documents_read, counts.documents_changed) == (documents(shop), 4)
    assert_same_as_from_scratch(report, shop.dsn)
    assert synced(shop.dsn, report).rows_read == 0


def test_a_dump_restored_in_the_same_cluster_is_compared_by_key(
    shop, report, tmp_path, assert_same_as_from_scratch
):
    with restored(shop, tmp_path) as restore:
        shop.order("A9", "2017-05-05 10:00Z", lines=3)
        shop.change("processed_order", "A1", store_id=9)
        shop.delete("processed_order", "A2")
        synced(shop.dsn, report)
        other = restore()
        synced(other.dsn, report)
        assert_same_as_from_scratch(report, other.dsn)
        other.change("processed_order", "A1", store_id=3)
        assert synced(other.dsn, report).documents_changed == 1
        assert_same_as_from_scratch(report, other.dsn)


def test_rows_of_transactions_that_never_were_are_compared_once(
    shop, report, assert_same_as_from_scratch
):
    synced(shop.dsn, report)
    shop.run(
        f"{STILL}; UPDATE engine.processed_order SET store_id = 8, txid ="
        " (pg_current_xact_id()::text::bigint + 1000000)::text::xid8 WHERE id = 'A1'"
    )
    assert synced(shop.dsn, report).documents_changed == 1
    assert synced(shop.dsn, report).documents_read == 0
    assert_same_as_from_scratch(report, shop.dsn)


def test_an_engine_restored_in_mid_comparison_is_compared_from_the_start(
    households, report, assert_same_as_from_scratch
):
    synced(households.dsn, report)
    alter_position(report, system="1")
    for _ in range(3):
        result = sync_once(households.dsn, report, chunk_documents=40, seconds=0.001)
        assert result.state == "partial"
    households.run(
        f"{STILL}; DELETE FROM engine.processed_order WHERE id IN"
        " (SELECT id FROM engine.processed_order ORDER BY id LIMIT 5)"
    )
    alter_position(report, timeline=9)
    synced(households.dsn, report, chunk_documents=100)
    assert_same_as_from_scratch(report, households.dsn)


def test_an_engine_restored_in_mid_first_load_is_compared_by_key(
    shop, report, assert_same_as_from_scratch
):
    result = sync_once(shop.dsn, report, seconds=0.001, workers=1)
    assert result.state == "partial"
    shop.run(BACK_IN_TIME)
    alter_position(report, system="1")
    synced(shop.dsn, report)
    assert_same_as_from_scratch(report, shop.dsn)


def test_an_empty_engine_empties_the_report(shop, engine, report):
    synced(shop.dsn, report)
    synced(engine.dsn, report)
    found = contents(report)
    assert not any(found.values())


def test_what_was_refused_and_is_gone_is_settled(shop, report):
    shop.order("bad-1", ordered_at=None)
    shop.line("bad-2", amount="NaN")
    shop.line(None)
    synced(shop.dsn, report)
    assert len(contents(report)["dead letters"]) == 4
    shop.run(
        f"{STILL}; DELETE FROM engine.processed_order WHERE id LIKE 'bad%';"
        " DELETE FROM engine.order_promotion_line"
        " WHERE order_id LIKE 'bad%' OR order_id IS NULL"
    )
    alter_position(report, system="1")
    synced(shop.dsn, report, chunk_documents=2)
    assert contents(report)["dead letters"] == []


def test_without_a_cursor_everything_is_read_and_nothing_is_written(shop, report):
    synced(shop.dsn, report)
    before = contents(report)
    load = databases.value(report, "SELECT load_id FROM fact_load")
    databases.execute(report, "DELETE FROM loyalty_reporting_cursor")
    counts = synced(shop.dsn, report, chunk_documents=2)
    # Events of memberships come before the months, and then with everything else.
    events = shop.value("SELECT count(*) FROM engine.membership_event")
    assert counts.documents_read == documents(shop) + events
    assert counts.documents_changed == 0
    assert contents(report) == before
    assert databases.value(report, "SELECT load_id FROM fact_load") == load
