"""The one path from a query to its answer: cache → keys → plan → store → measures.

ClickHouse answers when it is configured, whole and reachable, unless PostgreSQL alone has
a smaller table that can; PostgreSQL otherwise, with the same numbers.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial

from ..database import sql
from ..errors import NotFound, ReportingError
from ..stores.archived import read_whole
from . import clickhouse, cursor, postgres
from .base import Grain, Listing, is_whole
from .cache import Cache
from .horizon import look
from .levels import level_writer
from .measures import shower, valuer
from .members import members_of
from .pause import Pause
from .plan import facts_of, plan, plan_listing
from .query import HOURS, Answer

_logger = logging.getLogger(__name__)
_pause = Pause()
_STATE = sql("queries/state.sql")


@dataclass(frozen=True)
class State:
    """What the stores hold: loads in PostgreSQL, pushes in ClickHouse, and names.

    :param changed: the last load that may have changed the answer to a question
    """

    owner: str
    incarnation: str
    changed: int
    names: int
    epoch: int
    pushing: bool
    watermark: int
    pushed_at: datetime | None
    read_at: datetime | None

    @property
    def version(self):
        """What an answer depends on, beside the question."""
        of_copy = f"{self.epoch} {self.pushing} {self.watermark}"
        if self.watermark >= self.changed:
            of_copy = ""  # what is still to be pushed changes nothing of this
        return f"{self.owner} {self.incarnation} {self.changed} {self.names} {of_copy}"

    def as_of(self, store):
        """Return the instant up to which the sources are read into a store."""
        if store == clickhouse.STORE and self.read_at:
            return min(self.read_at, self.pushed_at)
        return self.read_at


def answer(query, cr, settings, fresh_cursor):
    """Answer a query.

    :param cr: cursor of the reporting database, inside the caller's transaction
    :param settings: :class:`~core.settings.Settings`
    :param fresh_cursor: function that opens a cursor with a snapshot of its own (a
        context manager); what ClickHouse holds is looked up through it
    :return: :class:`~core.queries.query.Answer`
    :raise NotFound: a program that does not exist, or not in this company
    :raise StoreError: the report took too long
    """
    state = state_of(cr, query)

    def read(snapshot, _seen):
        reading = _Reading(query, snapshot, settings, fresh_cursor)
        made = reading.listed() if _is_listing(query) else reading.grouped()
        # What was loaded or renamed meanwhile belongs to no version that is known.
        return made, state_of(snapshot, query).version == state.version

    def found():
        return read_whole(read, partial(look, query), cr, fresh_cursor)

    question = [query.page_asked, bool(settings.clickhouse_url)]
    made = Cache(settings).once((question, state.version), query, found)
    return replace(made, as_of=state.as_of(made.store))


@dataclass(frozen=True)
class _Reading:
    """A question that no cache can answer."""

    query: object
    cr: object
    settings: object
    fresh_cursor: object

    def listed(self):
        keys = keys_of(self.query, self.cr)
        statement = plan_listing(self.query, keys, postgres)
        result = postgres.run(self.cr, statement, self.settings.query_timeout)
        rows = [*map(lister(self.query), result.rows)]
        goes_on = ""
        if result.has_more:
            goes_on = cursor.write(self.query, _place(self.query, result.rows[-1]))
        return Answer(
            rows, result.total, statement.tier, postgres.STORE, next_cursor=goes_on
        )

    def grouped(self):
        query, keys = self.query, keys_of(self.query, self.cr)
        with self.fresh_cursor() as fresh:
            # The caller's snapshot may be older than what ClickHouse will answer.
            dimensions = [d for d in query.dimensions if d.members]
            members = {d.name: members_of(d, fresh) for d in dimensions}
        read = self._from_store(query, keys, members)
        totals = None
        if query.with_totals:
            whole = query.total
            is_whole_already = whole == replace(query.unpaged(1), with_totals=False)
            # By the same store: the other one may hold more, and nothing would add up.
            again = read
            if not is_whole_already:
                again = self._from_store(whole, keys, {}, read.dialect)
                if again.state != read.state:
                    # ClickHouse went away in between, or was fed.
                    read = self._from_store(query, keys, members, postgres)
                    again = self._from_store(whole, keys, {}, postgres)
            totals = _totals(whole, again)
        goes_on = ""
        if read.result.has_more:
            last = _grouped_place(query, read.rows[-1], members)
            goes_on = cursor.write(query, last)
        return Answer(
            [*map(row_maker(query, members), read.rows)],
            read.result.total,
            read.statement.tier,
            read.dialect.STORE,
            totals=totals,
            next_cursor=goes_on,
        )

    def _from_store(self, query, keys, members, chosen=None):
        """Return what ClickHouse found, or PostgreSQL where that cannot answer.

        Also where PostgreSQL is as fast: see :func:`is_cheap_here`.

        :param chosen: dialect of the store that is asked, if it is chosen already
        """
        url = self.settings.clickhouse_url
        statement = plan(query, keys, members, postgres)
        is_here = not url or _pause.is_on(url) or chosen is postgres
        if not is_here and chosen is None:
            is_here = is_cheap_here(query, statement, self.cr, self.settings)
        if not is_here:
            read = self._from_clickhouse(query, keys, members)
            if read:
                return read
        result = postgres.run(self.cr, statement, self.settings.query_timeout)
        return _Read(query, statement, result, postgres, state=postgres.STORE)

    def _from_clickhouse(self, query, keys, members):
        """Return what ClickHouse found, or None when PostgreSQL must answer."""
        settings = self.settings
        for _attempt in range(2):
            before = self._fresh_state()
            if before.pushing or not before.watermark:
                return None
            try:
                dialect = clickhouse.dialect(settings.clickhouse_url)
                statement = plan(query, keys, members, dialect)
                copy = (before.owner, before.epoch)
                result = clickhouse.run(settings, statement, copy)
            except ReportingError as e:
                if isinstance(e, clickhouse.Away):
                    _pause.begin(settings.clickhouse_url)
                _logger.warning("%s", e)
                return None
            if self._fresh_state().epoch == before.epoch:
                read = _Read(query, statement, result, dialect, state=before.epoch)
                return None if _has_strangers(members, read) else read
        return None

    def _fresh_state(self):
        with self.fresh_cursor() as cr:
            # Months may have left since the caller's snapshot, and ClickHouse's copy too.
            is_begun_here = bool(look(self.query, cr))
            state = state_of(cr, self.query)
            return replace(state, pushing=state.pushing or is_begun_here)


def _totals(query, read):
    """Return the measures of all rows together; those of no rows are 0."""
    columns = read.statement.columns
    nothing = {n: 0 if is_whole(c) else "0.0000" for n, c in columns.items()}
    nothing["date"] = query.date_from.isoformat()
    if not read.rows:
        read.level_writer(query)(nothing)
    [row] = read.rows or [nothing]
    values = row_maker(query, {})(row)
    del values["date"]
    return values


def is_cheap_here(query, statement, cr, settings):
    """Tell whether PostgreSQL answers as fast as ClickHouse would.

    It does where it alone has the smallest table: by day, a year of programs is read from
    some thousand rows in a few milliseconds, instead of from each hour's. And where it has
    little to read, as of the last days: its answer is as fresh as the load then, and waits
    for no push.

    :param statement: of the query, for PostgreSQL
    """
    facts, _stored = facts_of(query, postgres.STORE)
    if clickhouse.STORE not in facts.stores:
        return True
    most = settings.clickhouse_cost
    return bool(most) and postgres.cost(cr, statement) < most


class _Read:
    """What a store found, as plain texts and whole numbers.

    :ivar rows: dicts: ``date``, perhaps ``hour``, ``by_<dimension>``, stored columns
    :ivar state: of the data that it was read from; the caller's snapshot is one
    """

    def __init__(self, query, statement, result, dialect, *, state):
        self.state = state
        self.statement, self.result, self.dialect = statement, result, dialect
        self.rows = [*map(raw_reader(query, statement, dialect), result.rows)]
        write_levels = self.level_writer(query)
        for row in self.rows:
            write_levels(row)

    def level_writer(self, query):
        """Return what writes the levels that were found into a row."""
        levels = self.result.levels
        return level_writer(query, self.statement, levels, self.dialect)


def state_of(cr, query):
    """Return the :class:`State` of the stores for a question, as a cursor sees it."""
    asked = {"company_id": query.company.id, "date_to": query.date_to}
    cr.execute(_STATE, asked)
    return State(*cr.fetchone())


def keys_of(query, cr):
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


def raw_reader(query, statement, dialect):
    """Return the function from a row of a store to plain texts and whole numbers."""
    # The one bucket of a period is called by its first day, also by a store whose days
    # begin later.
    period = query.date_from.isoformat() if query.grain is Grain.PERIOD else None
    is_hourly = query.grain is Grain.HOUR
    names = [f"by_{dimension.name}" for dimension in query.dimensions]
    decimals = [n for n, column in statement.columns.items() if not is_whole(column)]
    names += statement.columns
    begin = 2 if is_hourly else 1

    def read(row):
        raw = {"date": period or row[0].isoformat()}
        if is_hourly:
            raw["hour"] = _hour(row[1])
        raw.update(zip(names, row[begin:], strict=False))
        for name in decimals:
            raw[name] = dialect.decimal_text(raw[name])
        return raw

    return read


# Rows are in the order of their hours: each comes many times, one after the other.
@lru_cache(maxsize=1_000)
def _hour(instant):
    return instant.strftime(HOURS)


def row_maker(query, members):
    """Return the function from a raw row to the one that is shown."""
    dimensions = [(f"by_{d.name}", _shown(d, members)) for d in query.dimensions]
    values = [(m.name, valuer(m, query)) for m in query.shown_measures]
    times = ("date", "hour") if query.grain is Grain.HOUR else ("date",)

    def shown(raw):
        row = {}
        for by, columns_of in dimensions:
            row.update(columns_of(raw[by]))
        for name in times:
            row[name] = raw[name]
        for name, value_in in values:
            row[name] = value_in(raw)
        return row

    return shown


def _shown(dimension, members):
    """Return the function from a stored value to the columns that show it."""
    names = [column.name for column in dimension.columns]
    if not dimension.members:
        return lambda value: {names[0]: value}
    groups = members[dimension.name].values
    return [dict(zip(names, group, strict=True)) for group in groups].__getitem__


def lister(query):
    """Return the function from a stored row of a listing to the one shown."""
    columns = [(column.name, shower(column)) for column in query.report.columns]

    def listed(row):
        return {
            name: show(value) if show else value
            for (name, show), value in zip(columns, row, strict=False)
        }

    return listed


def _member(dimension, raw, members):
    """Return which member a row belongs to, for a cursor."""
    value = raw[f"by_{dimension.name}"]
    return members[dimension.name].place(value) if dimension.members else value


def _place(query, row):
    """Return the place of a listing's row, for a cursor."""
    report = query.report
    values = row[len(report.columns) :]
    names = (name for name, _kind in report.order)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in zip(names, values, strict=True)
    }


def _grouped_place(query, raw, members):
    place = {f"of_{name}": value for name, value in raw.items()}
    place |= {name: raw[name] for name in ("date", "hour") if name in raw}
    for dimension in query.dimensions:
        place[dimension.name] = _member(dimension, raw, members)
    return place


def _has_strangers(members, read):
    """Tell whether rows belong to members that came after they were looked up."""
    names = [f"by_{name}" for name in members]
    return any(row[name] < 0 for row in read.rows for name in names)


def _is_listing(query):
    return isinstance(query.report, Listing)
