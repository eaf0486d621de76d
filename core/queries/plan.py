"""From a query to one SQL statement, for PostgreSQL or for ClickHouse.

A statement is made of our own column names and of parameters; nothing that a caller
wrote ever becomes part of its text.
"""

from dataclasses import replace
from datetime import date

from .base import PREVIOUS, Additivity, Facts, Grain, Sum
from .order import after, bounds, order, terms
from .query import Statement, parameter

_PAGE = f" LIMIT {parameter('limit')} OFFSET {parameter('offset')}"


def plan(query, keys, members, dialect):
    """Return the :class:`Statement` that answers a query.

    :param keys: name of a filter → the stored values that it lets through
    :param members: name of a dimension → its :class:`~core.queries.members.Members`
    :param dialect: ``postgres`` or ``clickhouse`` module of this package
    """
    facts, stored = facts_of(query, dialect.STORE)
    columns = {name: stored[name.removeprefix(PREVIOUS)] for name in columns_of(query)}
    grouped = _grouped(query, facts, columns, dialect)
    found = terms(query, columns, dialect)
    names = [*_key_names(query)]
    if query.grain is Grain.PERIOD:
        names.insert(0, f"{dialect.day_of('date_from')} AS bucket")
    shown = [*names, *(dialect.shown(name, c) for name, c in columns.items())]
    begin = f" WHERE {after(found)}" if query.after else ""
    return Statement(
        text=f"SELECT {', '.join(shown)} FROM ({grouped}) AS grouped"
        f"{begin}{order(found)}{_PAGE}",
        count_text=_count(query, f"({grouped}) AS grouped"),
        parameters={
            **_parameters(query, keys, dialect),
            **_of_members(query, members, dialect),
            **bounds(query, members, dialect),
        },
        columns=columns,
        tier=facts.tier,
        **_levels(query, dialect),
    )


def plan_listing(query, keys, dialect):
    """Return the :class:`Statement` that answers a query for a listing.

    Its rows have the columns that they are ordered by behind those that are shown.

    :param keys: as in :func:`plan`
    """
    report = query.report
    facts = _facts_of_listing(report)
    shown = [dialect.stored(column) for column in report.columns]
    place = [f"facts.{name}" for name, _kind in report.order]
    direction = " DESC" if query.is_backwards else ""
    parameters = _parameters(query, keys, dialect)
    begin = ""
    if query.after:
        sign = "<" if query.is_backwards else ">"
        bound = [dialect.placed(name, kind) for name, kind in report.order]
        # The first alone tells the server which partitions to leave out.
        begin = (
            f" AND {place[0]} {sign}= {bound[0]}"
            f" AND ({', '.join(place)}) {sign} ({', '.join(bound)})"
        )
        parameters |= {f"after_{name}": v for name, v in query.after.items()}
    source = _listed(query, facts, dialect)
    ordered = ", ".join(f"{name}{direction}" for name in place)
    return Statement(
        text=f"SELECT {', '.join([*shown, *place])} FROM {source}{begin}"
        f" ORDER BY {ordered}{_PAGE}",
        count_text=_count(query, source),
        parameters=parameters,
        tier=facts.tier,
    )


def plan_tally(tally, keys, dialect):
    """Return the :class:`Statement` that counts the rows of a listing.

    :param tally: :class:`~core.queries.query.Tally`
    :param keys: as in :func:`plan`
    """
    query = tally.query
    facts = _facts_of_listing(query.report)
    by, added = f"facts.{tally.by}", f"facts.{tally.adds}"
    return Statement(
        text=f"SELECT {by}, count(*), sum({added})::text FROM"
        f" {_listed(query, facts, dialect)} GROUP BY {by} ORDER BY {by}",
        count_text="",
        parameters=_parameters(query, keys, dialect),
        tier=facts.tier,
    )


def _facts_of_listing(report):
    return Facts(report.table, "detail", {}, frozenset(), is_by_instant=True)


def _listed(query, facts, dialect):
    return f"{dialect.table(facts)} WHERE {_conditions(query, facts, dialect)}"


def columns_of(query):
    """Return the names of the stored columns that a query's measures are read from."""
    report = query.report
    asked = [m for m in query.measures if m.additivity is not Additivity.SEMI_ADDITIVE]
    if query.compare:
        asked += [m.previous for m in asked]
    names = (name for measure in asked for name in report.stored(measure))
    return (*dict.fromkeys(names),)


def levels_of(query):
    """Return the names of the stored changes that a query's levels add up."""
    levels = (m for m in query.measures if m.additivity is Additivity.SEMI_ADDITIVE)
    return (*dict.fromkeys(m.of for m in levels),)


def facts_of(query, store):
    """Return the smallest stored table that can answer: fewer rows, same numbers."""
    keys = query.keys
    needed = {name.removeprefix(PREVIOUS) for name in columns_of(query)}
    for facts in query.report.facts:
        known = _known(query, facts)
        is_fine = query.grain is not Grain.HOUR or facts.grain is Grain.HOUR
        if (
            store in facts.stores
            and is_fine
            and keys <= facts.keys
            and known.keys() >= needed
        ):
            return facts, known
    raise AssertionError(f"{query.report.slug}: no table has {needed} by {keys}")


def read_of(query, store):
    """Return (stored table, first, last day) of all whose period is to be here whole."""
    facts, _columns = facts_of(query, store)
    asked, compare = (query.date_from, query.date_to), query.compare
    found = [(facts, *asked)]
    if compare:
        found.append((facts, compare.date_from, compare.date_to))
    names = levels_of(query)
    if names:
        first = compare.date_from if compare else query.date_from
        of_levels = _facts_of_levels(query, names, query.grain, store)
        found.append((of_levels, first, query.date_to))
    return found


def _known(query, facts):
    """Return the columns of a table that are right in the rows asked for."""
    shown = {d.key for d in query.dimensions if d.is_identity}
    # A year before, the 28th of February may stand for two days.
    is_moved = bool(query.compare and query.compare.months)
    is_own = query.grain is facts.grain and shown >= facts.keys and not is_moved
    return (
        facts.columns
        | (facts.own if is_own else {})
        | (facts.of_each if shown >= facts.each else {})
    )


def _grouped(query, facts, columns, dialect):
    """Return the rows of all pages: keys, then sums by their names."""
    if not query.compare:
        return _of_period(query, facts, columns, dialect)
    periods = (_of_period(query, facts, columns, dialect, p) for p in ("", PREVIOUS))
    sums = (f"sum(periods.sum_of_{name}) AS {name}" for name in columns)
    both = [*_key_names(query), *sums]
    return (
        f"SELECT {', '.join(both) or '1 AS one'} FROM ({' UNION ALL '.join(periods)}) AS periods"
        f"{_by(_key_names(query))}"
    )


def _of_period(query, facts, columns, dialect, prefix=""):
    """Return the rows of one period; what belongs to the other one is 0 in them.

    Where there are two, no sum is called as a stored column: ClickHouse of 2018 would
    read such a 0 where the column is meant, in the sum of the other period.
    """
    names, source = _keys(query, facts, dialect, is_moved=bool(prefix))
    selected = [f"{sql} AS {name}" for name, sql in names.items()]
    for name, column in columns.items():
        is_of_it = name.startswith(PREVIOUS) is bool(prefix)
        sql = _aggregate(column, dialect) if is_of_it else dialect.zero(column)
        selected.append(f"{sql} AS {'sum_of_' if query.compare else ''}{name}")
    where = _conditions(query, facts, dialect, prefix)
    # Without a measure there are rows all the same.
    listed = ", ".join(selected) or "1 AS one"
    return f"SELECT {listed} FROM {source} WHERE {where}{_by(names)}"


def _keys(query, facts, dialect, *, is_moved=False):
    """Return ({name: expression} of what rows are told apart by, what to read)."""
    names, source = {}, dialect.table(facts)
    if query.grain is Grain.HOUR:
        names |= {"bucket": "facts.date", "bucket_hour": "facts.hour"}
    elif query.grain is not Grain.PERIOD:
        bucket = dialect.BUCKETS[query.grain]
        names["bucket"] = dialect.moved(bucket) if is_moved else bucket
    dimensions, source = _dimensions(query, dialect, source)
    return names | dimensions, source


def _dimensions(query, dialect, source):
    """Return ({name: expression} of the dimensions, what to read) from a source."""
    names = {}
    for dimension in query.dimensions:
        if dimension.members:
            names[f"by_{dimension.name}"], joined = dialect.group(dimension)
            source += joined
        else:
            names[f"by_{dimension.name}"] = dialect.text(dimension.key)
    return names, source


def _key_names(query):
    time = {Grain.PERIOD: (), Grain.HOUR: ("bucket", "bucket_hour")}
    dimensions = (f"by_{d.name}" for d in query.dimensions)
    return (*time.get(query.grain, ("bucket",)), *dimensions)


def _by(names):
    """Return how rows are grouped; no facts, no row."""
    return f" GROUP BY {', '.join(names)}" if names else " HAVING count(*) > 0"


def _aggregate(column, dialect):
    if isinstance(column, Sum):
        return dialect.sum(column)
    return dialect.distinct(column)


def _levels(query, dialect):
    """Return the changes of levels by day or hour, those before the period together."""
    names = levels_of(query)
    if not names:
        return {}
    is_hour = query.grain is Grain.HOUR
    begin = (dialect.instant_of if is_hour else dialect.day_of)("levels_begin")
    place = "facts.hour" if is_hour else "facts.date"
    first, last = parameter("levels_from"), parameter("date_to")
    within = f"facts.date >= {first} AND facts.date <= {last}"
    before = f"facts.date < {first} AND facts.date <= {last}"
    facts, coarsest = (
        _facts_of_levels(query, names, grain, dialect.STORE)
        for grain in (query.grain, Grain.DAY)
    )
    if dialect.STORE == "postgresql" and coarsest.changes:
        coarsest = replace(coarsest, table=coarsest.changes)
    return {
        "levels_text": _changes(query, coarsest, {"place": begin}, before, dialect)
        + " UNION ALL "
        + _changes(query, facts, {"place": place}, within, dialect),
        "levels": {name: facts.levels[name] for name in names},
    }


def _facts_of_levels(query, names, grain, store):
    for facts in query.report.facts:
        is_fine = grain is not Grain.HOUR or facts.grain is Grain.HOUR
        has_all = facts.levels.keys() >= {*names} and query.keys <= facts.keys
        if store in facts.stores and is_fine and has_all:
            return facts
    raise AssertionError(f"{query.report.slug}: no table has {names} by {query.keys}")


def _changes(query, facts, place, days, dialect):
    """Return the sums of changes by place in time ({name: expression}) and dimensions.

    :param days: the condition of their days
    """
    by, source = _dimensions(query, dialect, dialect.table(facts))
    by = place | by
    selected = [f"{sql} AS {name}" for name, sql in by.items()]
    for name in levels_of(query):
        changes = facts.levels[name]
        selected.append(f"{dialect.shown(dialect.sum(changes), changes)} AS {name}")
    where = " AND ".join([days, *_rows_meant(query, facts, dialect)])
    return (
        f"SELECT {', '.join(selected)} FROM {source} WHERE {where}"
        f" GROUP BY {', '.join(by)}"
    )


def _count(query, source):
    return "" if query.after is not None else f"SELECT count(*) FROM {source}"


def _conditions(query, facts, dialect, prefix=""):
    begin, end = (parameter(f"{prefix}date_{side}") for side in ("from", "to"))
    conditions = [
        f"facts.date >= {begin}",
        f"facts.date <= {end}",
        *(dialect.partitions(begin, end) if facts.is_by_instant else ()),
        *_rows_meant(query, facts, dialect),
    ]
    return " AND ".join(conditions)


def _rows_meant(query, facts, dialect):
    """Return the conditions of rows, whatever their day."""
    return [
        f"facts.company_id = {parameter('company')}",
        *dialect.tests(facts.where),
        *(
            dialect.contains(f"facts.{f.column}", f"of_{f.name}")
            for f, _values in query.filters
        ),
    ]


def _parameters(query, keys, dialect):
    found = {
        "company": query.company.id,
        "date_from": dialect.day(query.date_from),
        "date_to": dialect.day(query.date_to),
        "limit": query.per_page + 1,
        "offset": 0 if query.after is not None else (query.page - 1) * query.per_page,
        **{f"of_{name}": dialect.list(values) for name, values in keys.items()},
    }
    first = query.date_from
    if query.compare:
        first = query.compare.date_from
        found |= {
            f"{PREVIOUS}date_from": dialect.day(first),
            f"{PREVIOUS}date_to": dialect.day(query.compare.date_to),
            "moved_days": query.compare.days,
            "moved_months": query.compare.months,
            # What is moved from the 28th of February may belong to the 29th.
            "moved_first": dialect.day(
                query.date_from if query.grain is Grain.DAY else date(1970, 1, 1)
            ),
        }
    found["levels_from"] = dialect.day(first)
    # Where the levels begin: before all facts.
    is_hour = query.grain is Grain.HOUR
    found["levels_begin"] = (
        "1970-01-01 00:00:00" if is_hour else dialect.day(date(1970, 1, 1))
    )
    return found


def _of_members(query, members, dialect):
    found = {}
    for dimension in query.dimensions:
        if dimension.members:
            there = members[dimension.name]
            found[f"{dimension.name}_members"] = dialect.array(there.keys)
            found[f"{dimension.name}_groups"] = dialect.array(there.numbers)
    return found
