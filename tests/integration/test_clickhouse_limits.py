"""A query takes no more of ClickHouse than the settings allow, and half an answer is none."""

import time

import pytest

from core.errors import StoreError
from core.settings import Settings
from core.stores.clickhouse import client

NUMBERS = "SELECT number FROM system.numbers LIMIT"


@pytest.fixture
def asking(clickhouse_url):
    """Function (query, settings): its rows, within their limits."""

    def ask(query, timeout=30, **settings):
        limits = Settings(**settings).clickhouse_limits
        with client(clickhouse_url, timeout=timeout, limits=limits) as connection:
            return connection.execute(query)

    return ask


def test_the_defaults_let_reports_through(asking):
    assert len(asking(f"{NUMBERS} 100000")) == 100_000


@pytest.mark.parametrize(
    "settings,query",
    [
        ({"clickhouse_rows": 1000}, f"{NUMBERS} 200000"),
        ({"clickhouse_bytes": 1000}, f"SELECT sum(number) FROM ({NUMBERS} 9999999)"),
        (
            {"clickhouse_memory": 1_000_000},
            f"SELECT uniqExact(number) FROM ({NUMBERS} 9999999)",
        ),
    ],
)
def test_what_goes_beyond_is_an_error(asking, settings, query):
    with pytest.raises(StoreError, match="refused"):
        asking(query, **settings)


def test_a_query_ends_at_its_time_whoever_still_waits(asking):
    started = time.monotonic()
    with pytest.raises(StoreError):
        asking("SELECT max(number) FROM system.numbers", timeout=1)
    assert time.monotonic() - started < 5
