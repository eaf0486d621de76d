"""The PostgreSQL store: detail, rollups, state and the map, in one transaction.

Every road loads through :meth:`PostgresStore.load`. A first history goes through
:class:`~core.stores.first_load.FirstLoad`, which runs the same transformation into
tables that get their indexes afterwards and are then attached.
"""

import time
from contextlib import contextmanager

from ..database import sql
from ..erasure.pseudonyms import Pseudonyms
from ..errors import StoreError
from ..records import Counts, Road
from . import archived, aside, cursors, fragments, loads, partitions, staging
from .reporting import connect, explained, is_of_data

DETAIL = "promotion_report_detail_data"
EVALUATION = "promotion_evaluation_data"
ORDER = "promotion_order_data"
ROLLUP = "promotion_performance_data"
CUSTOMER_ORDER = "customer_order_data"
EVENT = "membership_event_data"
POINT = "point_analytics_data"
POINT_ROLLUP = "point_analytics_rollup_data"
CUSTOMER_DAY = "customer_day_data"
# Not of other documents: a month that has a partition is not loaded as a whole.
_ORDERS = "(SELECT * FROM stage_document WHERE kind = 'order')"
# Partitioned table → the staged rows and the column that decide on its months.
_MONTHS = {
    DETAIL: ("stage_order_row", "transaction_date"),
    EVALUATION: ("stage_order_row", "transaction_date"),
    ORDER: ("stage_order_row", "transaction_date"),
    ROLLUP: ("stage_order_row", "date"),
    CUSTOMER_ORDER: (_ORDERS, "transaction_date"),
    EVENT: ("stage_event_row", "transaction_date"),
    POINT: ("stage_point_row", "transaction_date"),
    POINT_ROLLUP: ("stage_point_row", "date"),
}
# Seconds after which a load asks again for a month that could not be restored.
_TRY_AGAIN = 60
PARTITIONED = (*_MONTHS, CUSTOMER_DAY)
# Table of the source → our rows of it, and the column with the source's id.
_ROWS = {
    "order_promotion_line": (DETAIL, "line_id"),
    "promotion_evaluation": (EVALUATION, "id"),
    "point_transaction": (POINT, "transaction_id"),
}


class PostgresStore:
    """Loads chunks of whole documents; effect exactly once.

    :param dsn: the reporting database
    :param source_name: the configured source, for cursor, run log, dead letters
    :param source: the system in which the facts originate
    :param cursor_name: of the cursor, where it is not the source's own
    :param erasure_secret: by which persons who were erased are recognised
    """

    def __init__(
        self, dsn, source_name, source, cursor_name=None, *, erasure_secret=""
    ):
        self.parameters = {"source_name": source_name, "source": source}
        self._cursor_name = cursor_name or source_name
        self._pseudonyms = Pseudonyms(erasure_secret)
        self._dsn = dsn
        self._connection = connect(dsn, f"loyalty_reporting {source_name}")
        self._can_stage, self._refused = False, {}

    @classmethod
    def opener(cls, *arguments, **options):
        """Return a function that opens a store: every worker needs its own."""
        return lambda: cls(*arguments, **options)

    def close(self):
        """Close the connection; an open transaction is rolled back."""
        self._connection.close()

    def load(self, chunk):
        """Replace the chunk's documents by what it says of them.

        :return: :class:`~core.records.Counts`; unchanged documents are read, not
            changed
        """
        values = self.values_of(chunk)
        tells = chunk.keys or chunk.key_range or chunk.rejects or chunk.completes
        counts = self.stage(chunk, values) if tells or chunk.tables else Counts()
        if not (tells or counts.rows_read):
            if chunk.position:
                self.save_position(chunk.position)
            return counts
        refused = self._refused_lately()
        while True:
            try:
                return self._load_staged(chunk, counts, values, refused)
            except archived.HorizonMoves:
                with self.transaction() as cr:
                    archived.await_horizon(cr)
            except archived.MonthsAway as away:
                missing = set(away.months) - set(refused)
                if not missing:
                    raise StoreError(
                        f"All figures need {away}, which cannot be restored."
                    ) from away
                found = archived.bring_back(self._dsn, missing)
                refused |= found
                now = time.monotonic()
                self._refused |= {month: (why, now) for month, why in found.items()}

    def _refused_lately(self):
        """Return {month: why not} of months that a load need not try again already."""
        since = time.monotonic() - _TRY_AGAIN
        self._refused = {m: f for m, f in self._refused.items() if f[1] > since}
        return {month: reason for month, (reason, _at) in self._refused.items()}

    def _load_staged(self, chunk, counts, values, refused):
        values["load_id"] = None
        with self.transaction() as cr:
            loads.keep_configuration(cr)
            judge(cr, values)
            loads.lock(cr)
            self._add_range(cr, chunk.key_range)
            cr.execute(sql("stores/sql/identify.sql"), values)
            cr.execute("SELECT count(*) FROM stage_document WHERE state <> 'gone'")
            counts.documents_read = cr.fetchone()[0]
            transform(cr, counts, values)
            cr.execute(sql("stores/sql/unchanged.sql"))
            cr.execute(sql("stores/sql/outdated.sql"), values)
            archived.ensure_here(cr, refused, values)
            cr.execute(sql("stores/sql/changed.sql"))
            counts.documents_changed, counts.rows_loaded = cr.fetchone()
            if counts.documents_changed:
                values["load_id"] = loads.draw(cr)
                self._replace(cr, values)
            if chunk.completes and not loads.is_derived(cr):
                archived.ensure_all_here(cr)
                values["load_id"] = values["load_id"] or loads.draw(cr)
                rebuild_customers(cr, values)
                loads.mark_derived(cr, True)
            self.finish(cr, chunk, counts, values)
        return counts

    def position(self):
        """Return the source's saved position, or None before the first load."""
        with self.transaction() as cr:
            return cursors.read(cr, self._cursor_name)

    def save_position(self, position):
        """Save where the source goes on, outside any load."""
        with self.transaction() as cr:
            cursors.save(cr, self._cursor_name, position)

    def skip_month(self, month):
        """Leave a month of a first load to the comparison by key that follows."""
        with self.transaction() as cr:
            cursors.mark_month(cr, self._cursor_name, month, {"sweep": True})

    def documents_of(self, table, row_ids):
        """Return (kind, key) of the documents that hold these rows of the source."""
        own, column = _ROWS[table]
        with self.transaction() as cr:
            cr.execute(
                f"SELECT DISTINCT f.kind, f.document_key FROM {own} r"
                f" JOIN fact_document f USING (order_key)"
                f" WHERE r.{column} = ANY(%s) AND f.source = %s",
                [list(row_ids), self.parameters["source"]],
            )
            return cr.fetchall()

    def load_waiting(self, letters=None):
        """Load the documents that were set aside and are due.

        :param letters: as of :func:`core.stores.aside.claim`
        :return: :class:`~core.records.Counts`; what is set aside again was read alone
        """
        self.make_stages()
        counts = Counts()
        with self.transaction() as cr:
            claimed = aside.claim(cr, self.parameters, letters)
        for some in aside.by_road(claimed):
            self._load_letters(some, counts)
        return counts

    def _load_letters(self, letters, counts):
        """Load some letters, else each half of them, down to those that cannot be."""
        try:
            with self.transaction() as cr:
                chunk = aside.chunk_of(cr, letters)
            counts.add(self.load(chunk))
            with self.transaction() as cr:
                aside.settle(cr, letters)
        except StoreError as error:
            if not is_of_data(error):
                raise
            if len(letters) > 1:
                middle = len(letters) // 2
                self._load_letters(letters[:middle], counts)
                self._load_letters(letters[middle:], counts)
                return
            # Its primary message alone: the others quote whole rows.
            reason = f"cannot be loaded: {error.__cause__.diag.message_primary}"
            counts.rows_rejected += 1
            with self.transaction() as cr:
                aside.blame(cr, letters[0], reason)

    def refused(self):
        """Return (kind, document key, reason) of what the last load refused.

        Events that could not be read are left out: their sender knows of them.

        What is wrong with an order itself comes before what is wrong with its rows.
        """
        with self.transaction() as cr:
            cr.execute(
                "SELECT kind, document_key, reason FROM stage_reject r"
                " WHERE NOT EXISTS (SELECT FROM stage_unread u"
                " WHERE u.reason = r.reason AND u.raw = r.raw)"
                " ORDER BY table_name <> 'processed_order', reason"
            )
            return cr.fetchall()

    # ------------------------------------------------------------ for FirstLoad, too

    @contextmanager
    def transaction(self):
        """Give a cursor in a transaction; errors are ours."""
        with explained(), self._connection, self._connection.cursor() as cr:
            yield cr

    def values_of(self, chunk):
        """Return the parameters of the statements that load a chunk."""
        return {
            **self.parameters,
            "road": chunk.road.value,
            "stands": chunk.stands,
            "is_current": chunk.road is Road.DATABASE,
            "pseudonyms": self._pseudonyms,
            "load_id": None,
        }

    def stage(self, chunk, values):
        """Copy a chunk into the staging tables, committed with its dimensions."""
        self.make_stages()
        with self.transaction() as cr:
            # An erasure waits until these dimensions are written.
            loads.keep_configuration(cr)
            return staging.fill(cr, chunk, values)

    def make_stages(self):
        """Make the staging tables, unless they are there.

        Most runs of a source find nothing new: they write nothing into the catalogue.
        """
        if not self._can_stage:
            with self.transaction() as cr:
                staging.create(cr)
            self._can_stage = True

    def finish(self, cr, chunk, counts, values):
        """Write the map, the dead letters and the source's position."""
        cr.execute(sql("stores/sql/remember.sql"), values)
        cr.execute(sql("stores/sql/dead_letters.sql"), values)
        cr.execute("SELECT count(*) FROM stage_reject")
        counts.rows_rejected = cr.fetchone()[0]
        if chunk.month:
            cursors.mark_month(cr, self._cursor_name, chunk.month)
        elif chunk.position:
            cursors.save(cr, self._cursor_name, chunk.position)

    # ------------------------------------------------------------ the steps of a load

    def _add_range(self, cr, key_range):
        """Add the documents known in a key range: those not delivered are gone."""
        if key_range:
            names = ("kind", "after", "up_to")
            cr.execute(
                sql("stores/sql/key_range.sql"),
                {**self.parameters, **dict(zip(names, key_range, strict=True))},
            )

    def _replace(self, cr, values):
        make_partitions(cr)
        cr.execute(sql("stores/sql/replace.sql"), values)
        cr.execute(
            sql(
                "stores/sql/intervals.sql",
                intervals=sql("stores/sql/interval_rows.sql"),
            ),
            values,
        )
        for table in (CUSTOMER_ORDER, POINT):
            cr.execute(sql("stores/sql/relevel.sql", table=table))
        parts = {**fragments.orders(), **fragments.reversals()}
        cr.execute(sql("stores/sql/customers.sql", **parts), values)
        roll_up(cr, values)
        if not loads.is_derived(cr):
            return  # of months without days and hours; all of them follow in the end
        _make_months(cr, CUSTOMER_DAY, "stage_customer_day")
        cr.execute(
            sql(
                "stores/sql/customer_days.sql",
                days_of_customers=fragments.touched_days(),
                **fragments.replaced_days("stage_new_day"),
            ),
            values,
        )
        cr.execute(
            sql(
                "stores/sql/cards.sql",
                point_sums=fragments.touched_hours(),
                **fragments.replaced_hours(),
            ),
            values,
        )
        archived.refresh_lots(cr)
        cr.execute(sql("stores/sql/say_changed.sql"), values)


def judge(cr, values):
    """Tell the staged documents that count from those that are refused.

    Who was erased since they were staged is not brought back by them.
    """
    values["pseudonyms"].replace(cr, values["source"])
    cr.execute(sql("transform/ignored.sql"), values)
    cr.execute(sql("transform/orders.sql"), values)
    cr.execute(sql("transform/membership.sql"), values)
    cr.execute(sql("transform/bookings.sql"), values)


def transform(cr, counts, values, tables=None):
    """Fill the row tables and the order grain from what was staged.

    :param tables: detail, evaluation, event and point: where their rows go; the
        staging tables by default
    """
    names = tables or {
        "detail": "stage_detail",
        "evaluation": "stage_evaluation_row",
        "event": "stage_event_row",
        "point": "stage_point_row",
    }
    # All joins here are of whole staging tables, of which the planner knows
    # nothing: only a nested loop can be very wrong.
    # And thousands of sums at once cost more memory than sorting costs time.
    cr.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_hashagg = off")
    cr.execute(sql("transform/duplicates.sql"))
    cr.execute(sql("transform/lines.sql", **names), values)
    cr.execute(sql("transform/membership_rows.sql", **names), values)
    cr.execute(sql("transform/points.sql", **names), values)
    loaded, staged = _sizes(cr, names)
    if loaded != staged:
        cr.execute(sql("transform/rejects.sql"), values)
    cr.execute(sql("transform/aggregate.sql", **names))
    cr.execute("SET LOCAL enable_nestloop = on; SET LOCAL enable_hashagg = on")
    counts.rows_loaded = sum(loaded)


def _sizes(cr, names):
    staged = ("stage_line", "stage_evaluation", "stage_point")
    own = (names["detail"], names["evaluation"], names["point"])
    cr.execute(
        "SELECT " + ", ".join(f"(SELECT count(*) FROM {t})" for t in (*own, *staged))
    )
    sizes = cr.fetchone()
    return sizes[:3], sizes[3:]


def make_partitions(cr):
    """Make the months that the staged rows need."""
    months = {}
    for table, (rows, column) in _MONTHS.items():
        if (rows, column) not in months:
            cr.execute(
                # Those that did not change may be of months that are archived.
                f"SELECT DISTINCT date_trunc('month', r.{column})::date FROM {rows} r"
                " JOIN stage_document USING (order_key)"
                f" WHERE r.{column} IS NOT NULL"
            )
            months[rows, column] = [month for (month,) in cr.fetchall()]
        partitions.ensure(cr, table, months[rows, column])


def _make_months(cr, table, rows):
    """Make the months of a table that rows with a ``date`` need."""
    cr.execute(f"SELECT DISTINCT date_trunc('month', r.date)::date FROM {rows} r")
    partitions.ensure(cr, table, [month for (month,) in cr.fetchall()])


def roll_up(cr, values):
    """Recompute the promotion rollups of the touched buckets."""
    cr.execute(sql("stores/sql/rollup.sql", **fragments.buckets()), values)
    cr.execute(sql("stores/sql/days.sql", **fragments.days()))


def rebuild_customers(cr, values, company_ids=()):
    """Compute the days of customers and the points' rollup from scratch.

    :param company_ids: of these companies; of all that report by default
    """
    if not company_ids:
        cr.execute("SELECT company_id FROM loyalty_reporting_company")
        company_ids = [company for (company,) in cr.fetchall()]
    _make_months(cr, POINT_ROLLUP, POINT)
    _make_months(cr, CUSTOMER_DAY, f"({sql('stores/sql/dates_of_customers.sql')})")
    statement = sql(
        "stores/sql/rebuild_customers.sql",
        days_of_customers=fragments.all_days(),
        point_sums=fragments.all_hours(),
        days_of_points=fragments.point_days("r.company_id = %(company_id)s"),
        **fragments.replaced_days("customer_day_data"),
        **fragments.replaced_hours(),
        **fragments.reversals(),
    )
    for company_id in company_ids:
        cr.execute(statement, {**values, "company_id": company_id})
