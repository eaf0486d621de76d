"""The reference engine's history, committed for the tests of one class."""

import os
from contextlib import closing

import psycopg2
from odoo.sql_db import connection_info_for
from odoo.tests import get_db_name
from psycopg2.sql import SQL, Identifier

from ..core import sync
from ..core.records import Company
from ..core.sources import SOURCES


def load_history(case, timezone="America/New_York", **options):
    """Load it by the pipeline's own connections; it is gone when the class is through.

    To be called before the test's own snapshot is taken. What stayed would be cut anew,
    or taken away, by every later test that changes the company's zone or system.

    :param options: of the source: ``queries`` for a part of the history
    :return: arguments to connect to the database of the tests
    """
    _name, arguments = connection_info_for(get_db_name())
    dsn = {k: v for k, v in arguments.items() if k != "application_name"}
    case.addClassCleanup(_empty_again, dsn, _empty_tables(dsn))
    engine = os.environ["LOYALTY_REPORTING_ENGINE_DSN"]
    result = sync.run(
        SOURCES["engine_pg"](engine, **options),
        dsn,
        source_name="engine",
        companies=[Company(1, timezone, "USD")],
        mapping={1: 1},
    )
    assert result.state == "done", result.message
    return dsn


def _empty_tables(dsn):
    """Return the names of the tables that hold no row."""
    with closing(psycopg2.connect(**dsn)) as connection:
        cr = connection.cursor()
        cr.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cr.fetchall()]
        look = SQL("(SELECT count(*) FROM (SELECT FROM {} LIMIT 1) r)")
        looks = SQL(", ").join(look.format(Identifier(name)) for name in tables)
        cr.execute(SQL("").join([SQL("SELECT ARRAY["), looks, SQL("]")]))
        [counts] = cr.fetchone()
        return [table for table, count in zip(tables, counts, strict=True) if not count]


def _empty_again(dsn, tables):
    filled = map(Identifier, set(tables) - {*_empty_tables(dsn)})
    with closing(psycopg2.connect(**dsn)) as connection, connection:
        statement = SQL("TRUNCATE {} CASCADE").format(SQL(", ").join(filled))
        connection.cursor().execute(statement)
