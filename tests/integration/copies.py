"""ClickHouse copies in the tests: making, filling and looking into them."""

import time
from contextlib import contextmanager
from dataclasses import dataclass

import clickhouse_driver
import databases
from pipeline import synced as synced_once

from core.database import connect
from core.settings import Settings
from core.stores import push as pushing

SECRET = "a-secret-of-the-tests"
TOMBSTONES = (
    "promotion_order_tombstone",
    "promotion_performance_tombstone",
    "membership_analytics_tombstone",
    "customer_day_tombstone",
    "point_analytics_rollup_tombstone",
)


@dataclass
class Copy:
    """A ClickHouse database, and short ways to look into it and to change it."""

    url: str

    @property
    def settings(self):
        """Settings of an addon that pushes there."""
        return Settings(clickhouse_url=self.url)

    def rows(self, query, data=None, **options):
        """Rows of a query, or insert rows of data."""
        with closing_client(self.url) as client:
            return client.execute(query, data, **options)

    def mutate(self, table, change):
        """Change rows that lie there, and wait until that is done."""
        self.rows(f"ALTER TABLE {table} {change}")
        # Only newer servers wait by themselves, where mutations_sync is set.
        undone = (
            "SELECT count() FROM system.mutations WHERE database = currentDatabase()"
            f" AND table = '{table}' AND is_done = 0"
        )
        for _ in range(600):
            if not self.value(undone):
                return
            time.sleep(0.05)
        raise AssertionError(f"{change}: not done")

    def value(self, query):
        """The only value of a query."""
        [(only,)] = self.rows(query)
        return only


@contextmanager
def closing_client(address):
    client = clickhouse_driver.Client.from_url(address)
    try:
        yield client
    finally:
        client.disconnect()


def synced(engine_dsn, report, **options):
    """One run that reads all that is written by now. Returns its counts.

    A transaction of another test in the engine's cluster may hold the source back.
    """
    written = databases.value(engine_dsn, "SELECT pg_current_xact_id()::text")
    for _ in range(600):
        if databases.value(
            engine_dsn,
            "SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8",
            [written],
        ):
            break
        time.sleep(0.05)
    return synced_once(engine_dsn, report, **options)


def pushed(copy, report):
    """A push that must succeed. Returns the number of rows it sent."""
    return _succeeded(pushing.push(copy.settings, report))


def rebuilt(copy, report):
    """A rebuild that must succeed. Returns the number of rows it sent."""
    return _succeeded(pushing.rebuild(copy.settings, report))


def _succeeded(result):
    assert result.state == "done", result
    return result.counts.rows_loaded


def state_of(report):
    """The state of ClickHouse as PostgreSQL knows it."""
    [row] = databases.dicts(report, "SELECT * FROM loyalty_reporting_clickhouse")
    return row


@contextmanager
def fresh_cursor(report):
    """A cursor with a snapshot of its own, as `answer` wants it."""
    with (
        databases.borrowed(report, connect) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def purge_tombstones(report):
    """What a retention job may do: forget tombstones that ClickHouse knows."""
    for table in TOMBSTONES:
        databases.execute(
            report,
            f"DELETE FROM {table} WHERE load_id <="
            " (SELECT watermark FROM loyalty_reporting_clickhouse)",
        )


def problem_of(result, report):
    """Why a push failed: told by the run, the run log and the state."""
    assert result.state == "failed", result
    state, message = databases.rows(
        report,
        "SELECT state, message FROM loyalty_reporting_run ORDER BY id DESC LIMIT 1",
    )[0]
    assert (state, message) == ("failed", result.message)
    assert state_of(report)["problem"] == result.message
    assert state_of(report)["problem_at"]
    assert SECRET not in result.message
    return result.message


class Killed(BaseException):
    """The process ends here: no error that a job could tell of."""


def fail(*_args):
    """What a process does that ends here."""
    raise Killed
