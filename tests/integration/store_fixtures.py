"""ClickHouse for the tests: a database of a test's own, or a server of its own.

A test module that wants these fixtures says `pytest_plugins = ["store_fixtures"]`.
"""

import os
import signal
import time
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import clickhouse_driver
import databases
import engine_world
import pytest
from pipeline import synced as synced_once

from core.database import connect
from core.settings import Settings
from core.stores import push as pushing
from dev import ports
from dev.processes import Keeper
from dev.services.clickhouse import ClickHouse, url
from dev.setup import install

CLICKHOUSE = "LR_CLICKHOUSE_URL"
REDIS = "LR_REDIS_URL"
PASSWORD = "a-secret-of-the-tests"


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


@contextmanager
def clickhouse_database():
    """A database of its own on the server of the tests."""
    server = os.environ.get(CLICKHOUSE)
    if not server:
        pytest.skip(f"{CLICKHOUSE}: no URL of a ClickHouse server")
    name = f"lr_{uuid.uuid4().hex[:12]}"
    with closing_client(server) as client:
        client.execute(f"CREATE DATABASE {name}")
        try:
            yield Copy(urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
        finally:
            client.execute(f"DROP DATABASE {name}")


@pytest.fixture
def copy():
    """An empty ClickHouse database."""
    with clickhouse_database() as found:
        yield found


@pytest.fixture(scope="session")
def shop_report_template(engine_template, report_template):
    """URL of a reporting database that is synced with `shop`, to be copied."""
    with (
        databases.database(databases.ENGINE, engine_template) as engine,
        databases.database(databases.REPORT, report_template) as report,
    ):
        engine_world.fill(engine_world.Engine(engine))
        synced(engine, report)
        yield report


@pytest.fixture
def synced_shop(shop_report_template):
    """URL of a reporting database that is synced with `shop`."""
    with databases.database(databases.REPORT, shop_report_template) as dsn:
        yield dsn


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
    with closing(connect(report)) as connection, connection.cursor() as cursor:
        yield cursor


@dataclass
class Server:
    """A ClickHouse server of a test's own, to be stopped and killed."""

    keeper: Keeper
    service: object
    copy: Copy

    def start(self):
        self.keeper.start(self.service)

    def stop(self):
        self.keeper.stop(self.service.name)

    def kill(self):
        self.keeper.stop(self.service.name, (signal.SIGKILL,))


@pytest.fixture(scope="session")
def clickhouse_python():
    """The interpreter that runs a ClickHouse server."""
    return install().programs.clickhouse_python


@pytest.fixture
def server(tmp_path, clickhouse_python):
    """A running, empty ClickHouse server of this test's own."""
    tcp = ports.choose()
    http = ports.choose([tcp])
    made = ClickHouse(clickhouse_python, tmp_path / "clickhouse", tcp, http, PASSWORD)
    made.prepare()
    found = Server(Keeper(tmp_path), made.service(), Copy(url(tcp, PASSWORD)))
    found.start()
    try:
        made.ensure_database()
        yield found
    finally:
        found.kill()


@pytest.fixture(scope="session")
def history(full_engine, report_template):
    """(reporting database, copy) with the whole history; nobody changes them."""
    with (
        databases.database(databases.REPORT, report_template) as report,
        clickhouse_database() as copy,
    ):
        synced(full_engine, report)
        pushed(copy, report)
        yield report, copy


def purge_tombstones(report):
    """What a retention job may do: forget tombstones that ClickHouse knows."""
    for table in ("promotion_order_tombstone", "promotion_performance_tombstone"):
        databases.execute(
            report,
            f"DELETE FROM {table} WHERE load_id <="
            " (SELECT watermark FROM loyalty_reporting_clickhouse)",
        )
