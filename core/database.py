"""Connections to PostgreSQL, and the SQL files beside the code."""

from functools import cache
from pathlib import Path

import psycopg2
from psycopg2 import extensions

CORE = Path(__file__).parent
_OF_ADDRESS = ("invalid dsn", "percent-encoded", "connection option", "port number")
ADDRESS = (
    "it should read postgresql://user:password@host:port/database, with the characters "
    "@ : / % of a password written as %40 %3A %2F %25."
)


@cache
def sql(name, **fragments):
    """Return a SQL file of ``core/`` with its ``{fragments}`` filled in.

    Fragments are names of our own tables, never a value: values are parameters.
    """
    text = (CORE / name).read_text(encoding="utf-8")
    return text.format(**fragments) if fragments else text


def is_bad_address(error):
    """Tell whether the driver's error is about the address, which it then quotes."""
    text = str(error)
    is_part = "host name" in text and "@" in text  # the end of a password
    return is_part or any(words in text for words in _OF_ADDRESS)


def words_of(error):
    """Return what the driver says, on one line and without a full stop."""
    return " ".join(str(error).split()).rstrip(".")


def connect(dsn, *, readonly=False, timeout=0, application="loyalty_reporting"):
    """Open a connection that keeps money exact.

    Odoo makes psycopg2 return NUMERIC as float in the whole process; the exact
    type is registered again on each connection of ours.

    :param dsn: a URL, or keyword arguments of ``psycopg2.connect``
    :param timeout: seconds a statement may take; 0 means no limit
    :raise psycopg2.OperationalError: when the server cannot be reached
    """
    target = {"dsn": dsn} if isinstance(dsn, str) else dict(dsn)
    connection = psycopg2.connect(
        **{
            "connect_timeout": 10,
            "application_name": application,
            "keepalives_idle": 30,
            **target,
        }
    )
    extensions.register_type(extensions.DECIMAL, connection)
    connection.set_client_encoding("UTF8")
    if readonly:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    else:
        connection.set_session(isolation_level="READ COMMITTED")
    with connection.cursor() as cr:
        cr.execute("SELECT set_config('statement_timeout', %s, false)", [f"{timeout}s"])
        # Compiling our statements takes longer than running them.
        cr.execute("SET datestyle = 'ISO'; SET TIME ZONE 'UTC'; SET jit = off")
    connection.commit()
    return connection
