"""Databases of a test's own, in the two test clusters, made from templates."""

import os
import select
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

ENGINE = "LR_ENGINE_PG_DSN"
REPORT = "LR_REPORT_PG_DSN"
READING = (("options", "-c TimeZone=UTC"),)
WRITING = (("client_encoding", "UTF8"),)
# As psycopg2 calls a connection that the server or the network ended.
CUT = 2
# Connections that are lent to nobody, by URL and what made them: making one, and its first
# look at a table of many partitions, takes longer than most of our statements.
_idle = defaultdict(list)


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
    _forget(statement)
    execute(cluster_url(variable), statement, parameters)


def execute(url: str, statement: str, parameters=None) -> None:
    """Run statements, committed one by one."""

    def run(cursor):
        cursor.execute(statement, parameters)
        # Whatever was set for the session ends with it.
        cursor.execute("DISCARD ALL")

    _lent(url, WRITING, run)


def rows(url: str, statement: str, parameters=None) -> list[tuple]:
    """Rows of a statement, with TimeZone UTC."""
    return _read(url, statement, parameters)[1]


def dicts(url: str, statement: str, parameters=None) -> list[dict]:
    """Rows of a statement by column name."""
    names, found = _read(url, statement, parameters)
    return [dict(zip(names, row, strict=True)) for row in found]


def value(url: str, statement: str, parameters=None):
    """The only value of a statement's only row."""
    [(only,)] = rows(url, statement, parameters)
    return only


@contextmanager
def borrowed(url: str, make) -> Iterator:
    """A connection that ``make`` opened, also for others before; what was begun is undone.

    One in whose use something went wrong is not lent again.
    """
    idle = _kept(url, make)
    connection = _taken(idle) or make(url)
    try:
        yield connection
        connection.rollback()
    except BaseException:
        connection.close()
        raise
    idle.append(connection)


def _read(url, statement, parameters):
    def run(cursor):
        cursor.execute(statement, parameters)
        return [column.name for column in cursor.description], cursor.fetchall()

    return _lent(url, READING, run)


def _lent(url, options, work):
    """What a function of a cursor gives; the cursor's statements are committed one by one.

    A connection that was cut while nobody used it is made again.
    """
    idle = _kept(url, options)
    connection = _taken(idle)
    if connection:
        try:
            return _done(connection, work, idle)
        except psycopg2.OperationalError:
            if connection.closed != CUT:
                raise
    connection = psycopg2.connect(url, **dict(options))
    connection.autocommit = True
    return _done(connection, work, idle)


def _done(connection, work, idle):
    try:
        with connection.cursor() as cursor:
            found = work(cursor)
    except BaseException:
        if not connection.closed:
            connection.close()
        raise
    idle.append(connection)
    return found


def _kept(url, made):
    """The idle connections of this process, over the network of now."""
    return _idle[url, made, os.getpid(), psycopg2.connect]


def _taken(idle):
    """One of the idle connections that still lives, or None."""
    while idle:
        connection = idle.pop()
        if not _is_cut(connection):
            return connection
        connection.close()
    return None


def _is_cut(connection):
    """The server says something unasked only when it ends a session."""
    # Unlike select(), it takes file descriptors of any number.
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _forget(statement):
    """End idle sessions on the databases that a statement names: it may want them alone."""
    for (url, *_made), idle in list(_idle.items()):
        if name_in(url) in statement:
            while idle:
                idle.pop().close()
