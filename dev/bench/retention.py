"""Old detail leaves: archived and dropped by month, beside ``DELETE`` and ``VACUUM`` of the same rows.

The history's months leave first, in the same way: of both ways only the synthetic rows are
measured. Readers are measured all the time.
"""

import os
import tempfile
import time
from contextlib import closing, contextmanager
from datetime import date, timedelta

from core.database import connect
from core.queries import REPORTS
from core.queries.answer import answer
from core.queries.params import parse
from core.retention import run
from core.retention.policy import Policy, Tier
from core.retention.tables import TABLES
from core.settings import Settings
from core.stores import materialized

from . import history
from .asking import asked, p99
from .first_load import load_history
from .retention_rows import MONTHS, fill

ROWS = int(os.environ.get("ROWS", "20_000_000"))
SECONDS = int(os.environ.get("SECONDS", "20"))
REFRESHES = int(os.environ.get("REFRESHES", "5"))
DAYS = 90
# All of the history is due, and nothing of the synthetic year.
HISTORY_DUE = date(2019, 3, 31)
# Its first six months, measured with nobody who reads, as detaching waits for readers.
DUE_ALONE = date(2019, 9, 30)
# Three more, with one who does; the last three months stay.
DUE = date(2019, 12, 31)
LISTING = {
    "date_from": "2019-11-01",
    "date_to": "2019-11-30",
    "transaction_type": "redeem",
    "per_page": "100",
}
_MIB = 1 << 20


def main():
    """Seconds of the drop, rates of the archive, sizes, and p99 of readers meanwhile."""
    history.build_engine()
    dsn = history.reporting("bench_retention")
    load_history(dsn)
    _views(dsn)
    fill(dsn, ROWS)
    with asked(dsn, page) as quiet:
        time.sleep(SECONDS)
    _say_p99("a page of points, nothing else", quiet)
    with tempfile.TemporaryDirectory() as folder:
        with asked(dsn, page) as first:
            old = _leave(dsn, HISTORY_DUE, folder)
        deleted, vacuumed = _delete(dsn)
        with _cursor(dsn) as cr:
            size = _Size(cr)
        alone = _leave(dsn, DUE_ALONE, folder)
        with asked(dsn, page) as second:
            read = _leave(dsn, DUE, folder)
        with _cursor(dsn) as cr:
            after, files = _bytes(cr), _files(cr)
        verified = _timed(lambda: run.verify(dsn, [*alone.months, *read.months]))
    detached, dropped = alone.seconds("detached"), alone.seconds("dropped")
    print(
        f"partitions: {len(alone.months)} months of {size.rows_alone:,} rows detached"
        f" in {detached:.2f} s ({deleted / detached:,.0f} times faster than DELETE), and"
        f" dropped, which gives the disk back, in {dropped:.2f} s"
        f" ({vacuumed / dropped:,.0f} times faster than VACUUM); together"
        f" {(deleted + vacuumed) / (detached + dropped):,.0f} times faster;"
        f" {size.all:,.0f} MiB before, {after:,.0f} MiB after,"
        f" {size.kept:,.0f} MiB of them were the months' that stay"
    )
    written, computed, waited = (
        alone.seconds(step) + read.seconds(step)
        for step in ("written", "kept", "frozen")
    )
    longest = max(
        end - begin for left in (alone, read) for begin, end in left.spans["frozen"]
    )
    gone = size.all - size.kept
    print(
        f"archive: {size.rows:,} rows written and read back in {written:.1f} s,"
        f" {size.rows / written:,.0f} rows/s; how cards stand computed in {computed:.1f} s;"
        f" loads waited {waited:.3f} s, {waited / size.rows * 1e6:.4f} s per million rows,"
        f" {longest:.3f} s at most\n"
        f"files: {files:,.0f} MiB; the rows take {size.heap:,.0f} MiB as table"
        f" ({size.heap / files:.1f} ×), {gone:,.0f} MiB with indexes"
        f" ({gone / files:.1f} ×), {size.csv:,.0f} MiB as CSV ({size.csv / files:.1f} ×)\n"
        f"verified again in {verified:.1f} s, {size.rows / verified:,.0f} rows/s"
    )
    for what, names in (
        ("archiving", ["written"]),
        ("computing how cards stand", ["kept"]),
        ("detaching and dropping", ["detached", "dropped"]),
    ):
        spans = [s for name in names for left in (old, read) for s in left.spans[name]]
        _say_p99(f"a page of points while {what}", first + second, quiet, spans)


def page(connection):
    """Ask for the first page of a month's redemptions, with their number."""
    query = parse(REPORTS["points/transactions"], history.COMPANY, LISTING)
    with connection, connection.cursor() as cr:
        answer(query, cr, Settings(), lambda: closing(connection.cursor()))


def read_view(connection):
    """Read all of the first materialized view."""
    with connection, connection.cursor() as cr:
        cr.execute(f"SELECT * FROM {materialized.VIEWS[0]}")
        cr.fetchall()


def _views(dsn):
    """Refresh each view of the history again and again, with a reader and without."""
    materialized.refresh(dsn, force=True)
    with asked(dsn, read_view) as quiet:
        time.sleep(SECONDS / 4)
    for name in materialized.VIEWS:
        with asked(dsn, read_view) as meanwhile:
            took = [
                _timed(lambda n=name: materialized.refresh(dsn, force=True, names=[n]))
                for _number in range(REFRESHES)
            ]
        before, during = p99(quiet)[0], p99(meanwhile)[0]
        print(
            f"{name}: refreshed in {min(took):.2f} s; its reader's p99"
            f" {during * 1000:.1f} ms meanwhile, {before * 1000:.1f} ms without"
            f" ({during / before:.2f} ×), longest {max(s for _b, s in meanwhile):.2f} s",
            flush=True,
        )


def _delete(dsn):
    """Return the seconds of DELETE and of VACUUM of the same rows in plain tables."""
    with closing(connect(dsn)) as connection:
        connection.autocommit = True
        cr = connection.cursor()
        for table in TABLES[Tier.DETAIL]:
            cr.execute(f"CREATE TABLE plain_{table} (LIKE {table} INCLUDING DEFAULTS)")
            cr.execute(f"INSERT INTO plain_{table} SELECT * FROM {table}")
            _index(cr, table)
        cr.execute("VACUUM ANALYZE")
        before = _plain_size(cr)
        deleted, vacuumed = _deleted(cr, DUE_ALONE)
        print(
            f"plain tables: DELETE {deleted:.1f} s, VACUUM {vacuumed:.1f} s;"
            f" {before:,.0f} MiB before, {_plain_size(cr):,.0f} MiB after"
        )
        with asked(dsn, page) as meanwhile:
            _deleted(cr, DUE)
        _say_p99("a page of points while deleting", meanwhile)
        for table in TABLES[Tier.DETAIL]:
            cr.execute(f"DROP TABLE plain_{table}")
    return deleted, vacuumed


def _deleted(cr, today):
    """Return the seconds of DELETE and of VACUUM of what is due on a day."""
    due = f"transaction_date < '{_first_kept(today)}'"
    statements = (f"DELETE FROM plain_{{}} WHERE {due}", "VACUUM ANALYZE plain_{}")
    return [
        _timed(lambda s=s: [cr.execute(s.format(t)) for t in TABLES[Tier.DETAIL]])
        for s in statements
    ]


def _index(cr, table):
    """Give the plain table the indexes of the partitioned one."""
    cr.execute(
        "SELECT replace(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '),"
        " indexrelid::regclass::text, 'plain_' || indexrelid::regclass::text)"
        " FROM pg_index WHERE indrelid = %s::regclass",
        [table],
    )
    for (statement,) in cr.fetchall():
        cr.execute(statement.replace(f".{table} ", f".plain_{table} "))


class _Left:
    """How months left.

    :ivar months: their first days
    :ivar spans: {step: [(begin, end)]}
    """

    def __init__(self, steps):
        begin = {
            "written": "begun",
            "kept": "verified",
            "frozen": "kept",
            "detached": "frozen",
            "dropped": "detached",
        }
        self.spans = {step: [] for step in begin}
        # The last one of a month's tables counts.
        at = {(month, step.split()[0]): moment for moment, step, month in steps}
        self.months = sorted({month for month, _step in at})
        for month in self.months:
            for step, spans in self.spans.items():
                spans.append((at[month, begin[step]], at[month, step]))

    def seconds(self, step):
        return sum(end - begin for begin, end in self.spans[step])


def _leave(dsn, today, folder):
    """Take out what is due on a day as the scheduled action does. Returns :class:`_Left`."""
    steps = []

    def note(step, month):
        steps.append((time.monotonic(), step, month))

    result = run.run(dsn, [Policy(Tier.DETAIL, DAYS)], today, folder, between=note)
    if result.state != "done":
        raise SystemExit(result.message)
    return _Left(steps)


def _say_p99(what, found, quiet=None, spans=None):
    value, count = p99(found, spans)
    ratio = f", {value / p99(quiet)[0]:.2f} × without" if quiet else ""
    print(f"  {what}: p99 {value * 1000:.1f} ms of {count:,}{ratio}", flush=True)


class _Size:
    """What the tables hold before the synthetic months leave.

    :ivar rows: that are due; ``rows_alone``: those that leave with nobody who reads
    :ivar heap, csv: MiB of the rows that are due, as tables without indexes, and as CSV
    :ivar all, kept: MiB with indexes of all months, and of those that stay
    """

    def __init__(self, cr):
        count = "SELECT count(*) FROM {{table}} WHERE transaction_date < '{}'"
        first = _first_kept(DUE)
        self.rows = _sum(cr, count.format(first))
        self.rows_alone = _sum(cr, count.format(_first_kept(DUE_ALONE)))
        self.heap = _bytes(cr, f"month < '{first}'", "pg_table_size")
        self.csv = sum(_csv_bytes(cr, table) for table in TABLES[Tier.DETAIL])
        self.all, self.kept = _bytes(cr), _bytes(cr, f"month >= '{first}'")


def _first_kept(today):
    """Return the first day that is kept when a policy's day comes."""
    return (today - timedelta(DAYS)).replace(day=1)


def _bytes(cr, which="true", of="pg_total_relation_size"):
    """Return the MiB of the tables' partitions whose ``month`` is so."""
    cr.execute(
        f"SELECT coalesce(sum({of}(oid)), 0) FROM ("
        " SELECT inhrelid AS oid, to_date(right(inhrelid::regclass::text, 6), 'YYYYMM')"
        " AS month FROM pg_inherits WHERE inhparent = ANY(%s::regclass[])) p"
        f" WHERE {which}",
        [[*TABLES[Tier.DETAIL]]],
    )
    return float(cr.fetchone()[0]) / _MIB


def _plain_size(cr):
    return float(_sum(cr, "SELECT pg_total_relation_size('plain_{table}')")) / _MIB


def _files(cr):
    """Return the MiB of the files of the synthetic months."""
    cr.execute(
        "SELECT sum(f.bytes) FROM loyalty_reporting_archive_file f"
        " JOIN loyalty_reporting_archive a ON a.id = f.archive_id WHERE a.month >= %s",
        [MONTHS[0]],
    )
    return float(cr.fetchone()[0]) / _MIB


def _sum(cr, query):
    total = 0
    for table in TABLES[Tier.DETAIL]:
        cr.execute(query.format(table=table))
        total += cr.fetchone()[0]
    return total


def _csv_bytes(cr, table):
    """Return the MiB of the due rows of a table as CSV."""
    counted = _Counted()
    rows = f"SELECT * FROM {table} WHERE transaction_date < '{_first_kept(DUE)}'"
    cr.copy_expert(f"COPY ({rows}) TO STDOUT (FORMAT csv)", counted)
    return counted.bytes / _MIB


class _Counted:
    """A file that only counts what is written."""

    bytes = 0

    def write(self, data):
        self.bytes += len(data)


@contextmanager
def _cursor(dsn):
    with closing(connect(dsn)) as connection, connection, connection.cursor() as cr:
        yield cr


def _timed(action):
    begun = time.monotonic()
    action()
    return time.monotonic() - begun
