"""The engine's cursor: nothing is lost among writers, large transactions, time slots."""

import time
from contextlib import closing
from itertools import islice

import databases
import psycopg2
import pytest
from engine_world import Engine
from pipeline import await_others, contents, sync_once, synced
from writers import NaiveCursor, Writers, prepare

from core.sources import contract

SECONDS = 3
EVERYTHING = "UPDATE engine.processed_order SET store_id = store_id + 1000"


def rows_of(engine):
    """Rows that a first load reads: the dimensions twice, before the months and after."""
    return sum(
        engine.value(f"SELECT count(*) FROM engine.{table}")
        * (2 if table in contract.DIMENSIONS else 1)
        for table in contract.STAGES
    )


@pytest.mark.parametrize("seconds", [SECONDS, pytest.param(60, marks=pytest.mark.slow)])
def test_writers_at_work_lose_nothing_where_naive_cursors_lose_rows(
    seconds, engine, report, assert_same_as_from_scratch
):
    prepare(engine)
    naive = [NaiveCursor(engine.dsn, column) for column in ("id", "updated_at")]
    runs = 0
    with Writers(engine, number=6, seed=2017) as writers:
        until = time.monotonic() + seconds
        while time.monotonic() < until or runs < 4:
            for cursor in naive:
                cursor.poll()
            result = sync_once(engine.dsn, report, chunk_documents=50)
            assert result.state == "done", result
            runs += 1
    assert not writers.failures
    for cursor in naive:
        cursor.poll()
    synced(engine.dsn, report)
    assert writers.committed > 100
    expected = assert_same_as_from_scratch(report, engine.dsn)
    assert len(expected["detail"]) > 100
    for cursor in naive:
        assert cursor.lost(), "a cursor that must lose rows lost none: no proof"


def test_a_run_that_finds_nothing_makes_no_table(shop, report):
    """Run each minute, those it would make for nothing bloat the catalogue."""
    synced(shop.dsn, report)
    databases.execute(
        report,
        """CREATE TABLE command (tag text);
        CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql
            AS 'BEGIN INSERT INTO command VALUES (tg_tag); END';
        CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION note()""",
    )
    commands = "SELECT count(*) FROM command WHERE tag = 'CREATE TABLE'"
    assert synced(shop.dsn, report).rows_read == 0
    assert databases.value(report, commands) == 0
    shop.change("program", 1, name="Renamed")
    assert synced(shop.dsn, report).rows_read == 1
    assert databases.value(report, commands) > 0


class TestLongTransactions:
    @pytest.fixture
    def writer(self, shop):
        with closing(psycopg2.connect(shop.dsn)) as connection:
            yield connection

    def test_what_commits_later_is_not_skipped(self, shop, report, writer):
        synced(shop.dsn, report)
        with writer.cursor() as cr:
            cr.execute("UPDATE engine.processed_order SET store_id = 5 WHERE id = 'A1'")
        shop.change("processed_order", "A2", store_id=6)
        assert sync_once(shop.dsn, report).counts.documents_changed == 0
        writer.commit()
        assert synced(shop.dsn, report).documents_changed == 2

    def test_the_transaction_that_holds_the_cursor_back_is_named(
        self, shop, report, writer
    ):
        with writer.cursor() as cr:
            cr.execute("UPDATE engine.program SET name = name WHERE id = 1")
        time.sleep(1.1)
        result = sync_once(shop.dsn, report)
        assert result.lag_seconds > 1
        pid = writer.info.backend_pid
        database = databases.name_in(shop.dsn)
        assert f" {pid} (idle in transaction, database {database})" in result.message
        writer.rollback()
        await_others(shop.dsn)
        result = sync_once(shop.dsn, report)
        assert (result.message, result.lag_seconds) == ("", 0)

    def test_what_is_rolled_back_is_never_seen(self, shop, report, writer):
        synced(shop.dsn, report)
        with writer.cursor() as cr:
            cr.execute("DELETE FROM engine.processed_order")
        writer.rollback()
        assert synced(shop.dsn, report).documents_read == 0


class TestTimeSlots:
    """A run ends when its slot is over; the next goes on, whatever came between."""

    def run_until_done(self, engine, report, between=lambda: None, **options):
        """Runs with hardly any time. Returns the counts of each."""
        await_others(engine.dsn)
        runs = []
        for _ in range(100):
            result = sync_once(engine.dsn, report, seconds=0.001, **options)
            assert result.state in ("partial", "done"), result
            runs.append(result.counts)
            if result.state == "done":
                return runs
            between()
        raise AssertionError("the source is never done")

    def test_a_large_transaction_is_read_in_chunks(
        self, households, report, assert_same_as_from_scratch
    ):
        synced(households.dsn, report)
        households.run(EVERYTHING)
        orders = households.value("SELECT count(*) FROM engine.processed_order")
        runs = self.run_until_done(households, report, chunk_documents=50)
        changed = [run.documents_changed for run in runs if run.documents_changed]
        assert changed == [50] * (orders // 50) + [orders % 50]
        assert sum(run.documents_read for run in runs) == orders
        assert_same_as_from_scratch(report, households.dsn)

    def test_corrections_between_the_chunks_are_not_lost(
        self, households, report, assert_same_as_from_scratch
    ):
        synced(households.dsn, report)
        households.run(EVERYTHING)
        keys = households.rows("SELECT id FROM engine.processed_order ORDER BY id")
        ends = iter([*keys[:4], *keys[-4:]])

        def correct_two():
            for (key,) in islice(ends, 2):
                households.change("processed_order", key, store_id=77)
                households.run(
                    "DELETE FROM engine.order_promotion_line WHERE id ="
                    " (SELECT min(id) FROM engine.order_promotion_line"
                    " WHERE order_id = %s)",
                    [key],
                )

        self.run_until_done(households, report, correct_two, chunk_documents=50)
        assert next(ends, None) is None, "not all corrections were made"
        assert_same_as_from_scratch(report, households.dsn)

    def test_a_first_load_goes_on_month_by_month(
        self, households, report, assert_same_as_from_scratch
    ):
        runs = self.run_until_done(households, report, chunk_documents=50)
        assert len(runs) > 5
        assert sum(run.rows_read for run in runs) == rows_of(households)
        assert_same_as_from_scratch(report, households.dsn)

    def test_rows_without_a_document_do_not_stop_it(self, shop, report):
        shop.line(None)
        shop.line(None)
        self.run_until_done(shop, report, chunk_documents=1)
        shop.run(
            "UPDATE engine.order_promotion_line SET id = id WHERE order_id IS NULL"
        )
        self.run_until_done(shop, report, chunk_documents=1)
        assert len(contents(report)["dead letters"]) == 2

    def test_done_means_that_all_committed_before_the_run_is_there(
        self, shop, report, assert_same_as_from_scratch
    ):
        sync_once(shop.dsn, report, seconds=0.001, workers=1)
        shop.change("processed_order", "A1", store_id=5)
        shop.order("late", "2017-03-30 12:00Z")
        synced(shop.dsn, report)
        assert_same_as_from_scratch(report, shop.dsn)


def test_a_first_load_reads_every_row_once(households, report):
    counts = synced(households.dsn, report, workers=4)
    assert counts.rows_read == rows_of(households)
    assert synced(households.dsn, report).rows_read == 0


def test_a_read_only_role_is_enough(shop, report):
    databases.execute(
        shop.dsn,
        "DO $$ BEGIN CREATE ROLE lr_reader LOGIN PASSWORD 'lr_reader';"
        " EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    )
    shop.run("GRANT USAGE ON SCHEMA engine TO lr_reader")
    shop.run("GRANT SELECT ON ALL TABLES IN SCHEMA engine TO lr_reader")
    reader = Engine(shop.dsn).dsn.replace(
        shop.dsn.split("//")[1].split("@")[0], "lr_reader:lr_reader"
    )
    assert synced(reader, report).documents_changed == 19
