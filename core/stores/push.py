"""Ship to ClickHouse what PostgreSQL has above the watermark.

A push can be repeated and killed at will: rows replace their older versions, and the
watermark moves only when all of them are there. While it runs, ``pushing`` is set
and readers use PostgreSQL.
"""

import logging
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg2

from ..database import connect
from ..errors import ReportingError, StoreError
from ..records import Counts, RunResult
from ..retention import copy
from . import push_state, push_tables, runs, servers
from .push_tables import FACTS, IDS, NAMES, VIEWS
from .reporting import explained

_logger = logging.getLogger(__name__)


def push(settings, dsn):
    """Push what is new; rebuild if the copy is not the one we left.

    :param settings: :class:`~core.settings.Settings`
    :param dsn: the reporting database
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    return _run(settings, dsn, "push", rebuild=False)


def rebuild(settings, dsn):
    """Fill new tables from PostgreSQL, swap them in, and set the watermark."""
    return _run(settings, dsn, "rebuild", rebuild=True)


def _run(settings, dsn, job, rebuild):
    if not settings.clickhouse_url:
        return RunResult("done", message="No ClickHouse is configured.")

    def work(_id):
        with servers.opened(settings.clickhouse_url) as there:
            return _Push(there, dsn).run(rebuild)

    def failed(problem):
        _logger.warning("%s", problem)
        _note(dsn, problem)
        return RunResult("failed", message=problem)

    # One lock for both jobs: the entry is named by the store.
    return runs.run(dsn, job, "clickhouse", work, lock="clickhouse", failed=failed)


class _Push:
    def __init__(self, servers, dsn):
        self._servers = servers
        self._dsn = dsn
        self._counts = Counts()

    def run(self, rebuild):
        with _reporting(self._dsn) as (state, source):
            newest = _newest_load(source)
            theirs = push_state.theirs(self._servers)
            ours = push_state.ours(state, self._servers.layout)
            problem = push_state.disagreement(ours, theirs) or self._loss(source, ours)
            if not (newest or rebuild or ours.pushing):
                return RunResult("done")
            noted = copy.noted(source)
            has_old_views = theirs and theirs.schema != ours.schema
            if rebuild or problem:
                watermark, work = 0, self._fill
            elif has_old_views:
                watermark, work = ours.watermark, self._renew_views
            elif noted or self._is_behind(source, ours, newest):
                watermark, work = ours.watermark, self._send_new
            else:
                self._servers.confirm(ours, is_written=False)
                push_state.settle(state, None, ours)
                return RunResult("done")
            if work != self._send_new:
                self._servers.require_all("A rebuild of ClickHouse")
            self._servers.choose_writers(None if work == self._fill else ours)
            epoch = max(ours.epoch, theirs.epoch if theirs else 0) + 1
            begun = replace(ours, epoch=epoch, watermark=watermark)
            push_state.begin(state, self._servers, begun)
            work(source, begun)
            if watermark:
                copy.fill_anew(self._servers, source, noted.values())
            if change := problem or (has_old_views and "The views were made again."):
                push_state.log_schema(self._servers, ours.schema, change)
            ended = replace(begun, watermark=newest)
            # Months are dropped by the leader of a shard; its writer may be another.
            self._servers.confirm(ended, is_written=not noted)
            push_state.settle(state, self._servers, ended)
            copy.settle(state, noted)
        return RunResult("done", self._counts, message=problem)

    def _is_behind(self, source, ours, newest):
        """Return whether there is something that ClickHouse may not hold yet."""
        is_behind = ours.pushing or newest > ours.watermark
        return is_behind or push_tables.is_renamed(source, self._servers)

    def _loss(self, source, ours):
        """Return which tables are gone or empty, as a sentence, or an empty text."""
        lost = push_tables.lost(source, self._servers, ours.watermark)
        if not lost:
            return ""
        tables = ", ".join(sorted(lost))
        return f"ClickHouse had lost {tables} and was filled again."

    def _fill(self, source, begun):
        """Fill empty tables beside the live ones, then swap them all at once."""
        self._servers.forget_whole()
        self._servers.drop("_new", "_old")
        self._servers.create_new()
        self._send_dimensions(source, begun, "_new")
        for table in FACTS:
            self._send_facts(source, begun, table, table, "_new")
        self._servers.swap()
        self._servers.make_views(VIEWS)
        self._servers.drop("_old")

    def _renew_views(self, source, begun):
        """Make the views of another version anew, and send what is new."""
        self._servers.make_views(VIEWS)
        self._send_new(source, begun)

    def _send_new(self, source, begun):
        """Send what lies above the watermark, and what was taken away there."""
        self._send_dimensions(source, begun)
        for table in FACTS:
            self._send_facts(source, begun, table, table)
            self._send_facts(source, begun, f"{table}_deleted", table)

    def _send_dimensions(self, source, begun, suffix=""):
        """Send ids and names, before the facts that refer to them."""
        for table in IDS:
            text = push_tables.query(table)
            self._servers.fill(table, source, text, vars(begun), suffix=suffix)
        for table in NAMES:
            columns, rows = push_tables.names(source, table)
            versioned = [(begun.epoch, *row) for row in rows]
            self._servers.insert(
                table, ["version", *columns], [*zip(*versioned, strict=True)], suffix
            )

    def _send_facts(self, source, begun, query, target, suffix=""):
        text, day = push_tables.query(query), FACTS[target]
        try:
            self._counts.rows_loaded += self._servers.fill(
                target, source, text, vars(begun), day=day, suffix=suffix
            )
        except psycopg2.DataError as e:
            raise StoreError(
                f"An amount or a sum in {query} is too large for ClickHouse "
                f"({str(e).strip()}). PostgreSQL answers until it is corrected."
            ) from e


@contextmanager
def _reporting(dsn):
    """Open two connections: one writes our state, one reads a single snapshot."""
    with (
        explained(),
        closing(connect(dsn)) as state,
        closing(connect(dsn, readonly=True)) as source,
    ):
        yield state, source


def _newest_load(source):
    """Return the last load that the snapshot shows; all before it are there too."""
    with source.cursor() as cr:
        cr.execute("SELECT load_id FROM fact_load")
        return cr.fetchone()[0]


def _note(dsn, problem):
    try:
        with explained(), closing(connect(dsn)) as state:
            push_state.note(state, problem)
    except ReportingError as e:
        _logger.warning("The state of ClickHouse could not be written: %s", e)
