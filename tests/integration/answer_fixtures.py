"""A small world to ask, with and without ClickHouse and Redis.

A test module that wants these fixtures names this one in its `pytest_plugins`.
"""

import os
import socket
from dataclasses import replace

import pytest
from asking import ask
from copies import pushed

from core.queries import answer as answering
from core.queries import cache, clickhouse, postgres
from core.queries.pause import Pause
from core.settings import Settings

REDIS = "LR_REDIS_URL"


@pytest.fixture
def redis_url():
    """URL of a Redis."""
    return os.environ.get(REDIS) or pytest.skip(f"{REDIS}: no URL of a Redis server")


@pytest.fixture
def silent():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def nothing_is_paused(monkeypatch):
    """Services that were away in another test are asked again."""
    monkeypatch.setattr(cache, "_pause", Pause())
    monkeypatch.setattr(answering, "_pause", Pause())


@pytest.fixture
def queried(monkeypatch):
    """List of the stores that were really queried."""
    stores = []
    for dialect in (postgres, clickhouse):

        def run(*args, _run=dialect.run, _store=dialect.STORE, **options):
            stores.append(_store)
            return _run(*args, **options)

        monkeypatch.setattr(dialect, "run", run)
    return stores


@pytest.fixture
def world(shop, synced_shop, copy):
    """(engine, report, copy): small, synced and pushed."""
    pushed(copy, synced_shop)
    return shop, synced_shop, copy


@pytest.fixture(params=["postgresql", "clickhouse"])
def options(request, world, redis_url):
    """Settings with a cache, without and with ClickHouse."""
    _engine, _report, copy = world
    with_cache = replace(copy.settings, redis_url=redis_url, cache_ttl=60)
    if request.param == "clickhouse":
        return with_cache
    return replace(with_cache, clickhouse_url="")


@pytest.fixture(params=["postgresql", "clickhouse"])
def asked(request, pushed_history):
    """Function (query): the answer from one store, which must be the one meant."""
    report, copy = pushed_history

    def answered(query):
        options = copy.settings if request.param == "clickhouse" else Settings()
        found = ask(report, query, options)
        assert found.store == request.param
        assert found.total == len(found.rows)
        return found.rows

    return answered
