"""From a query to one SQL statement, for PostgreSQL or for ClickHouse.

A statement is made of our own column names and of parameters; nothing that a caller
wrote ever becomes part of its text.
"""

from .base import Additivity, Facts, Grain, Statement, Sum, parameter

_PAGE = f" LIMIT {parameter('limit')} OFFSET {parameter('offset')}"


def columns_of(query):
    """Return the names of the columns that a query's measures need, ratios resolved."""
    found = {}
    for measure in query.measures:
        names = (measure.numerator, *measure.denominator)
        parts = (
            [query.report.measure(name) for name in names]
            if measure.additivity is Additivity.RATIO
            else [measure]
        )
        found |= dict.fromkeys(part.of for part in parts)
    return (*found,)


def facts_of(query, store):
    """Return the smallest stored table that can answer: fewer rows, same numbers."""
    keys = {d.key for d in query.dimensions} | {f.column for f, _ in query.filters}
    needed = columns_of(query)
    for facts in query.report.facts:
        known = _known(query, facts)
        is_fine = query.grain is not Grain.HOUR or facts.grain is Grain.HOUR
        if (
            store in facts.stores
            and is_fine
            and keys <= facts.keys
            and known.keys() >= set(needed)
        ):
            return facts, {name: known[name] for name in needed}
    raise AssertionError(f"{query.report.slug}: no table has {needed} by {keys}")


def _known(query, facts):
    """Return the columns of a table that are right in the rows asked for."""
    shown = {d.key for d in query.dimensions if d.is_identity}
    is_own = query.grain is facts.grain and shown >= facts.keys
    return (
        facts.columns
        | (facts.own if is_own else {})
        | (facts.of_each if shown >= facts.each else {})
    )


def plan(query, keys, groups, dialect):
    """Return the :class:`Statement` that answers a query.

    :param keys: name of a filter → the stored values that it lets through
    :param groups: name of a dimension with members → (keys, numbers of the groups that
        they belong to, in the order in which they are shown)
    :param dialect: ``postgres`` or ``clickhouse`` module of this package
    """
    facts, columns = facts_of(query, dialect.STORE)
    names = _bucket_columns(query.grain, dialect)
    source, parameters = dialect.table(facts), {}
    for dimension in query.dimensions:
        name = f"by_{dimension.name}"
        if dimension.members:
            names[name], joined = dialect.group(dimension)
            source += joined
            members, numbers = groups[dimension.name]
            parameters[f"{dimension.name}_members"] = dialect.array(members)
            parameters[f"{dimension.name}_groups"] = dialect.array(numbers)
        else:
            names[name] = dialect.text(dimension.key)
    selected = ", ".join(
        [f"{sql} AS {name}" for name, sql in names.items()]
        + [f"{_aggregate(c, dialect)} AS {name}" for name, c in columns.items()]
    )
    grouped = (
        f"SELECT {selected} FROM {source}"
        f" WHERE {_conditions(query, facts, dialect)}"
        f" GROUP BY {', '.join(names)}"
    )
    return Statement(
        text=f"{grouped} ORDER BY {', '.join(names)}{_PAGE}",
        count_text=f"SELECT count(*) FROM ({grouped}) AS grouped",
        parameters={**_parameters(query, keys, dialect), **parameters},
        columns=columns,
        tier=facts.tier,
    )


def plan_listing(query, keys, dialect):
    """Return the :class:`Statement` that answers a query for a listing.

    :param keys: as in :func:`plan`
    """
    report = query.report
    columns = ", ".join(map(dialect.stored, report.columns))
    order = ", ".join(f"facts.{name}" for name in report.order)
    facts = Facts(report.table, "detail", {}, frozenset(), is_by_instant=True)
    source = f"{dialect.table(facts)} WHERE {_conditions(query, facts, dialect)}"
    return Statement(
        text=f"SELECT {columns} FROM {source} ORDER BY {order}{_PAGE}",
        count_text=f"SELECT count(*) FROM {source}",
        parameters=_parameters(query, keys, dialect),
        tier=facts.tier,
    )


def is_count(column):
    """Tell whether a column of an answer is a whole number."""
    return not isinstance(column, Sum) or column.is_count


def _aggregate(column, dialect):
    if isinstance(column, Sum):
        return dialect.sum(column)
    return dialect.distinct(column)


def _bucket_columns(grain, dialect):
    """Return {name: expression} of the columns of time that a query groups by."""
    if grain is Grain.HOUR:
        return {"bucket": "facts.date", "bucket_hour": "facts.hour"}
    return {"bucket": dialect.BUCKETS[grain]}


def _conditions(query, facts, dialect):
    conditions = [
        f"facts.company_id = {parameter('company')}",
        f"facts.date >= {parameter('date_from')}",
        f"facts.date <= {parameter('date_to')}",
        *(dialect.PERIOD if facts.is_by_instant else ()),
        *dialect.tests(facts.where),
        *(
            dialect.contains(f"facts.{f.column}", f"of_{f.name}")
            for f, _values in query.filters
        ),
    ]
    return " AND ".join(conditions)


def _parameters(query, keys, dialect):
    return {
        "company": query.company.id,
        "date_from": dialect.day(query.date_from),
        "date_to": dialect.day(query.date_to),
        "limit": query.per_page,
        "offset": (query.page - 1) * query.per_page,
        **{f"of_{name}": dialect.list(values) for name, values in keys.items()},
    }
