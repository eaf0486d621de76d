"""Ship to ClickHouse what PostgreSQL has above the watermark.

A push can be repeated and killed at will: rows replace their older versions, and the
watermark moves only when all of them are there. While it runs, ``pushing`` is set
and readers use PostgreSQL.
"""

import logging
from contextlib import closing, contextmanager

import psycopg2

from ..database import connect, sql
from ..errors import Busy, ReportingError, StoreError
from ..records import Counts, RunResult
from . import clickhouse
from .runs import RunLog

_logger = logging.getLogger(__name__)
TABLES = ("promotion_order_data", "promotion_performance_data")
# ClickHouse refuses a block of more than 100 partitions.
# Counted in four weeks, each of which touches two months at most.
_PARTITIONS = 25


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
        clickhouse.create_schema(self._client)
        with _reporting(self._dsn) as (state, source):
            owner, problem = self._inspect(state)
            snapshot = _high(source)
            watermark, interrupted = _progress(state)
            if rebuild or problem:
                epoch = _begin(state)
                self._fill(source)
            elif (
                interrupted
                or snapshot > watermark
                or self._dimensions_differ(source)
            ):
                epoch = _begin(state)
                self._send(source, watermark, suffix="", tombstones=True)
            else:
                _settle(state, None, snapshot)
                return RunResult("done", self._counts)
            self._send_dimensions(source, epoch)
            self._client.execute(
                "INSERT INTO push_log (epoch, watermark, owner) VALUES",
                [(epoch, snapshot, owner)],
            )
            _settle(state, epoch, snapshot)
        return RunResult("done", self._counts, message=problem or "")

    def _inspect(self, state):
        """Return (owner, why the copy must be rebuilt, or None).

        :raise StoreError: the copy belongs to another reporting database
        """
        with state.cursor() as cr:
            cr.execute(
                "SELECT system_identifier || '/' || current_database(), epoch, watermark,"
                " pushing FROM pg_control_system(), loyalty_reporting_clickhouse"
            )
            owner, epoch, watermark, pushing = cr.fetchone()
        state.commit()
        newest = self._client.execute(
            "SELECT owner, epoch, watermark FROM push_log ORDER BY epoch DESC LIMIT 1"
        )
        if not newest:
            return owner, "ClickHouse was empty and has been filled from PostgreSQL."
        its_owner, its_epoch, its_watermark = newest[0]
        if its_owner != owner:
            raise StoreError(
                "The ClickHouse database is the copy of another reporting database "
                f"({its_owner.partition('/')[2]}). Give this one a database of its own, "
                "or drop its tables if it is no longer needed."
            )
        unsettled = pushing and its_epoch == epoch
        if its_epoch > epoch or (its_watermark != watermark and not unsettled):
            return owner, (
                f"ClickHouse stood at load {its_watermark}, PostgreSQL remembered "
                f"{watermark}: one of them was restored. ClickHouse was rebuilt."
            )
        return owner, None

    def _fill(self, source):
        """Fill empty tables beside the live ones, then swap them."""
        for table in TABLES:
            self._client.execute(f"DROP TABLE IF EXISTS {table}_new")
        clickhouse.create_schema(self._client, "_new")
        self._send(source, 0, suffix="_new", tombstones=False)
        for table in TABLES:
            self._client.execute(f"DROP TABLE IF EXISTS {table}_old")
            self._client.execute(
                f"RENAME TABLE {table} TO {table}_old, {table}_new TO {table}"
            )
            self._client.execute(f"DROP TABLE {table}_old")

    def _send(self, source, watermark, suffix, tombstones):
        for table in TABLES:
            queries = [f"stores/sql/push_{table}.sql"]
            if tombstones:
                queries.append(f"stores/sql/push_{table}_deleted.sql")
            for query in queries:
                self._send_query(source, table + suffix, query, watermark)

    def _send_query(self, source, table, query, watermark):
        # numpy is loaded here: only what pushes to ClickHouse needs it.
        from .blocks import integer_blocks  # noqa: PLC0415

        blocks = integer_blocks(source, sql(query), {"watermark": watermark})
        for names, columns in blocks:
            for part in _by_partition(names, columns):
                self._client.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) VALUES",
                    part,
                    columnar=True,
                )
                self._counts.rows_loaded += len(part[0])

    def _dimensions_differ(self, source):
        with source.cursor() as cr:
            cr.execute(
                "SELECT id, external_id, name, coalesce(program_type, '')"
                " FROM loyalty_reporting_program ORDER BY id"
            )
            wanted = cr.fetchall()
        found = self._client.execute(
            "SELECT program_key, program_id, program_name, program_type"
            " FROM program_data FINAL ORDER BY program_key"
        )
        return wanted != found

    def _send_dimensions(self, source, epoch):
        with source.cursor() as cr:
            cr.execute(
                "SELECT id, %(epoch)s, external_id, name, coalesce(program_type, '')"
                " FROM loyalty_reporting_program",
                {"epoch": epoch},
            )
            self._client.execute("INSERT INTO program_data VALUES", cr.fetchall())
            cr.execute(
                "SELECT id, %(epoch)s, external_id FROM loyalty_reporting_shop",
                {"epoch": epoch},
            )
            self._client.execute("INSERT INTO shop_data VALUES", cr.fetchall())


def _by_partition(names, columns):
    """Split a block so that no insert touches more partitions than allowed."""
    days = columns[names.index("first_day" if "first_day" in names else "day")]
    months = sorted({day // 28 for day in days})
    if len(months) <= _PARTITIONS:
        yield columns
        return
    for start in range(0, len(months), _PARTITIONS):
        wanted = set(months[start : start + _PARTITIONS])
        keep = [i for i, day in enumerate(days) if day // 28 in wanted]
        yield [[column[i] for i in keep] for column in columns]


@contextmanager
def _reporting(dsn):
    """Open two connections: one writes our state, one reads a single snapshot."""
    try:
        with closing(connect(dsn)) as state, closing(connect(dsn, readonly=True)) as source:
            yield state, source
    except psycopg2.DataError as e:
        raise StoreError(
            f"A sum is too large for ClickHouse: {str(e).strip()}. PostgreSQL answers."
        ) from e
    except psycopg2.Error as e:
        raise StoreError(f"The reporting database failed: {str(e).strip()}") from e


def _high(source):
    """Return the last load that the snapshot shows; all before it are there too."""
    with source.cursor() as cr:
        cr.execute("SELECT load_id FROM fact_load")
        return cr.fetchone()[0]


def _progress(state):
    """Return (watermark, whether the last push was cut short)."""
    with state, state.cursor() as cr:
        cr.execute("SELECT watermark, pushing FROM loyalty_reporting_clickhouse")
        return cr.fetchone()


def _begin(state):
    """Tell readers that the copy is changing. Returns the push's epoch."""
    with state, state.cursor() as cr:
        cr.execute(
            "UPDATE loyalty_reporting_clickhouse SET pushing = true, epoch = epoch + 1"
            " RETURNING epoch"
        )
        return cr.fetchone()[0]


def _settle(state, epoch, watermark):
    """Tell readers that the copy is whole again, and how far it reaches."""
    with state, state.cursor() as cr:
        cr.execute(
            "UPDATE loyalty_reporting_clickhouse SET pushing = false, watermark = %s,"
            " pushed_at = now() AT TIME ZONE 'UTC', problem = NULL, problem_at = NULL"
            " WHERE epoch = %s OR %s IS NULL",
            [watermark, epoch, epoch],
        )


def _note(dsn, problem):
    """Remember why ClickHouse is behind, for the screen."""
    try:
        with closing(connect(dsn)) as connection, connection, connection.cursor() as cr:
            cr.execute(
                "UPDATE loyalty_reporting_clickhouse SET problem = %s,"
                " problem_at = now() AT TIME ZONE 'UTC'",
                [problem],
            )
    except psycopg2.Error:
        _logger.exception("The state of ClickHouse could not be written")
