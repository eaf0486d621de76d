"""In which order rows come, and how a page begins after a row: for both dialects."""

from dataclasses import dataclass
from decimal import Decimal

from .base import Additivity, Grain, Measure
from .query import parameter


@dataclass(frozen=True)
class Term:
    """Something that rows are ordered by.

    :param sql: its value in a row
    :param bound: its value in the row after which a page begins
    """

    sql: str
    bound: str
    is_descending: bool = False


def terms(query, columns, dialect):
    """Return what rows are ordered by; together it tells all rows apart.

    :param columns: name → :class:`Sum` and the like
    """
    asked = [t for sort in query.sort for t in _asked(sort, query, columns, dialect)]
    ties = [
        Term(f"by_{d.name}", parameter(f"after_by_{d.name}")) for d in query.dimensions
    ]
    return (*asked, *_times(query, dialect), *ties)


def order(found):
    """Return the terms as ORDER BY wants them; empty without any."""
    words = [f"{t.sql} DESC" if t.is_descending else t.sql for t in found]
    return f" ORDER BY {', '.join(words)}" if words else ""


def after(found):
    """Return the condition that a row comes after the one that is bound."""
    cases, equal = [], []
    for term in found:
        sign = "<" if term.is_descending else ">"
        cases.append(" AND ".join([*equal, f"{term.sql} {sign} {term.bound}"]))
        equal.append(f"{term.sql} = {term.bound}")
    return " OR ".join(f"({case})" for case in cases) or "1 = 0"


def bounds(query, members, dialect):
    """Return the parameters of a question's order and of the row it begins after."""
    ranks = {
        f"rank_{sort.column.name}": dialect.array(
            members[sort.dimension.name].ranks(_place(sort))
        )
        for sort in query.sort
        if sort.dimension and sort.dimension.members
    }
    return {**ranks, **(_after(query, members, dialect) if query.after else {})}


def _asked(sort, query, columns, dialect):
    if isinstance(sort.column, Measure):
        return _of_measure(sort, query, columns, dialect)
    if not sort.dimension:
        return [
            Term(t.sql, t.bound, sort.is_descending)
            for t in _times(query, dialect)
            if t.sql == {"date": "bucket", "hour": "bucket_hour"}[sort.column.name]
        ]
    name, by = sort.column.name, f"by_{sort.dimension.name}"
    if not sort.dimension.members:
        return [Term(by, parameter(f"after_{by}"), sort.is_descending)]
    rank = dialect.item(f"rank_{name}", by)
    return [Term(rank, parameter(f"after_rank_{name}"), sort.is_descending)]


def _of_measure(sort, query, columns, dialect):
    measure = sort.column
    names = query.report.stored(measure)
    stored = [dialect.exact(name, columns[name]) for name in names]
    given = [dialect.bound(f"after_of_{name}", columns[name]) for name in names]
    if measure.additivity is not Additivity.RATIO:
        return [Term(stored[0], given[0], sort.is_descending)]
    ratio = Term(_ratio(stored, dialect), _ratio(given, dialect), sort.is_descending)
    if measure.required:
        return [ratio]
    # A ratio that there is not comes last, whichever way.
    return [Term(_is_nothing(stored), _is_nothing(given)), ratio]


def _ratio(parts, dialect):
    # The same doubles in both stores: exact whole numbers, divided once.
    above, below = parts[0], _sum(parts[1:])
    divided = f"{dialect.double(above)} / {dialect.double(below)}"
    return f"CASE WHEN {below} = 0 THEN 0 ELSE {divided} END"


def _is_nothing(parts):
    return f"CASE WHEN {_sum(parts[1:])} = 0 THEN 1 ELSE 0 END"


def _sum(parts):
    return f"({' + '.join(parts)})"


def _whole(value):
    """Return a stored sum as a whole number of its smallest part."""
    return value if isinstance(value, int) else str(int(Decimal(value).scaleb(4)))


def _times(query, dialect):
    if query.grain is Grain.PERIOD:
        return []
    found = [Term("bucket", dialect.day_of("after_date"))]
    if query.grain is Grain.HOUR:
        found.append(Term("bucket_hour", dialect.instant_of("after_hour")))
    return found


def _place(sort):
    return sort.dimension.columns.index(sort.column)


def _after(query, members, dialect):
    """Return the parameters of the row that a page begins after."""
    row = query.after
    # Old servers read no other form of an instant.
    hour = row.get("hour", "").replace("T", " ").removesuffix("Z")
    found = {"after_date": row["date"], "after_hour": hour}
    for dimension in query.dimensions:
        value, there = row[dimension.name], members.get(dimension.name)
        found[f"after_by_{dimension.name}"] = there.number_of(value) if there else value
    for sort in query.sort:
        if isinstance(sort.column, Measure):
            for name in query.report.stored(sort.column):
                found[f"after_of_{name}"] = _whole(row[f"of_{name}"])
        elif sort.dimension and sort.dimension.members:
            place = _place(sort)
            there = members[sort.dimension.name]
            rank = there.rank_of(row[sort.dimension.name][place], place)
            found[f"after_rank_{sort.column.name}"] = rank
    return found
