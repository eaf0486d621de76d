"""Databases of a test's own, in the two test clusters, made from templates."""

import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

ENGINE = "LR_ENGINE_PG_DSN"
REPORT = "LR_REPORT_PG_DSN"


def cluster_url(variable: str) -> str:
    """Superuser URL of a test cluster; the test is skipped without one."""
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable}: no URL of a PostgreSQL cluster")
    return url


def url_of(variable: str, database: str) -> str:
    """URL of a database in a test cluster."""
    return urlunsplit(urlsplit(cluster_url(variable))._replace(path=f"/{database}"))


def name_in(url: str) -> str:
    """Name of the database that a URL leads to."""
    return urlsplit(url).path.lstrip("/")


@contextmanager
def database(variable: str, template: str = "template0", options="") -> Iterator[str]:
    """URL of a new database, a copy of `template` (a URL or a name), then dropped."""
    name = f"lr_{uuid.uuid4().hex[:12]}"
    copied = name_in(template) if "://" in template else template
    # Copying files is the quicker way for databases of some megabytes.
    administer(
        variable,
        f'CREATE DATABASE "{name}" TEMPLATE "{copied}" STRATEGY file_copy {options}',
    )
    try:
        yield url_of(variable, name)
    finally:
        drop(variable, name)


def drop(variable: str, name: str) -> None:
    """Drop a database, with whatever is connected to it."""
    administer(variable, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def administer(variable: str, statement: str, parameters=None) -> None:
    """Run a statement that may be in no transaction, in the cluster's own database."""
    execute(cluster_url(variable), statement, parameters)


def execute(url: str, statement: str, parameters=None) -> None:
    """Run statements, committed one by one."""
    with closing(psycopg2.connect(url, client_encoding="UTF8")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)


def rows(url: str, statement: str, parameters=None) -> list[tuple]:
    """Rows of a statement, with TimeZone UTC."""
    utc = psycopg2.connect(url, options="-c TimeZone=UTC")
    with closing(utc) as connection, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def dicts(url: str, statement: str, parameters=None) -> list[dict]:
    """Rows of a statement by column name."""
    utc = psycopg2.connect(url, options="-c TimeZone=UTC")
    with closing(utc) as connection, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def value(url: str, statement: str, parameters=None):
    """The only value of a statement's only row."""
    [(only,)] = rows(url, statement, parameters)
    return only
