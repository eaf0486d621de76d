"""Databases for the benches: the engine's history, and empty reporting databases."""

import os
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2

from core.database import connect
from core.records import Company
from core.settings import Settings
from core.sources import SOURCES
from core.stores import clickhouse
from core.stores.migrate import migrate

COMPANY = Company(1, "America/New_York", "USD", 2)


def build_engine(multiply=1):
    """Have an engine with the history, ``multiply`` times."""
    # Its libraries would count as memory of the loads that are measured.
    from dev.reference_engine import build  # noqa: PLC0415

    dsn = _ensure(os.environ["LR_ENGINE_PG_DSN"], _engine(multiply))
    build(dsn, multiply=multiply, if_missing=True, say=lambda line: None)


def source(multiply=1):
    """Return the source that reads what :func:`build_engine` built."""
    server = urlsplit(os.environ["LR_ENGINE_PG_DSN"])
    return SOURCES["engine_pg"](server._replace(path=f"/{_engine(multiply)}").geturl())


def _engine(multiply):
    return "engine" if multiply == 1 else f"engine_times_{multiply}"


def reporting(name="bench"):
    """Return the address of an empty reporting database."""
    dsn = _ensure(os.environ["LR_REPORT_PG_DSN"], name, fresh=True)
    with closing(connect(dsn)) as connection, connection, connection.cursor() as cr:
        migrate(cr)
    return dsn


def settings(database="bench"):
    """Return settings with an empty ClickHouse database."""
    url = os.environ["LR_CLICKHOUSE_URL"]
    with clickhouse.client(url) as client:
        client.execute(f"DROP DATABASE IF EXISTS {database}")
        client.execute(f"CREATE DATABASE {database}")
    return Settings(clickhouse_url=urlsplit(url)._replace(path=f"/{database}").geturl())


def _ensure(server, name, fresh=False):
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cr:
            if fresh:
                cr.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cr.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not cr.fetchone():
                cr.execute(f"CREATE DATABASE {name}")
    return urlsplit(server)._replace(path=f"/{name}").geturl()
