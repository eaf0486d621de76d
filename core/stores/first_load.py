"""A month of a first history: the same transformation, into tables without indexes.

The load lock is held only while the filled tables are attached.
"""

from contextlib import contextmanager

import psycopg2

from ..database import sql
from . import archived, fragments, loads, partitions
from .postgres import (
    CUSTOMER_ORDER,
    DETAIL,
    EVALUATION,
    ORDER,
    POINT,
    ROLLUP,
    judge,
    roll_up,
    transform,
)

_UNPLACED = "_new"
_CONFLICTS = (psycopg2.errors.DuplicateTable, psycopg2.errors.UniqueViolation)


class MonthIsKnown(Exception):
    """Some document of the month is in the map already: load it the ordinary way."""


def load_month(store, chunk):
    """Load a month that has no partition yet.

    The rollups of customers and points follow with the end of the first load.

    :param store: a :class:`~core.stores.postgres.PostgresStore`
    :return: :class:`~core.records.Counts`
    :raise MonthIsKnown: nothing was changed; use :meth:`PostgresStore.load`
    """
    with store.transaction() as cr:
        if partitions.exists(cr, ORDER, chunk.month):
            raise MonthIsKnown(f"{partitions.name_of(ORDER, chunk.month)} exists")
        if archived.is_any(cr):
            # What is derived of customers is not computed anew from what is left.
            raise MonthIsKnown("some months are archived")
    values = store.values_of(chunk)
    counts = store.stage(chunk, values)
    with store.transaction() as cr, _conflicts_told():
        loads.keep_configuration(cr)
        names = _prepare(cr, chunk.month, counts, values)
        loads.lock(cr)
        values["load_id"] = loads.draw(cr)
        loads.mark_derived(cr, False)
        _place(cr, chunk.month, names, values)
        store.finish(cr, chunk, counts, values)
    return counts


def _prepare(cr, month, counts, values):
    """Build the month's tables beside the partitioned ones. Returns their names."""
    # The loaders are the parallel workers: none of them starts more.
    cr.execute(
        "SET LOCAL work_mem = '64MB'; SET LOCAL maintenance_work_mem = '128MB';"
        " SET LOCAL max_parallel_maintenance_workers = 0;"
        " SET LOCAL max_parallel_workers_per_gather = 0"
    )
    judge(cr, values)
    cr.execute(
        "UPDATE stage_document SET order_key = nextval('fact_document_order_key_seq')"
    )
    counts.documents_read = counts.documents_changed = cr.rowcount
    names = {
        table: partitions.create(cr, table, month, _UNPLACED)
        for table in (DETAIL, EVALUATION, ORDER, CUSTOMER_ORDER, POINT)
    }
    tables = {"detail": names[DETAIL], "evaluation": names[EVALUATION]}
    tables |= {"event": "stage_event_row", "point": "stage_point_row"}
    transform(cr, counts, values, tables)
    order_columns = fragments.orders()
    cr.execute(
        f"INSERT INTO {names[CUSTOMER_ORDER]} ({order_columns['order_columns']})"
        f" {order_columns['order_rows']}"
    )
    borders = {"first": month, "following": partitions.following(month)}
    # Few rows of the ledger lie in another month than their order: those are placed
    # one by one.
    cr.execute(
        f"INSERT INTO {names[POINT]} SELECT * FROM stage_point_row"
        " WHERE transaction_date >= %(first)s AND transaction_date < %(following)s",
        borders,
    )
    for table in (DETAIL, EVALUATION, CUSTOMER_ORDER, POINT):
        partitions.index(cr, table, names[table])
    return names


def _place(cr, month, names, values):
    """Attach the month, under the load lock.

    A document that another load brought meanwhile violates the map's key.
    """
    cr.execute("SELECT DISTINCT date_trunc('month', date)::date FROM stage_order_row")
    partitions.ensure(cr, ROLLUP, [found for (found,) in cr.fetchall()])
    borders = {"first": month, "following": partitions.following(month)}
    parts = {
        "order_partition": names[ORDER],
        **fragments.buckets(),
        **fragments.days(),
    }
    cr.execute(sql("stores/sql/month_insert.sql", **parts), {**values, **borders})
    partitions.index(cr, ORDER, names[ORDER])
    _place_strays(cr, names, borders)
    for table in names:
        partitions.rename(cr, table, month, _UNPLACED)
        partitions.attach(cr, table, month)
    roll_up(cr, values)
    cr.execute(sql("stores/sql/month_borders.sql"), borders)
    cr.execute(sql("stores/sql/days.sql", **fragments.days()))


def _place_strays(cr, names, borders):
    """Place the ledger's rows of other months; and these, where others came first."""
    cr.execute(
        "SELECT DISTINCT date_trunc('month', transaction_date)::date"
        " FROM stage_point_row WHERE NOT (transaction_date >= %(first)s"
        " AND transaction_date < %(following)s)",
        borders,
    )
    months = [month for (month,) in cr.fetchall()]
    if months:
        partitions.ensure(cr, POINT, months)
        cr.execute(
            f"INSERT INTO {POINT} SELECT * FROM stage_point_row"
            " WHERE NOT (transaction_date >= %(first)s"
            " AND transaction_date < %(following)s)",
            borders,
        )
    if partitions.exists(cr, POINT, borders["first"]):
        unplaced = names.pop(POINT)
        cr.execute(f"INSERT INTO {POINT} SELECT * FROM {unplaced}")
        cr.execute(f"DROP TABLE {unplaced}")


@contextmanager
def _conflicts_told():
    try:
        yield
    except _CONFLICTS as e:
        raise MonthIsKnown(str(e).strip()) from e
