"""PostgreSQL's dialect, and reading with a cursor of psycopg2 or of Odoo.

Sums are selected as text: Odoo makes NUMERIC a float in its whole process.
"""

from contextlib import contextmanager
from decimal import Decimal

import psycopg2

from ..errors import StoreError
from .base import Grain, Kind, is_whole
from .query import fetch, parameter

STORE = "postgresql"
_TYPES = {Kind.INTEGER: "bigint", Kind.INSTANT: "timestamp"}
BUCKETS = {
    Grain.DAY: "facts.date",
    Grain.WEEK: "date_trunc('week', facts.date)::date",
    Grain.MONTH: "date_trunc('month', facts.date)::date",
    Grain.YEAR: "date_trunc('year', facts.date)::date",
}


def list(values):  # noqa: A001 (the dialects share these names)
    """Return a list as a parameter."""
    return [*values]


array = list


def day(value):
    """Return a business day as a parameter."""
    return value


def table(facts):
    """Return what to read facts from."""
    return f"{facts.table} AS facts"


def text(column):
    """Return a stored text as it is grouped by and ordered: by its characters."""
    return f'facts.{column} COLLATE "C"'


def group(dimension):
    """Return (number of the group that a row belongs to, what to join for it)."""
    name = dimension.name
    members = (
        f" JOIN unnest({parameter(f'{name}_members')}::integer[],"
        f" {parameter(f'{name}_groups')}::integer[]) AS of_{name}(key, number)"
        f" ON of_{name}.key = facts.{dimension.key}"
    )
    return f"of_{name}.number", members


def contains(column, name):
    """Return the test that a column is among the values of a parameter."""
    return f"{column} = ANY({parameter(name)})"


def tests(where):
    """Return the conditions of a test."""
    return [
        *(f"facts.{c} > 0" for c in where.above_zero),
        *(f"facts.{c}" for c in where.true),
        *(f"NOT facts.{c}" for c in where.false),
    ]


def partitions(begin, end):
    """Return what to add for the sake of the partitions.

    A business day in any time zone begins and ends within a day of the UTC day.
    """
    return (
        f"facts.transaction_date >= ({begin}::date - 1)::timestamp",
        f"facts.transaction_date < ({end}::date + 2)::timestamp",
    )


def moved(bucket):
    """Return the bucket of the question that one of the period before stands beside."""
    months, days = parameter("moved_months"), parameter("moved_days")
    moved_to = f"({bucket} + make_interval(months => {months}, days => {days}))::date"
    return f"greatest({moved_to}, {day_of('moved_first')})"


def day_of(name):
    """Return a parameter as a day."""
    return f"{parameter(name)}::date"


def instant_of(name):
    """Return a parameter as an instant (UTC)."""
    return f"{parameter(name)}::timestamp"


def placed(name, kind):
    """Return the parameter of a listing's place, as its column is stored."""
    return f"{parameter(f'after_{name}')}::{_TYPES[kind]}"


def item(name, number):
    """Return the item of an array, a parameter, with a number from 0 on."""
    return f"({parameter(name)}::integer[])[{number} + 1]"


def exact(name, column):
    """Return a sum as a whole number of its smallest part."""
    return name if is_whole(column) else f"({name} * 10000)"


def bound(name, _column):
    """Return a parameter as such a whole number."""
    return f"{parameter(name)}::numeric"


def double(sql):
    """Return a whole number as the nearest double."""
    return f"({sql})::double precision"


def zero(column):
    """Return nothing, of the type of a sum."""
    return f"0::{'bigint' if is_whole(column) else 'numeric'}"


def shown(name, column):
    """Return a sum as it is selected; decimals as text (see above)."""
    return f"{name}::{'bigint' if is_whole(column) else 'text'}"


def sum(column):  # noqa: A001
    """Return an exact sum, of the rows that fulfil its condition."""
    total = f"coalesce(sum(facts.{column.column}){_filter(column.where)}, 0)"
    return f"{total}::bigint" if column.is_count else total


def distinct(column):
    """Return how many customers or orders have rows that fulfil a condition."""
    return f"count(DISTINCT facts.{column.key}){_filter(column.where)}"


def _filter(where):
    conditions = " AND ".join(tests(where))
    return f" FILTER (WHERE {conditions})" if conditions else ""


def stored(column):
    """Return a stored column of a listing; decimals as text (see above)."""
    is_decimal = column.kind in (Kind.POINTS, Kind.MONEY)
    return f"facts.{column.name}{'::text' if is_decimal else ''}"


def decimal(value):
    """Return a sum as it was selected, exact."""
    return Decimal(value)


def decimal_text(value):
    """Return a sum as it was selected as a text: that is what it is."""
    return value


def run(cr, statement, timeout):
    """Return the :class:`~core.queries.query.Result` of a statement.

    :raise StoreError: the query took longer than ``timeout`` seconds
    """

    def execute(text, parameters):
        cr.execute(text, parameters)
        return cr.fetchall()

    with limited(cr, timeout):
        return fetch(execute, statement)


def cost(cr, statement):
    """Return what the planner expects a statement to cost, in its own units.

    It knows how many rows there are of which days, better than we could.
    """
    found = _cost(cr, statement.text, statement.parameters)
    if statement.levels_text:
        found += _cost(cr, statement.levels_text, statement.parameters)
    return found


def _cost(cr, text, parameters):
    cr.execute(f"EXPLAIN (FORMAT JSON) {text}", parameters)
    [(found,)] = cr.fetchall()
    return found[0]["Plan"]["Total Cost"]


@contextmanager
def limited(cr, timeout):
    """Bound each statement within; its own limit comes back afterwards.

    :raise StoreError: a statement took longer than ``timeout`` seconds; the transaction
        can be used on
    """
    cr.execute("SAVEPOINT limited; SELECT current_setting('statement_timeout')")
    before = cr.fetchone()[0]
    cr.execute("SELECT set_config('statement_timeout', %s, true)", [f"{timeout}s"])
    try:
        yield
    except psycopg2.errors.QueryCanceled as e:
        cr.execute("ROLLBACK TO SAVEPOINT limited; RELEASE SAVEPOINT limited")
        raise StoreError(
            f"The report took longer than {timeout} s. Ask for a shorter period or a "
            "coarser group_by."
        ) from e
    cr.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    cr.execute("RELEASE SAVEPOINT limited")
