"""The jobs: reconcile a source with the detail, and the stores with each other."""

from contextlib import closing

from .. import sync
from ..errors import ReportingError
from ..records import Counts, RunResult
from ..stores import push, push_tables, runs, servers
from ..stores.locks import held
from ..stores.reporting import connect, explained, transaction
from . import months as choice
from .as_delivered import compare_delivered, compare_own
from .findings import Findings
from .months import period
from .of_copy import LEVEL as COPY
from .of_copy import Copy, memory, original
from .of_rollups import compare_rollups
from .of_source import compare_month
from .results import Scope, save
from .snapshot import Snapshot

STORES = "stores"
# The lock of who changes ClickHouse.
PUSH = "clickhouse"
_BLAMED = """
    SELECT DISTINCT r.table_name, r.day FROM loyalty_reporting_reconciliation r
    WHERE r.level = 'source' AND r.day IS NOT NULL AND r.state = 'different'
      AND r.run_id = (
        SELECT max(l.run_id) FROM loyalty_reporting_reconciliation l
        WHERE l.level = 'source' AND l.source_name = r.source_name)
"""


def reconcile_source(source, dsn, *, months=None, settled="settled", **feed):
    """Compare what a source holds with the detail, after reading what is new there.

    :param months: first days of the months (UTC) to compare; None means all
    :param settled: state of the differences that are no longer found
    :param feed: what ``sync.run`` wants besides
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    name, system = feed["source_name"], feed.get("system", "engine")

    def work(run_id):
        since = newest_load(dsn)
        read = sync.run(source, dsn, **feed)
        if read.state == "failed":
            return read
        findings = Findings()
        known = {"erasure_secret": feed.get("erasure_secret", "")}
        with closing(Snapshot(dsn, name, system, **known)) as snapshot:
            with snapshot.look() as cr:
                chosen = choice.here(cr, months or _all_months(snapshot, source))
            for month in chosen:
                compare_month(snapshot, source, month, since, findings)
                with snapshot.look() as cr:
                    compare_delivered(cr, month, system, findings)
        with source.reading() as reading:
            compare_own(reading, findings)
        levels = ("source", "delivered")
        _save(dsn, Scope(run_id, name, period(chosen), levels, settled), findings)
        return _told(findings)

    return logged(dsn, "reconcile", name, work)


def reconcile_stores(settings, dsn, *, months=None, settled="settled"):
    """Compare the rollups with the detail, and ClickHouse with PostgreSQL.

    :return: :class:`RunResult`; errors are in its message, never raised
    """

    def work(run_id):
        findings, levels = Findings(), ["rollup"]
        notice = ""
        with closing(Snapshot(dsn)) as snapshot:
            with snapshot.look() as cr:
                chosen = choice.here(cr, months or sorted(choice.known(cr)))
                cr.execute(_BLAMED)
                blamed = {*cr.fetchall()}
            compare_rollups(snapshot, chosen, blamed, findings)
            if settings.clickhouse_url:
                try:
                    chosen = compare_copies(
                        settings, snapshot, dsn, chosen, findings, is_all=not months
                    )
                    levels.append(COPY)
                    _explain_copies(blamed, findings)
                except ReportingError as e:
                    notice = str(e)
        scope = Scope(run_id, STORES, period(chosen), tuple(levels), settled)
        _save(dsn, scope, findings)
        return _told(findings, notice)

    return logged(dsn, "reconcile", STORES, work)


def compare_copies(settings, snapshot, dsn, months, findings, *, is_all):  # noqa: PLR0913
    """Compare what ClickHouse holds, while nobody pushes. Returns the months."""
    push.push(settings, dsn)
    with (
        held(dsn, PUSH),
        servers.opened(settings.clickhouse_url) as there,
    ):
        watermark = memory(dsn, there).watermark
        # What a node has yet to fetch is no difference.
        there.sync()
        with snapshot.look() as cr:
            copy = Copy(cr, there, watermark)
            chosen = sorted({*months, *copy.months()}) if is_all else months
            for table in push_tables.FACTS:
                for month in chosen:
                    copy.compare(table, month, findings)
    return chosen


def logged(dsn, job, name, work):
    """Do the work, one at a time, and write down how it went.

    :param work: function of the run's id → :class:`RunResult`
    """
    return runs.run(dsn, job, name, work, lock="reconcile")


def newest_load(dsn):
    """Return the number of the last load."""
    with closing(connect(dsn)) as connection, explained(), connection.cursor() as cr:
        cr.execute("SELECT load_id FROM fact_load")
        return cr.fetchone()[0]


def _all_months(snapshot, source):
    with snapshot.look() as cr:
        known = choice.known(cr)
    with source.reading() as reading:
        there = reading.months({"phase": "first", "months": []})
    return sorted({*known, *there})


def _explain_copies(blamed, findings):
    """Say of copies that the table in PostgreSQL itself differs."""
    for (level, table, day), totals in findings.days.items():
        if level == COPY and (original(table), day) in blamed:
            totals.reason = f"follows from {original(table)} in PostgreSQL"


def _save(dsn, scope, findings):
    with transaction(dsn) as cr:
        save(cr, scope, findings)


def _told(findings, notice=""):
    """Return the result that tells what was found."""
    compared = sum(day.kept.rows for day in findings.days.values())
    found = {"different": 0, "explained": 0}
    for (level, _table, _day), totals in findings.days.items():
        if level != "delivered" and totals.differences:
            is_open = not totals.reason and _day is not None
            found["different" if is_open else "explained"] += totals.differences
    parts = [f"{found['different']} rows differ."] if found["different"] else []
    if found["explained"]:
        parts.append(f"{found['explained']} differences are explained.")
    told = sum(
        day.differences for (level, *_rest), day in findings.days.items()
        if level == "delivered"
    )  # fmt: skip
    if told:
        parts.append(f"{told} values of the source differ from our own computation.")
    if findings.explained:
        parts.append(f"{findings.explained} documents were on their way.")
    counts = Counts(documents_read=findings.documents, rows_read=compared)
    return RunResult("done", counts, message=" ".join(filter(None, [*parts, notice])))
