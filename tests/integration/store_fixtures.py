"""Stores for the tests: ClickHouse, a synced reporting database, a small disk.

A test module that wants these fixtures says `pytest_plugins = ["store_fixtures"]`.
"""

import os
import subprocess
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import databases
import pytest
from copies import Copy, closing_client, pushed, synced
from servers import running_clickhouse


@contextmanager
def clickhouse_database(server):
    """A database of its own on the server of the tests."""
    name = f"lr_{uuid.uuid4().hex[:12]}"
    with closing_client(server) as client:
        client.execute(f"CREATE DATABASE {name}")
        try:
            yield Copy(urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
        finally:
            client.execute(f"DROP DATABASE {name}")


@pytest.fixture
def copy(clickhouse_url):
    """An empty ClickHouse database."""
    with clickhouse_database(clickhouse_url) as found:
        yield found


@pytest.fixture(scope="session")
def synced_shop_template(shop_template, report_template):
    """URL of a reporting database that is synced with `shop`, to be copied."""
    with databases.database(databases.REPORT, report_template) as report:
        synced(shop_template, report)
        yield report


@pytest.fixture
def synced_shop(synced_shop_template):
    """URL of a reporting database that is synced with `shop`."""
    with databases.database(databases.REPORT, synced_shop_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def pushed_history(history, clickhouse_url):
    """(reporting database, copy) with the whole history; nobody changes them."""
    report, _counts = history
    with clickhouse_database(clickhouse_url) as copy:
        pushed(copy, report)
        yield report, copy


@pytest.fixture
def clients_may_vanish(clickhouse_url):
    """Leave a test out where a client that is killed takes the server along."""
    if os.environ.get("LR_CLICKHOUSE_VERSION") == "26.7":
        pytest.skip("the server of chdb-core 26.7 ends when a connection breaks")


@pytest.fixture
def server(tmp_path, clickhouse_url):
    """A running, empty ClickHouse server of this test's own, of the version of the tests'.

    Who is turned away when connecting asks this one: that of chdb-core 26.7 ends by it.
    """
    yield from running_clickhouse(tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A file system with hardly any space."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
