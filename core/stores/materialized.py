"""Materialized views: made from their files, refreshed beside their readers."""

import hashlib
import time
from contextlib import closing, suppress

import psycopg2

from ..database import CORE, words_of
from ..errors import StoreError
from ..records import Counts, RunResult
from . import runs
from .reporting import connect

FOLDER = CORE / "stores" / "schema" / "postgres" / "materialized"
VIEWS = tuple(sorted(file.stem for file in FOLDER.glob("*.sql")))
_STATE = "loyalty_reporting_materialized_view"
_GRANTS = """
    SELECT format('GRANT %%s ON %%s TO %%s', string_agg(a.privilege_type, ', '), c.oid::regclass,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.oid = to_regclass(%s) AND a.grantee <> c.relowner
      AND a.privilege_type <> 'MAINTAIN'
    GROUP BY c.oid, a.grantee
"""
_NOTE = f"""
    INSERT INTO {_STATE} (name, definition, load_id, row_count, seconds)
    VALUES (%(name)s, %(definition)s, %(load_id)s, %(rows)s, %(seconds)s)
    ON CONFLICT (name) DO UPDATE SET definition = excluded.definition,
        load_id = excluded.load_id, row_count = excluded.row_count,
        seconds = excluded.seconds, problem = NULL,
        refreshed_at = clock_timestamp() AT TIME ZONE 'UTC'
"""


def ensure(cr, name):
    """Make a view that is missing, or whose file changed since it was made.

    Who could read it can read it again. Views that others built upon it forbid that:
    they are never dropped with it.

    :param cr: a cursor of psycopg2 or of Odoo
    :return: rows of the view, or None: it was there
    :raise psycopg2.errors.DependentObjectsStillExist: others built upon it
    """
    values = {"name": name, "definition": _digest(name)}
    cr.execute(
        f"SELECT 1 FROM {_STATE} WHERE name = %(name)s"
        " AND definition = %(definition)s AND to_regclass(%(name)s) IS NOT NULL",
        values,
    )
    if cr.fetchone():
        return None
    cr.execute(_GRANTS, [name])
    grants = [statement for (statement,) in cr.fetchall()]
    started = time.monotonic()
    values["load_id"] = _newest_load(cr)
    cr.execute(f"DROP MATERIALIZED VIEW IF EXISTS {name}")
    cr.execute(_text(name))
    for statement in grants:
        cr.execute(statement)
    values["rows"], values["seconds"] = _size(cr, name), time.monotonic() - started
    cr.execute(_NOTE, values)
    return values["rows"]


def refresh(dsn, *, force=False, names=VIEWS):
    """Refresh the views without blocking their readers, each on its own.

    :param force: also when no load came in since the last refresh
    :return: {name: :class:`RunResult`}; ``rows_loaded`` counts the view's rows
    """
    return {name: _refreshed(dsn, name, force) for name in names}


def _refreshed(dsn, name, force):
    def work(_id):
        with closing(connect(dsn)) as connection:
            connection.autocommit = True
            try:
                return _refresh(connection, name, force)
            except psycopg2.Error as e:
                raise _noted(connection, name, e) from e

    return runs.run(dsn, "refresh", name, work)


def _refresh(connection, name, force):
    with connection.cursor() as cr:
        rows = _made(connection, name)
        if rows is not None:
            message = "The view was missing or of another version and was made again."
            return RunResult("done", Counts(rows_loaded=rows), message=message)
        newest = _newest_load(cr)
        cr.execute(
            f"SELECT load_id = %s, relispopulated FROM {_STATE} v"
            " JOIN pg_class c ON c.oid = to_regclass(v.name) WHERE v.name = %s",
            [newest, name],
        )
        is_current, is_populated = cr.fetchone()
        if is_current and is_populated and not force:
            return RunResult("done")
        started = time.monotonic()
        beside = "CONCURRENTLY" if is_populated else ""
        cr.execute(f"REFRESH MATERIALIZED VIEW {beside} {name}")
        values = {"name": name, "definition": _digest(name), "load_id": newest}
        values["rows"], values["seconds"] = _size(cr, name), time.monotonic() - started
        cr.execute(_NOTE, values)
        return RunResult("done", Counts(rows_loaded=values["rows"]))


def _made(connection, name):
    """Call :func:`ensure` in a transaction of its own."""
    connection.autocommit = False
    try:
        with connection, connection.cursor() as cr:
            return ensure(cr, name)
    finally:
        connection.autocommit = True


def _noted(connection, name, error):
    """Write down for the screen what went wrong; returns it as an error of ours."""
    problem = f"{name} could not be refreshed: {words_of(error)}"
    # Where the database itself went away, the run log cannot be written either.
    with suppress(psycopg2.Error), connection.cursor() as cr:
        cr.execute(f"UPDATE {_STATE} SET problem = %s WHERE name = %s", [problem, name])
    return StoreError(problem)


def _newest_load(cr):
    """Return the last load; read before the rows, so that these hold it at least."""
    cr.execute("SELECT load_id FROM fact_load")
    return cr.fetchone()[0]


def _size(cr, name):
    cr.execute(f"SELECT count(*) FROM {name}")
    return cr.fetchone()[0]


def _text(name):
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _digest(name):
    return hashlib.sha256(_text(name).encode()).hexdigest()[:16]
