"""Databases for the tests of the pipeline without Odoo: engines and reports."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for path in (ROOT, ROOT / "tests"):
    if str(path) not in sys.path:
        sys.path.insert(0, str(path))

import databases  # noqa: E402
import engine_world  # noqa: E402
import pipeline  # noqa: E402
import psycopg2  # noqa: E402
import recomputed  # noqa: E402

from core.queries import answer as answering  # noqa: E402
from dev.reference_engine import build  # noqa: E402

FEW = 12


def quiet(_line):
    """Keep the build's report out of the test's output."""


@pytest.fixture(autouse=True)
def clickhouse_answers_what_it_can(monkeypatch):
    """Both stores are asked everything, also what PostgreSQL answers faster."""
    monkeypatch.setattr(answering, "is_cheap_here", lambda *_: False)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what asks ClickHouse: what uses its URL, unless the store is PostgreSQL."""
    for item in items:
        chosen = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if "clickhouse_url" in item.fixturenames and "postgresql" not in chosen:
            item.add_marker(pytest.mark.clickhouse)


@pytest.fixture(scope="session")
def clickhouse_url():
    """URL of a ClickHouse server; tests that use it are run on several versions."""
    name = "LR_CLICKHOUSE_URL"
    return os.environ.get(name) or pytest.skip(f"{name}: no URL of a ClickHouse server")


@pytest.fixture(scope="session")
def report_template():
    """URL of an empty reporting database, to be copied."""
    with databases.database(databases.REPORT) as dsn:
        pipeline.make_report(dsn)
        yield dsn


@pytest.fixture(scope="session")
def engine_template():
    """URL of an engine without orders, to be copied."""
    with databases.database(databases.ENGINE) as dsn:
        engine_world.make_schema(dsn)
        yield dsn


@pytest.fixture(scope="session")
def household_template():
    """URL of the reference engine with few households, to be copied."""
    with databases.database(databases.ENGINE) as dsn:
        build(dsn, households=FEW, say=quiet)
        yield dsn


@pytest.fixture(scope="session")
def full_engine():
    """URL of the reference engine's whole history; nobody writes to it."""
    dsn = databases.url_of(databases.ENGINE, "engine")
    try:
        psycopg2.connect(dsn).close()
    except psycopg2.OperationalError:
        databases.administer(databases.ENGINE, "CREATE DATABASE engine")
    build(dsn, if_missing=True, say=quiet)
    return dsn


@pytest.fixture(scope="session")
def history(full_engine, report_template):
    """(URL of a reporting database with the whole history, counts of its load)."""
    with databases.database(databases.REPORT, report_template) as dsn:
        yield dsn, pipeline.synced(full_engine, dsn)


@pytest.fixture
def report(report_template):
    """URL of an empty reporting database."""
    with databases.database(databases.REPORT, report_template) as dsn:
        yield dsn


@pytest.fixture
def engine(engine_template):
    """An engine without orders, to be written by hand."""
    with databases.database(databases.ENGINE, engine_template) as dsn:
        yield engine_world.Engine(dsn)


@pytest.fixture(scope="session")
def shop_template(engine_template):
    """URL of a hand-made engine with a bit of everything that is valid."""
    with databases.database(databases.ENGINE, engine_template) as dsn:
        engine_world.fill(engine_world.Engine(dsn))
        yield dsn


@pytest.fixture
def shop(shop_template):
    """A hand-made engine with a bit of everything that is valid, to be changed."""
    with databases.database(databases.ENGINE, shop_template) as dsn:
        yield engine_world.Engine(dsn, first_id=20_000_000)


@pytest.fixture
def households(household_template):
    """The reference engine with few households, to be changed."""
    with databases.database(databases.ENGINE, household_template) as dsn:
        yield engine_world.Engine(dsn)


@pytest.fixture
def assert_same_as_from_scratch(report_template):
    """Function (report, engine): the report equals a first load of the engine now."""

    def check(report_dsn, engine_dsn, **options):
        expected = pipeline.from_scratch(engine_dsn, report_template, **options)
        pipeline.assert_same_contents(expected, pipeline.contents(report_dsn))
        recomputed.assert_rollups_follow_from_detail(report_dsn)
        return expected

    return check
