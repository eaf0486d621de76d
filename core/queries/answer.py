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
from .base import Answer, Grain, Listing, Query
from .cache import Cache
from .measures import shown, value_of
from .pause import Pause
from .plan import is_count, plan, plan_listing

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
    if isinstance(query.report, Listing):
        return _listed(query, keys, cr, settings)
    cache = Cache(settings)
    with fresh_cursor() as fresh:
        # The caller's snapshot may be older than what ClickHouse will answer.
        members = {d.name: _members(d, fresh) for d in query.dimensions if d.members}
    asked = _Asked(query, keys, {n: m.groups for n, m in members.items()})
    raw = None
    if settings.clickhouse_url and not _pause.is_on(settings.clickhouse_url):
        raw = _from_clickhouse(asked, settings, fresh_cursor, cache)
    raw = raw or _from_postgres(asked, settings, cr, cache)
    return Answer(
        rows=[_row(query, row, members) for row in raw["rows"]],
        total=raw["total"],
        tier=raw["tier"],
        store=raw["store"],
        as_of=raw["as_of"] and datetime.fromisoformat(raw["as_of"]),
    )


@dataclass(frozen=True)
class _Asked:
    """A query in the stores' own keys."""

    query: Query
    keys: dict
    groups: dict

    @property
    def parts(self):
        """What tells it from others, beside the query."""
        return [self.keys, self.groups]

    def statement(self, dialect):
        return plan(self.query, self.keys, self.groups, dialect)


@dataclass(frozen=True)
class _Members:
    """The members of a dimension: keys with their groups' numbers; groups' values."""

    groups: tuple
    values: list


def _members(dimension, cr):
    cr.execute(dimension.members)
    rows = sorted(cr.fetchall(), key=lambda row: [_sortable(v) for v in row[1:]])
    keys, numbers, values = [], [], []
    for key, *named in rows:
        if dimension.is_identity or not values or values[-1] != named:
            values.append(named)
        keys.append(key)
        numbers.append(len(values) - 1)
    return _Members((keys, numbers), values)


def _sortable(value):
    """Return what orders a value; nothing comes first."""
    return (value is not None, value if value is not None else 0)


def _listed(query, keys, cr, settings):
    state = _state_of(cr)
    statement = plan_listing(query, keys, postgres)
    rows, total = postgres.run(cr, statement, settings.query_timeout)
    columns = query.report.columns
    return Answer(
        rows=[
            {c.name: shown(c, v) for c, v in zip(columns, row, strict=True)}
            for row in rows
        ],
        total=total,
        tier=statement.tier,
        store=postgres.STORE,
        as_of=state.read_at,
    )


def _from_clickhouse(asked, settings, fresh_cursor, cache):
    """Return the raw answer, or None when PostgreSQL must give it."""
    for _attempt in range(2):
        before = _state(fresh_cursor)
        if before.pushing or not before.watermark:
            return None
        version = f"{before.owner} {before.incarnation} clickhouse {before.epoch}"
        cached = cache.get(asked.query, asked.parts, version)
        if cached:
            return cached
        try:
            statement = asked.statement(clickhouse)
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
            raw = _raw(asked.query, statement, result, clickhouse, as_of)
            if _has_strangers(asked, raw):
                return None
            return cache.put(asked.query, asked.parts, version, raw)
    return None


def _has_strangers(asked, raw):
    """Tell whether rows belong to members that came after they were looked up."""
    names = [f"by_{name}" for name in asked.groups]
    return any(row[name] < 0 for row in raw["rows"] for name in names)


def _from_postgres(asked, settings, cr, cache):
    state = _state_of(cr)
    version = f"{state.owner} {state.incarnation} postgresql {state.load_id}"
    cached = cache.get(asked.query, asked.parts, version)
    if cached:
        return cached
    statement = asked.statement(postgres)
    result = postgres.run(cr, statement, settings.query_timeout)
    raw = _raw(asked.query, statement, result, postgres, state.read_at)
    if _state_of(cr).load_id != state.load_id:
        return raw  # a load came in between: right, but of no known version
    return cache.put(asked.query, asked.parts, version, raw)


def _state(fresh_cursor):
    with fresh_cursor() as cr:
        return _state_of(cr)


def _state_of(cr):
    cr.execute(sql("queries/state.sql"))
    return State(*cr.fetchone())


def _keys(query, cr):
    """Return {name of a filter: the stored values that it lets through}.

    :raise NotFound: one of what must be there is not
    """
    keys = {}
    for asked, values in query.filters:
        keys[asked.name] = [*values]
        if asked.keys:
            cr.execute(asked.keys, {"ids": [*values], "company": query.company.id})
            found = cr.fetchall()
            missing = [v for v in values if v not in {known for known, _key in found}]
            if missing and asked.noun:
                raise NotFound(
                    asked.name,
                    f"There is no {asked.noun} {missing[0]} in this company.",
                )
            keys[asked.name] = [key for _known, key in found]
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
    for dimension in query.dimensions:
        raw[f"by_{dimension.name}"] = next(values)
    for name, column in statement.columns.items():
        value = next(values)
        raw[name] = value if is_count(column) else str(dialect.decimal(value))
    return raw


def _row(query, raw, members):
    row = {}
    for dimension in query.dimensions:
        value = raw[f"by_{dimension.name}"]
        values = members[dimension.name].values[value] if dimension.members else [value]
        row |= zip((c.name for c in dimension.columns), values, strict=True)
    row["date"] = raw["date"]
    if "hour" in raw:
        row["hour"] = raw["hour"]
    for measure in query.measures:
        row[measure.name] = value_of(measure, query, raw)
    return row
