"""Put right what a reconciliation found, under the load lock.

Documents are made to be replaced by the next replay; rows that follow from others are
put in the place of those that are kept; rows are sent to ClickHouse once more.
"""

from contextlib import contextmanager

from ..database import sql
from . import archived, loads, partitions
from .postgres import (
    CUSTOMER_DAY,
    CUSTOMER_ORDER,
    DETAIL,
    EVALUATION,
    EVENT,
    ORDER,
    POINT,
    POINT_ROLLUP,
    ROLLUP,
)
from .reporting import transaction

# Detail, found by document; the last with rows at instants of their own.
_ROWS = (DETAIL, CUSTOMER_ORDER, EVENT, ORDER, EVALUATION, POINT)
_PARTITIONED = (ORDER, ROLLUP, POINT_ROLLUP, CUSTOMER_DAY)
# Columns that are no content and must stay as they were: the month by which
# ClickHouse keeps an order's row.
_CARRIED = {ORDER: {"first_month": sql("stores/sql/mend_first_month.sql")}}


@contextmanager
def locked(dsn):
    """Give a cursor in a transaction that holds the load lock."""
    with transaction(dsn, "loyalty_reporting repair") as cr:
        loads.lock(cr)
        yield cr


def forget_content(dsn, system, keys):
    """Make the next load replace documents, whatever it believes to hold of them.

    The content that the map remembers is changed to one that no document has; rows of
    theirs that a load would not find, since they lie at another instant than the map
    says, are removed; so are the rows of documents that the map does not know.

    :param keys: kind of document → keys
    """
    kinds = [kind for kind, of_kind in keys.items() for _key in of_kind]
    values = {
        "source": system,
        "kinds": kinds,
        "keys": [key for of_kind in keys.values() for key in of_kind],
    }
    with locked(dsn) as cr:
        cr.execute(sql("stores/sql/mend_forget.sql"), values)
        for table in _ROWS:
            is_dated = table in (DETAIL, CUSTOMER_ORDER, EVENT)
            stray = "r.transaction_date IS DISTINCT FROM f.transaction_date"
            condition = (
                stray if is_dated else f"f.transaction_date IS NOT NULL AND {stray}"
            )
            if table == POINT:
                condition = "false"  # a load finds them at whatever instant
            cr.execute(
                f"DELETE FROM {table} r USING mend_document f"
                f" WHERE r.order_key = f.order_key AND {condition}"
            )


def remove_orphans(dsn, months):
    """Remove rows of documents that the key map does not know. Returns how many."""
    removed = 0
    with locked(dsn) as cr:
        for table in (DETAIL, CUSTOMER_ORDER, EVENT, EVALUATION, POINT):
            for month in months:
                cr.execute(
                    sql("stores/sql/mend_orphans.sql", table=table),
                    {"first": month, "following": partitions.following(month)},
                )
                removed += cr.rowcount
        if removed:
            loads.draw(cr)
            archived.mark_all(cr)
    return removed


def put_in_place(cr, derived, load_id):
    """Put the rows of the table ``reconcile_found`` in place of those that are kept.

    :param derived: a :class:`~core.reconcile.of_rollups.Derived`
    :return: how many rows were written or taken away
    """
    table, key = derived.table, derived.check.key
    columns = [*derived.check.columns(cr)]
    same, identical = _equal(key), _equal(_primary_key(cr, table))
    if table in _PARTITIONED:
        _make_months(cr, table)
    cr.execute(
        f"DROP TABLE IF EXISTS mend_gone; CREATE TEMP TABLE mend_gone (LIKE {table})"
    )
    cr.execute(
        f"WITH gone AS (DELETE FROM {table} r USING reconcile_found f"
        f" WHERE f.side = 'surplus' AND {identical} RETURNING r.*)"
        " INSERT INTO mend_gone SELECT * FROM gone"
    )
    removed = cr.rowcount
    carried = _CARRIED.get(table, {})
    numbered = {"load_id": "%(load_id)s"} if "load_id" in _all(cr, table) else {}
    names = [*columns, *carried, *numbered]
    rows = [*(f"f.{c}" for c in columns), *carried.values(), *numbered.values()]
    cr.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(rows)}"
        " FROM reconcile_found f WHERE f.side = 'missing'",
        {"load_id": load_id},
    )
    written = cr.rowcount
    if derived.tombstones:
        _bury(cr, derived, same, load_id)
    archived.mark_all(cr)
    return max(removed, written)


def touch(dsn, table, days):
    """Let the next push send the rows of some days again.

    :param table: a table with columns ``date`` and ``load_id``
    :return: the number of the load
    """
    with locked(dsn) as cr:
        load_id = loads.draw(cr)
        cr.execute(
            f"UPDATE {table} SET load_id = %s WHERE date = ANY(%s)", [load_id, days]
        )
    return load_id


def _bury(cr, derived, same, load_id):
    names = [name for name in _all(cr, derived.tombstones) if name != "load_id"]
    cr.execute(
        f"INSERT INTO {derived.tombstones} ({', '.join(names)}, load_id)"
        f" SELECT {', '.join(f'f.{name}' for name in names)}, %(load_id)s"
        f" FROM mend_gone f WHERE NOT EXISTS (SELECT FROM {derived.table} r WHERE {same})"
        " ON CONFLICT DO NOTHING",
        {"load_id": load_id},
    )


def _make_months(cr, table):
    column = "transaction_date" if table == ORDER else "date"
    cr.execute(
        f"SELECT DISTINCT date_trunc('month', {column})::date FROM reconcile_found"
        " WHERE side = 'missing'"
    )
    partitions.ensure(cr, table, [month for (month,) in cr.fetchall()])


def _equal(names):
    return " AND ".join(f"r.{name} = f.{name}" for name in names)


def _primary_key(cr, table):
    cr.execute(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a"
        " ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
        " WHERE i.indrelid = %s::regclass AND i.indisprimary",
        [table],
    )
    return [name for (name,) in cr.fetchall()]


def _all(cr, table):
    cr.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped",
        [table],
    )
    return [name for (name,) in cr.fetchall()]
