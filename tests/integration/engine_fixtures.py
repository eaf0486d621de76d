"""Databases for the reference engine, in the cluster that LR_ENGINE_PG_DSN names."""

import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

CLUSTER = "LR_ENGINE_PG_DSN"


@contextmanager
def fresh_database() -> Iterator[str]:
    """URL of a new, empty database that is dropped at the end."""
    cluster = os.environ.get(CLUSTER)
    if not cluster:
        pytest.skip(f"{CLUSTER}: no URL of a PostgreSQL cluster for the engine")
    name = f"lr_engine_{uuid.uuid4().hex[:12]}"
    _administer(cluster, f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))
    finally:
        _administer(cluster, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def engine_database() -> Iterator[str]:
    """URL of an empty database of its own for one test."""
    with fresh_database() as dsn:
        yield dsn


def query(dsn: str, statement: str, parameters=None) -> list[tuple]:
    """Rows of one statement, with TimeZone UTC."""
    utc = psycopg2.connect(dsn, options="-c TimeZone=UTC")
    with closing(utc) as connection, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _administer(cluster: str, statement: str) -> None:
    with closing(psycopg2.connect(cluster)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
