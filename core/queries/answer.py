"""The one path from a query to its answer: keys → plan → cache → store → measures.

ClickHouse answers when it is configured, whole and reachable; PostgreSQL otherwise,
with the same numbers.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from ..database import sql
from ..errors import NotFound, ReportingError
from . import clickhouse, postgres
from .base import Answer, Grain
from .cache import Cache
from .measures import value_of
from .pause import Pause
from .plan import COUNTS, plan

_logger = logging.getLogger(__name__)
_pause = Pause()


@dataclass(frozen=True)
class State:
    """What the stores hold: loads in PostgreSQL, pushes in ClickHouse."""

    owner: str
    incarnation: str
    load_id: int
    epoch: int
    pushing: bool
    watermark: int
    pushed_at: datetime | None
    read_at: datetime | None


def answer(query, cr, settings, fresh_cursor):
    """Answer a query.

    :param cr: cursor of the reporting database, inside the caller's transaction
    :param settings: :class:`~core.settings.Settings`
    :param fresh_cursor: function that opens a cursor with a snapshot of its own (a
        context manager); what ClickHouse holds is looked up through it
    :return: :class:`~core.queries.base.Answer`
    :raise NotFound: a program that does not exist, or not in this company
    :raise StoreError: the report took too long
    """
    keys = _keys(query, cr)
    cache = Cache(settings)
    raw = None
    if settings.clickhouse_url and not _pause.is_on(settings.clickhouse_url):
        raw = _from_clickhouse(query, keys, settings, fresh_cursor, cache)
    raw = raw or _from_postgres(query, keys, settings, cr, cache)
    with fresh_cursor() as fresh:
        # The caller's snapshot may be older than what ClickHouse has answered.
        names = _programs(fresh, {row["program_key"] for row in raw["rows"]})
    return Answer(
        rows=[_row(query, row, names) for row in raw["rows"]],
        total=raw["total"],
        tier=raw["tier"],
        store=raw["store"],
        as_of=raw["as_of"] and datetime.fromisoformat(raw["as_of"]),
    )


def _from_clickhouse(query, keys, settings, fresh_cursor, cache):
    """Return the raw answer, or None when PostgreSQL must give it."""
    for _attempt in range(2):
        before = _state(fresh_cursor)
        if before.pushing or not before.watermark:
            return None
        version = f"{before.owner} {before.incarnation} clickhouse {before.epoch}"
        cached = cache.get(query, keys, version)
        if cached:
            return cached
        try:
            statement = plan(query, keys, clickhouse)
            result = clickhouse.run(
                settings.clickhouse_url,
                statement,
                settings.query_timeout,
                (before.owner, before.epoch),
            )
        except ReportingError as e:
            if isinstance(e, clickhouse.Away):
                _pause.begin(settings.clickhouse_url)
            _logger.warning("%s", e)
            return None
        if _state(fresh_cursor).epoch == before.epoch:
            as_of = before.read_at and min(before.read_at, before.pushed_at)
            raw = _raw(query, statement, result, clickhouse, as_of)
            return cache.put(query, keys, version, raw)
    return None


def _from_postgres(query, keys, settings, cr, cache):
    state = _state_of(cr)
    version = f"{state.owner} {state.incarnation} postgresql {state.load_id}"
    cached = cache.get(query, keys, version)
    if cached:
        return cached
    statement = plan(query, keys, postgres)
    result = postgres.run(cr, statement, settings.query_timeout)
    raw = _raw(query, statement, result, postgres, state.read_at)
    if _state_of(cr).load_id != state.load_id:
        return raw  # a load came in between: right, but of no known version
    return cache.put(query, keys, version, raw)


def _state(fresh_cursor):
    with fresh_cursor() as cr:
        return _state_of(cr)


def _state_of(cr):
    cr.execute(sql("queries/state.sql"))
    return State(*cr.fetchone())


def _keys(query, cr):
    """Translate the filters' identifiers into keys of ours."""
    keys = {}
    if query.program_ids:
        cr.execute(
            sql("queries/visible_programs.sql"),
            {"ids": [*query.program_ids], "company": query.company.id},
        )
        found = cr.fetchall()
        for program_id in query.program_ids:
            if program_id not in {external for external, _key in found}:
                raise NotFound(
                    "program_id", f"There is no program {program_id} in this company."
                )
        keys["program_keys"] = [key for _external, key in found]
    if query.store_ids:
        cr.execute(
            "SELECT id FROM loyalty_reporting_shop WHERE external_id = ANY(%s)",
            [[*query.store_ids]],
        )
        keys["shop_keys"] = [key for (key,) in cr.fetchall()]
    return keys


def _raw(query, statement, result, dialect, as_of):
    """Return an answer of plain texts and whole numbers, fit for the cache."""
    rows, total = result
    return {
        "rows": [_raw_row(query, statement, row, dialect) for row in rows],
        "total": total,
        "tier": statement.tier,
        "store": dialect.STORE,
        "as_of": as_of and as_of.isoformat(),
    }


def _raw_row(query, statement, row, dialect):
    values = iter(row)
    raw = {"date": next(values).isoformat()}
    if query.grain is Grain.HOUR:
        raw["hour"] = next(values).strftime("%Y-%m-%dT%H:%M:%SZ")
    raw["program_key"] = next(values)
    for column in statement.columns:
        value = next(values)
        raw[column] = value if column in COUNTS else str(dialect.decimal(value))
    return raw


def _programs(cr, keys):
    """Return {program key: (identifier, name)}; names are those of today."""
    cr.execute(
        "SELECT id, external_id, name FROM loyalty_reporting_program WHERE id = ANY(%s)",
        [[*keys]],
    )
    return {key: (external, name) for key, external, name in cr.fetchall()}


def _row(query, raw, names):
    program_id, program_name = names[raw["program_key"]]
    row = {
        "program_id": program_id,
        "program_name": program_name,
        "date": raw["date"],
    }
    if "hour" in raw:
        row["hour"] = raw["hour"]
    for measure in query.measures:
        row[measure.name] = value_of(measure, query, raw)
    return row
