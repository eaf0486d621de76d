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
from core.retention import months, run
from core.retention.policy import Policy, Tier
from core.retention.tables import TABLES
from core.settings import Settings
from core.stores import materialized

from . import history
from .asking import asked, p99
from .first_load import load_history
from .retention_rows import fill

ROWS = int(os.environ.get("ROWS", "20_000_000"))
SECONDS = int(os.environ.get("SECONDS", "20"))
REFRESHES = int(os.environ.get("REFRESHES", "5"))
DAYS = 90
# All of the history is due, and nothing of the synthetic year.
BETWEEN = date(2019, 3, 31)
# The last day of the synthetic year: its last three months stay.
TODAY = date(2019, 12, 31)
BEFORE = (TODAY - timedelta(DAYS)).replace(day=1)
LISTING = {
    "date_from": "2019-11-01",
    "date_to": "2019-11-30",
    "transaction_type": "redeem",
    "per_page": "100",
}
_DUE = f"transaction_date < '{BEFORE}'"
_MIB = 1 << 20


def main():
    """Seconds of the drop, rates of the archive, sizes, and p99 of readers meanwhile."""
    history.build_engine()
    dsn = history.reporting("bench_retention")
    load_history(dsn)
    _views(dsn)
    rows = fill(dsn, ROWS)
    with asked(dsn, page) as quiet:
        time.sleep(SECONDS)
    _say_p99("a page of points, nothing else", quiet)
    with tempfile.TemporaryDirectory() as folder:
        with asked(dsn, page) as meanwhile:
            old = _leave(dsn, BETWEEN, folder)
        with _cursor(dsn) as cr:
            due = _sum(cr, f"SELECT count(*) FROM {{table}} WHERE {_DUE}")
            csv = sum(_csv_bytes(cr, table) for table in TABLES[Tier.DETAIL])
            before, kept = _size(cr), _size(cr, f"month >= '{BEFORE}'")
            heap = _size(cr, f"month < '{BEFORE}'", "pg_table_size")
        print(f"{rows:,} rows; {due:,} of them are due", flush=True)
        deletion = _delete(dsn)
        with asked(dsn, page) as meanwhile_due:
            new = _leave(dsn, TODAY, folder)
        with _cursor(dsn) as cr:
            after, files = _size(cr), _files(cr)
            verified = _timed(lambda: run.verify(dsn, new.months))
    print(
        f"partitions: {len(new.months)} months detached and dropped in"
        f" {new.seconds('dropped'):.2f} s, {deletion / new.seconds('dropped'):,.0f} times"
        f" faster than DELETE and VACUUM; {before:,.0f} MiB before, {after:,.0f} MiB"
        f" after, {kept:,.0f} MiB of them were the months' that stay\n"
        f"archive: {due:,} rows written and read back in {new.seconds('written'):.1f} s,"
        f" {due / new.seconds('written'):,.0f} rows/s;"
        f" frozen in {new.seconds('frozen'):.1f} s\n"
        f"files: {files:,.0f} MiB; the rows take {heap:,.0f} MiB as table"
        f" ({heap / files:.1f} ×), {before - kept:,.0f} MiB with indexes"
        f" ({(before - kept) / files:.1f} ×), {csv:,.0f} MiB as CSV ({csv / files:.1f} ×)\n"
        f"verified again in {verified:.1f} s, {due / verified:,.0f} rows/s"
    )
    for what, name in (
        ("dropping", "dropped"),
        ("archiving", "written"),
        ("freezing", "frozen"),
    ):
        spans = [*old.spans[name], *new.spans[name]]
        _say_p99(f"a page of points while {what}", meanwhile + meanwhile_due, quiet, spans)


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
    """Return the seconds of the way without partitions: the same rows in plain tables."""
    with closing(connect(dsn)) as connection:
        connection.autocommit = True
        cr = connection.cursor()
        for table in TABLES[Tier.DETAIL]:
            cr.execute(f"CREATE TABLE plain_{table} (LIKE {table} INCLUDING DEFAULTS)")
            cr.execute(f"INSERT INTO plain_{table} SELECT * FROM {table}")
            _index(cr, table)
        cr.execute("VACUUM ANALYZE")
        before = _plain_size(cr)
        with asked(dsn, page) as meanwhile:
            deleted = _timed(
                lambda: [
                    cr.execute(f"DELETE FROM plain_{t} WHERE {_DUE}")
                    for t in TABLES[Tier.DETAIL]
                ]
            )
            vacuumed = _timed(
                lambda: [
                    cr.execute(f"VACUUM ANALYZE plain_{t}") for t in TABLES[Tier.DETAIL]
                ]
            )
        print(
            f"plain tables: DELETE {deleted:.1f} s, VACUUM {vacuumed:.1f} s;"
            f" {before:,.0f} MiB before, {_plain_size(cr):,.0f} MiB after"
        )
        _say_p99("a page of points meanwhile", meanwhile)
        for table in TABLES[Tier.DETAIL]:
            cr.execute(f"DROP TABLE plain_{table}")
    return deleted + vacuumed


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
    :ivar spans: {step: [(begin, end)]}; dropping begins with the first detachment
    """

    def __init__(self, steps):
        self.spans = {"written": [], "frozen": [], "dropped": []}
        begin = {"written": "begun", "frozen": "verified", "dropped": "frozen"}
        at = {(month, step): moment for moment, step, month in steps}
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


def _size(cr, which="true", of="pg_total_relation_size"):
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
        " JOIN loyalty_reporting_archive a ON a.id = f.archive_id WHERE a.month > %s",
        [BETWEEN.replace(month=1, day=1) - timedelta(1)],
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
    rows = f"SELECT * FROM {table} WHERE {_DUE}"
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
