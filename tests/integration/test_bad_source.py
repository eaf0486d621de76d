"""A source that fails: a message for a person, nothing lost, and the next run goes on."""

import logging
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import databases
import psycopg2
import pytest
from fake_source import FakeSource, document
from pipeline import NEW_YORK, contents, sync_once, synced

from core import sync
from core.sources import SOURCES
from core.sources.contract import default_queries

SECRET = "s3cret-Pa55"
MENDED = "the next run goes on where this one ended"


@pytest.fixture
def failed(report, caplog):
    """Function (engine URL): the message of a run that must fail, without secrets."""

    def check(engine_dsn, **options):
        with caplog.at_level(logging.DEBUG):
            result = sync_once(engine_dsn, report, **options)
        assert result.state == "failed", result
        query = (
            "SELECT state, message FROM loyalty_reporting_run ORDER BY id DESC LIMIT 1"
        )
        assert databases.rows(report, query) == [("failed", result.message)]
        assert SECRET not in caplog.text + result.message
        assert result.message in caplog.text
        return result.message

    return check


@contextmanager
def reader(engine, grants=()):
    """URL for a role of its own with some rights on an engine."""
    name = f"lr_{databases.name_in(engine.dsn)[-8:]}"
    engine.run(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
    try:
        for grant in grants:
            engine.run(f"GRANT {grant} TO {name}")
        yield with_user(engine.dsn, name, SECRET)
    finally:
        engine.run(f"DROP OWNED BY {name}; DROP ROLE {name}")


def with_user(dsn, user, password):
    parts = urlsplit(dsn)
    return urlunsplit(
        parts._replace(netloc=f"{user}:{password}@{parts.netloc.split('@')[1]}")
    )


def kill_connections(dsn, application):
    """Cut the connections of an application to a database. Returns how many."""
    return len(
        databases.rows(
            dsn,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s"
            " AND pid <> pg_backend_pid()",
            [application],
        )
    )


class TestTheAddress:
    def test_a_server_that_is_away_is_said_with_its_address(self, failed):
        message = failed(f"postgresql://reader:{SECRET}@127.0.0.1:1/engine")
        assert "127.0.0.1" in message and "port 1" in message
        assert "Check the server and the address" in message and MENDED in message

    def test_a_host_that_is_not_known_is_said(self, failed):
        message = failed(f"postgresql://reader:{SECRET}@nowhere.invalid/engine")
        assert "nowhere.invalid" in message

    def test_a_wrong_password_is_said_and_never_shown(self, shop, failed):
        with reader(shop) as dsn:
            message = failed(dsn.replace(SECRET, f"{SECRET}-wrong"))
        assert "password authentication failed for user" in message

    def test_a_database_that_is_not_there_is_said(self, shop, failed):
        assert '"nowhere" does not exist' in failed(
            f"{shop.dsn}_x".replace(databases.name_in(shop.dsn) + "_x", "nowhere")
        )

    @pytest.mark.parametrize(
        "dsn",
        [
            f"postgresql://reader:{SECRET}%zz@127.0.0.1:1/engine",
            f"postgresql://reader:{SECRET}@127.0.0.1:port/engine",
            f"postgresql://reader:{SECRET}@127.0.0.1:1/engine?{SECRET}=1",
            f"host=127.0.0.1 password={SECRET} user",
            f"postgresql://reader:x@{SECRET}@127.0.0.1:1/engine",
            f"postgresql://reader:x/{SECRET}@127.0.0.1:1/engine",
            f"mysql://reader:{SECRET}@127.0.0.1/engine",
        ],
    )
    def test_an_address_that_is_none_is_said_without_its_password(self, dsn, failed):
        assert "postgresql://user:password@host:port/database" in failed(dsn)

    def test_no_address_says_where_to_set_one(self, failed):
        assert "LOYALTY_REPORTING_ENGINE_DSN" in failed("")

    def test_the_reporting_databases_address_is_never_shown(self, shop, caplog):
        for dsn in (
            f"postgresql://report:{SECRET}%zz@127.0.0.1:1/report",
            f"postgresql://report:{SECRET}@127.0.0.1:1/report",
        ):
            result = sync_once(shop.dsn, dsn)
            assert result.state == "failed"
            assert "reporting database" in result.message
            assert SECRET not in result.message + caplog.text


class TestTheContract:
    """What the engine must offer; a fault names the table, the column, the remedy."""

    FAULTS = {
        "missing table": (
            "DROP TABLE engine.promotion_evaluation",
            'promotion_evaluation: relation "engine.promotion_evaluation" does not',
        ),
        "missing column": (
            "ALTER TABLE engine.order_promotion_line DROP COLUMN discount",
            "order_promotion_line.discount is missing: add it to the extraction query",
        ),
        "numeric to text": (
            "ALTER TABLE engine.order_promotion_line ALTER amount TYPE text",
            "order_promotion_line.amount is not numeric: cast it in the extraction",
        ),
        "numeric to float": (
            "ALTER TABLE engine.order_promotion_line ALTER amount TYPE double precision",
            "order_promotion_line.amount is not numeric",
        ),
        "timestamptz to timestamp": (
            "ALTER TABLE engine.processed_order ALTER ordered_at TYPE timestamp",
            "processed_order.ordered_at is not timestamp with time zone: cast it",
        ),
        "text to uuid": (
            "ALTER TABLE engine.program ALTER name TYPE uuid USING NULL",
            "program.name is not text",
        ),
        "missing schema": (
            "ALTER SCHEMA engine RENAME TO motor",
            'program: relation "engine.program" does not exist',
        ),
    }

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_is_said_and_nothing_is_lost(
        self, fault, shop, report, failed, assert_same_as_from_scratch
    ):
        change, words = self.FAULTS[fault]
        synced(shop.dsn, report)
        before = contents(report)
        shop.run("UPDATE engine.processed_order SET store_id = 9")
        shop.run(f"CREATE SCHEMA kept; {self._copies('engine', 'kept')}")
        shop.run(change)
        assert words in failed(shop.dsn)
        assert contents(report) == before
        kept = default_queries("kept")
        counts = synced(shop.dsn, report, queries=kept)
        assert counts.documents_changed == 7
        assert_same_as_from_scratch(report, shop.dsn, queries=kept)

    def _copies(self, source, target):
        return ";".join(
            f"CREATE TABLE {target}.{table} AS SELECT * FROM {source}.{table}"
            for table in default_queries()
        )

    def test_all_faults_are_said_at_once(self, shop, failed):
        shop.run("DROP TABLE engine.program; DROP TABLE engine.deleted")
        shop.run("ALTER TABLE engine.processed_order DROP COLUMN channel")
        message = failed(shop.dsn)
        for name in ("engine.program", "engine.deleted", "processed_order.channel"):
            assert name in message

    def test_the_check_says_the_same(self, shop):
        source = SOURCES["engine_pg"](shop.dsn)
        assert source.check() == []
        shop.run("ALTER TABLE engine.processed_order DROP COLUMN channel")
        assert source.check() == [
            "processed_order.channel is missing: add it to the extraction query"
        ]

    def test_a_right_that_is_missing_is_said_with_its_remedy(self, shop, failed):
        grants = ["USAGE ON SCHEMA engine", "SELECT ON engine.program TO"]
        with reader(shop, [grants[0], grants[1].removesuffix(" TO")]) as dsn:
            message = failed(dsn)
        assert "permission denied for table processed_order" in message
        assert "program:" not in message
        assert "GRANT SELECT" in message

    def test_a_query_that_is_no_sql_is_said(self, shop, failed):
        queries = {**default_queries(), "program": "SELEC 1"}
        assert "program: syntax error" in failed(shop.dsn, queries=queries)

    def test_a_query_that_fails_on_a_row_is_said(self, shop, report, failed):
        queries = default_queries()
        queries["order_promotion_line"] = (
            "SELECT id, order_id, program_id, product_id, qty / 0 AS qty, amount,"
            " discount, points_earned, points_redeemed, version, txid"
            " FROM engine.order_promotion_line"
        )
        assert "division by zero" in failed(shop.dsn, queries=queries)
        synced(shop.dsn, report)

    def test_a_slow_query_is_cut_and_the_remedy_is_said(self, shop, report, failed):
        queries = default_queries()
        queries["order_promotion_line"] = (
            "SELECT l.* FROM engine.order_promotion_line l, pg_sleep(1.5)"
        )
        message = failed(shop.dsn, queries=queries, timeout=1)
        assert "statement timeout" in message
        assert "index" in message and "LOYALTY_REPORTING_SOURCE_TIMEOUT" in message
        synced(shop.dsn, report)


class TestTheConnection:
    """Connections that are cut in the middle, on either side."""

    def cut_until(self, done, dsn, application):
        """Cut connections, now and then, until something is done."""
        cuts = 0
        while not done():
            cuts += kill_connections(dsn, application)
            time.sleep(0.15)
        return cuts

    @pytest.mark.parametrize("side", ["engine", "report"])
    def test_runs_whose_connections_are_cut_end_with_the_same_numbers(
        self, side, households, report, assert_same_as_from_scratch
    ):
        dsn, application = {
            "engine": (households.dsn, "loyalty_reporting source"),
            "report": (report, "loyalty_reporting%"),
        }[side]
        stop = threading.Event()
        cutter = threading.Thread(
            target=self.cut_until, args=(stop.is_set, dsn, application)
        )
        cutter.start()
        states = []
        try:
            for _ in range(8):
                result = sync_once(households.dsn, report, chunk_documents=10)
                states.append(result.state)
                if result.state == "failed":
                    assert MENDED in result.message, result.message
                households.run(
                    "UPDATE engine.processed_order SET store_id = store_id + 1"
                )
        finally:
            stop.set()
            cutter.join()
        assert "failed" in states
        time.sleep(0.2)
        synced(households.dsn, report)
        assert_same_as_from_scratch(report, households.dsn)

    def test_a_table_locked_in_the_engine_is_waited_for_no_longer_than_the_timeout(
        self, shop, report, failed
    ):
        connection = psycopg2.connect(shop.dsn)
        with connection.cursor() as cr:
            cr.execute("LOCK TABLE engine.order_promotion_line")
            assert "statement timeout" in failed(shop.dsn, timeout=1)
        connection.close()
        synced(shop.dsn, report)

    def test_what_was_loaded_before_a_failure_is_told(self, report):
        def break_at(number):
            if number == 2:
                raise RuntimeError("the third chunk is broken")

        chunks = [[document(f"A{n}", number=n)] for n in range(4)]
        result = sync.run(
            FakeSource(chunks, break_at),
            report,
            source_name="fake",
            companies=[NEW_YORK],
            mapping={1: 1},
        )
        assert result.state == "failed"
        assert "the third chunk is broken" in result.message
        assert result.counts.documents_changed == 2
        query = "SELECT state, rows_loaded FROM loyalty_reporting_run"
        assert databases.rows(report, query) == [("failed", 2)]
