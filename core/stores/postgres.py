"""The PostgreSQL store: detail, order grain, rollups and the map, in one transaction.

Every road loads through :meth:`PostgresStore.load`; a first history goes through
:meth:`PostgresStore.load_month`, which runs the same transformation into tables
that get their indexes afterwards and are then attached.
"""

from contextlib import contextmanager

import psycopg2

from ..database import sql
from ..records import Counts
from . import cursors, loads, partitions
from .copying import field, pipe
from .fragments import buckets, days
from .reporting import connect, explained

DETAIL = "promotion_report_detail_data"
EVALUATION = "promotion_evaluation_data"
ORDER = "promotion_order_data"
ROLLUP = "promotion_performance_data"
STAGED = {
    "stage_program": "program",
    "stage_order": "processed_order",
    "stage_line": "order_promotion_line",
    "stage_evaluation": "promotion_evaluation",
}
_UNPLACED = "_new"
_MONTH_CONFLICTS = (psycopg2.errors.DuplicateTable, psycopg2.errors.UniqueViolation)
_ROWS = {
    "order_promotion_line": (DETAIL, "line_id"),
    "promotion_evaluation": (EVALUATION, "id"),
}
_PARTS = ("stage_line", "stage_evaluation")
_WORK = (
    "stage_key",
    *STAGED,
    "stage_reject",
    "stage_document",
    "stage_detail",
    "stage_evaluation_row",
    "stage_order_row",
    "stage_bucket",
    "stage_old_key",
)


class MonthIsKnown(Exception):
    """Some document of the month is in the map already: load it the ordinary way."""


class PostgresStore:
    """Loads chunks of whole documents; effect exactly once.

    :param dsn: the reporting database
    :param source_name: the configured source, for cursor, run log, dead letters
    :param source: the system in which the facts originate
    """

    def __init__(self, dsn, source_name, source):
        self.parameters = {"source_name": source_name, "source": source}
        self._connection = connect(dsn, f"loyalty_reporting {source_name}")
        with self._transaction() as cr:
            cr.execute(sql("transform/stage.sql"))

    @classmethod
    def opener(cls, *arguments):
        """Return a function that opens a store: every worker needs its own."""
        return lambda: cls(*arguments)

    def close(self):
        """Close the connection; an open transaction is rolled back."""
        self._connection.close()

    def load(self, chunk):
        """Replace the chunk's documents by what it says of them.

        :return: :class:`Counts`; unchanged documents are read, not changed
        """
        counts = self._stage(chunk)
        if not (counts.rows_read or chunk.keys or chunk.key_range):
            if chunk.position:
                self.save_position(chunk.position)
            return counts
        with self._transaction() as cr:
            loads.keep_configuration(cr)
            cr.execute(sql("transform/orders.sql"), self.parameters)
            loads.lock(cr)
            self._add_range(cr, chunk.key_range)
            cr.execute(sql("stores/sql/identify.sql"), self.parameters)
            cr.execute("SELECT count(*) FROM stage_document WHERE kind <> 'gone'")
            counts.documents_read = cr.fetchone()[0]
            self._transform(cr, counts, "stage_detail", "stage_evaluation_row")
            cr.execute(sql("stores/sql/unchanged.sql"))
            cr.execute(sql("stores/sql/changed.sql"))
            counts.documents_changed, counts.rows_loaded = cr.fetchone()
            values = {**self.parameters, "load_id": None}
            if counts.documents_changed:
                values["load_id"] = loads.draw(cr)
                self._make_partitions(cr)
                cr.execute(sql("stores/sql/replace.sql"), values)
                self._roll_up(cr, values)
            self._finish(cr, chunk, counts, values)
        return counts

    def load_month(self, chunk):
        """Load a month that has no partition yet; the lock is held only at the end.

        :raise MonthIsKnown: nothing was changed; use :meth:`load`
        """
        self._check_unknown(chunk.month)
        counts = self._stage(chunk)
        with self._transaction() as cr, _conflicts_told():
            loads.keep_configuration(cr)
            names = self._prepare_month(cr, chunk.month, counts)
            loads.lock(cr)
            values = {**self.parameters, "load_id": loads.draw(cr)}
            self._place_month(cr, chunk.month, names, values)
            self._finish(cr, chunk, counts, values)
        return counts

    def position(self):
        """Return the source's saved position, or None before the first load."""
        with self._transaction() as cr:
            return cursors.read(cr, self.parameters["source_name"])

    def save_position(self, position):
        """Save where the source goes on, outside any load."""
        with self._transaction() as cr:
            cursors.save(cr, self.parameters["source_name"], position)

    def skip_month(self, month):
        """Leave a month of a first load to the comparison by key that follows."""
        with self._transaction() as cr:
            name = self.parameters["source_name"]
            cursors.mark_month(cr, name, month, {"sweep": True})

    def documents_of(self, table, row_ids):
        """Return the keys of the documents that hold these rows of the source."""
        own, column = _ROWS[table]
        with self._transaction() as cr:
            cr.execute(
                f"SELECT DISTINCT document_key FROM {own} JOIN fact_document"
                f" USING (order_key) WHERE {own}.{column} = ANY(%s) AND source = %s",
                [list(row_ids), self.parameters["source"]],
            )
            return [key for (key,) in cr.fetchall()]

    @contextmanager
    def _transaction(self):
        with explained(), self._connection, self._connection.cursor() as cr:
            yield cr

    def _check_unknown(self, month):
        with self._transaction() as cr:
            if partitions.exists(cr, ORDER, month):
                raise MonthIsKnown(f"{partitions.name_of(ORDER, month)} exists")

    def _stage(self, chunk):
        """Copy the chunk into the staging tables, and make its dimensions known."""
        counts = Counts()
        with self._transaction() as cr:
            cr.execute("TRUNCATE " + ", ".join(_WORK))
            if chunk.keys is not None:
                cr.execute(
                    "INSERT INTO stage_key SELECT unnest(%s::text[])",
                    [list(chunk.keys)],
                )
            for table, write in chunk.tables.items():
                broken = pipe(write, cr, f"COPY {table} FROM STDIN", chunk.guard)
                counts.rows_read += cr.rowcount + len(broken)
                self._reject(cr, table, broken)
            cr.execute(sql("transform/dimensions.sql"), self.parameters)
        return counts

    def _reject(self, cr, table, lines):
        """Refuse lines of a COPY that are no text; their first columns are the key."""
        for line in lines:
            first, second = map(field, line.decode(errors="replace").split("\t")[:2])
            document = second if table in _PARTS else first
            cr.execute(
                "INSERT INTO stage_reject VALUES (%s, %s, %s, %s, %s)",
                [STAGED[table], document, first, "is not valid UTF-8", ascii(line)],
            )

    def _add_range(self, cr, key_range):
        """Add the documents known in a key range: those not delivered are gone."""
        if key_range:
            cr.execute(
                sql("stores/sql/key_range.sql"),
                {**self.parameters, "after": key_range[0], "up_to": key_range[1]},
            )

    def _transform(self, cr, counts, detail, evaluation):
        """Fill ``detail``, ``evaluation`` and the order grain from the staged rows."""
        # All joins here are of whole staging tables, of which the planner knows
        # nothing: only a nested loop can be very wrong.
        # And thousands of sums at once cost more memory than sorting costs time.
        cr.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_hashagg = off")
        names = {"detail": detail, "evaluation": evaluation}
        cr.execute(sql("transform/duplicates.sql"))
        cr.execute(sql("transform/lines.sql", **names), self.parameters)
        cr.execute(
            f"SELECT (SELECT count(*) FROM {detail}),"
            f" (SELECT count(*) FROM {evaluation}),"
            " (SELECT count(*) FROM stage_line), (SELECT count(*) FROM stage_evaluation)"
        )
        lines, evaluations, staged_lines, staged_evaluations = cr.fetchone()
        if (lines, evaluations) != (staged_lines, staged_evaluations):
            cr.execute(sql("transform/rejects.sql"), self.parameters)
        cr.execute(sql("transform/aggregate.sql", **names))
        cr.execute("SET LOCAL enable_nestloop = on; SET LOCAL enable_hashagg = on")
        counts.rows_loaded = lines + evaluations

    def _make_partitions(self, cr):
        cr.execute(
            "SELECT DISTINCT date_trunc('month', m)::date FROM ("
            " SELECT transaction_date AS m FROM stage_order_row"
            " UNION SELECT transaction_date FROM stage_evaluation_row) r"
        )
        months = [month for (month,) in cr.fetchall()]
        for table in (DETAIL, EVALUATION, ORDER):
            partitions.ensure(cr, table, months)
        self._make_rollup_partitions(cr)

    def _make_rollup_partitions(self, cr):
        cr.execute(
            "SELECT DISTINCT date_trunc('month', date)::date FROM stage_order_row"
        )
        partitions.ensure(cr, ROLLUP, [month for (month,) in cr.fetchall()])

    def _prepare_month(self, cr, month, counts):
        """Build the month's tables beside the partitioned ones. Returns their names."""
        # The loaders are the parallel workers: none of them starts more.
        cr.execute(
            "SET LOCAL work_mem = '64MB'; SET LOCAL maintenance_work_mem = '128MB';"
            " SET LOCAL max_parallel_maintenance_workers = 0;"
            " SET LOCAL max_parallel_workers_per_gather = 0"
        )
        cr.execute(sql("transform/orders.sql"), self.parameters)
        cr.execute(
            "UPDATE stage_document SET order_key = nextval('fact_document_order_key_seq')"
        )
        counts.documents_read = counts.documents_changed = cr.rowcount
        names = {
            table: partitions.create(cr, table, month, _UNPLACED)
            for table in (DETAIL, EVALUATION, ORDER)
        }
        self._transform(cr, counts, names[DETAIL], names[EVALUATION])
        for table in (DETAIL, EVALUATION):
            partitions.index(cr, table, names[table])
        return names

    def _place_month(self, cr, month, names, values):
        """Attach the month, under the load lock.

        A document that another load brought meanwhile violates the map's key.
        """
        self._make_rollup_partitions(cr)
        borders = {"first": month, "following": partitions.following(month)}
        fragments = {"order_partition": names[ORDER], **buckets(), **days()}
        cr.execute(
            sql("stores/sql/month_insert.sql", **fragments), {**values, **borders}
        )
        partitions.index(cr, ORDER, names[ORDER])
        for table in names:
            partitions.rename(cr, table, month, _UNPLACED)
            partitions.attach(cr, table, month)
        self._roll_up(cr, values)
        cr.execute(sql("stores/sql/month_borders.sql"), borders)
        cr.execute(sql("stores/sql/days.sql", **days()))

    def _roll_up(self, cr, values):
        cr.execute(sql("stores/sql/rollup.sql", **buckets()), values)
        cr.execute(sql("stores/sql/days.sql", **days()))

    def _finish(self, cr, chunk, counts, values):
        """Write the map, the dead letters and the source's position."""
        cr.execute(sql("stores/sql/remember.sql"), values)
        cr.execute(sql("stores/sql/dead_letters.sql"), values)
        cr.execute("SELECT count(*) FROM stage_reject")
        counts.rows_rejected = cr.fetchone()[0]
        source_name = self.parameters["source_name"]
        if chunk.month:
            cursors.mark_month(cr, source_name, chunk.month)
        elif chunk.position:
            cursors.save(cr, source_name, chunk.position)


@contextmanager
def _conflicts_told():
    try:
        yield
    except _MONTH_CONFLICTS as e:
        raise MonthIsKnown(str(e).strip()) from e
