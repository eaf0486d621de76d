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
from ..errors import Busy, ReportingError, StoreError
from ..records import Counts, RunResult
from ..retention import copy
from . import clickhouse, push_state, push_tables
from .push_tables import FACTS, IDS, NAMES, TABLES, VIEWS
from .runs import RunLog

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
    try:
        # One lock for both jobs: the entry is named by the store.
        with RunLog(dsn, job, "clickhouse", lock="clickhouse") as log:
            try:
                with clickhouse.client(settings.clickhouse_url, timeout=600) as client:
                    return log.finish(_Push(client, dsn).run(rebuild))
            except ReportingError as e:
                _note(dsn, str(e))
                raise
    except Busy as e:
        return RunResult("busy", message=str(e))
    except ReportingError as e:
        _logger.warning("%s", e)
        return RunResult("failed", message=str(e))


class _Push:
    def __init__(self, client, dsn):
        self._client = client
        self._dsn = dsn
        self._counts = Counts()

    def run(self, rebuild):
        with _reporting(self._dsn) as (state, source):
            newest = _newest_load(source)
            ours, theirs = push_state.ours(state), push_state.theirs(self._client)
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
                push_state.settle(state, None, ours)
                return RunResult("done")
            epoch = max(ours.epoch, theirs.epoch if theirs else 0) + 1
            begun = replace(ours, epoch=epoch, watermark=watermark)
            push_state.begin(state, self._client, begun)
            work(source, begun)
            if watermark:
                copy.fill_anew(self._client, source, noted.values())
            if change := problem or (has_old_views and "The views were made again."):
                push_state.log_schema(self._client, ours.schema, change)
            push_state.settle(state, self._client, replace(begun, watermark=newest))
            copy.settle(state, noted)
        return RunResult("done", self._counts, message=problem)

    def _is_behind(self, source, ours, newest):
        """Return whether there is something that ClickHouse may not hold yet."""
        is_behind = ours.pushing or newest > ours.watermark
        return is_behind or push_tables.is_renamed(source, self._client)

    def _loss(self, source, ours):
        """Return which tables are gone or empty, as a sentence, or an empty text."""
        lost = push_tables.lost(source, self._client, ours.watermark)
        if not lost:
            return ""
        tables = ", ".join(sorted(lost))
        return f"ClickHouse had lost {tables} and was filled again."

    def _fill(self, source, begun):
        """Fill empty tables beside the live ones, then swap them all at once."""
        for table in TABLES:
            self._client.execute(f"DROP TABLE IF EXISTS {table}_new")
            self._client.execute(f"DROP TABLE IF EXISTS {table}_old")
        clickhouse.create(self._client, "tables.sql")
        clickhouse.create(self._client, "tables.sql", "_new")
        self._send_dimensions(source, begun, "_new")
        for table in FACTS:
            self._send_facts(source, begun, table, f"{table}_new")
        swaps = (f"{t} TO {t}_old, {t}_new TO {t}" for t in TABLES)
        self._client.execute(f"RENAME TABLE {', '.join(swaps)}")
        self._make_views()
        for table in TABLES:
            self._client.execute(f"DROP TABLE {table}_old")

    def _renew_views(self, source, begun):
        """Make the views of another version anew, and send what is new."""
        self._make_views()
        self._send_new(source, begun)

    def _make_views(self):
        for view in VIEWS:
            self._client.execute(f"DROP TABLE IF EXISTS {view}")
        clickhouse.create(self._client, "views.sql")

    def _send_new(self, source, begun):
        """Send what lies above the watermark, and what was taken away there."""
        self._send_dimensions(source, begun)
        for table in FACTS:
            self._send_facts(source, begun, table, table)
            self._send_facts(source, begun, f"{table}_deleted", table)

    def _send_dimensions(self, source, begun, suffix=""):
        """Send ids and names, before the facts that refer to them."""
        for table in IDS:
            self._send(source, begun, table, f"{table}{suffix}")
        for table in NAMES:
            columns, rows = push_tables.names(source, table)
            self._client.execute(
                f"INSERT INTO {table}{suffix} (version, {', '.join(columns)}) VALUES",
                [(begun.epoch, *row) for row in rows],
            )

    def _send_facts(self, source, begun, query, target):
        day = FACTS[query.removesuffix("_deleted")]
        try:
            self._counts.rows_loaded += self._send(source, begun, query, target, day)
        except psycopg2.DataError as e:
            raise StoreError(
                f"An amount or a sum in {query} is too large for ClickHouse "
                f"({str(e).strip()}). PostgreSQL answers until it is corrected."
            ) from e

    def _send(self, source, begun, query, target, day=None):
        """Send what a query gives to a table. Returns the number of rows."""
        # numpy is loaded here: only what pushes to ClickHouse needs it.
        from .blocks import integer_blocks  # noqa: PLC0415

        text, rows = push_tables.query(query), 0
        with closing(integer_blocks(source, text, vars(begun), day)) as blocks:
            for names, columns in blocks:
                self._client.execute(
                    f"INSERT INTO {target} ({', '.join(names)}) VALUES",
                    columns,
                    columnar=True,
                )
                rows += len(columns[0])
        return rows


@contextmanager
def _reporting(dsn):
    """Open two connections: one writes our state, one reads a single snapshot."""
    try:
        with (
            closing(connect(dsn)) as state,
            closing(connect(dsn, readonly=True)) as source,
        ):
            yield state, source
    except psycopg2.Error as e:
        raise StoreError(f"The reporting database failed: {str(e).strip()}") from e


def _newest_load(source):
    """Return the last load that the snapshot shows; all before it are there too."""
    with source.cursor() as cr:
        cr.execute("SELECT load_id FROM fact_load")
        return cr.fetchone()[0]


def _note(dsn, problem):
    try:
        with closing(connect(dsn)) as state:
            push_state.note(state, problem)
    except psycopg2.Error:
        _logger.exception("The state of ClickHouse could not be written")
