"""The reference engine's history, committed for the tests of one class."""

import os
from contextlib import closing
from datetime import datetime, timedelta

import psycopg2
from odoo import SUPERUSER_ID, api
from odoo.sql_db import connection_info_for, db_connect
from odoo.tests import get_db_name
from psycopg2.sql import SQL, Identifier

from ..core import sync
from ..core.records import Company
from ..core.sources import SOURCES, contract


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
    load(dsn, timezone, **options)
    return dsn


def load(dsn, timezone="America/New_York", job=sync.run, **options):
    """Load the engine's history, or what of it is new.

    :param job: ``sync.run``, or a ``sync.backfill`` that reads again what a part left out
    """
    engine = os.environ["LOYALTY_REPORTING_ENGINE_DSN"]
    result = job(
        SOURCES["engine_pg"](engine, **options),
        dsn,
        source_name="engine",
        companies=[Company(1, timezone, "USD")],
        mapping={1: 1},
    )
    assert result.state == "done", result.message


def until(last):
    """Return queries for the history before a day: a part of it is quick to load."""
    queries = contract.default_queries()
    orders = f"SELECT id FROM engine.processed_order WHERE ordered_at < '{last}'"
    for table, instant in contract.INSTANTS.items():
        queries[table] += f" WHERE {instant} < '{last}'"
    queries["order_promotion_line"] += f" WHERE order_id IN ({orders})"
    return queries


def committed_key(case, dsn):
    """Return an administrator's API key that other processes see, until the class is through."""
    name = case.__name__
    case.addClassCleanup(_forget_key, dsn, name)
    with db_connect(get_db_name()).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        keys = env["res.users.apikeys"].with_user(env.ref("base.user_admin")).sudo()
        return keys._generate(None, name, datetime.now() + timedelta(days=1))


def _forget_key(dsn, name):
    with closing(psycopg2.connect(**dsn)) as connection, connection:
        statement = "DELETE FROM res_users_apikeys WHERE name = %s"
        connection.cursor().execute(statement, [name])


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
