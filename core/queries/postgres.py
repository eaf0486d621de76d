"""PostgreSQL's dialect, and reading with a cursor of psycopg2 or of Odoo.

Sums are selected as text: Odoo makes NUMERIC a float in its whole process.
"""

from contextlib import contextmanager
from decimal import Decimal

import psycopg2

from ..errors import StoreError
from .base import Grain, Kind, parameter

STORE = "postgresql"
# What to add for the sake of the partitions: a business day in any time zone begins
# and ends within a day of the UTC day.
PERIOD = (
    "facts.transaction_date >= (%(date_from)s::date - 1)::timestamp",
    "facts.transaction_date < (%(date_to)s::date + 2)::timestamp",
)
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


def sum(column):  # noqa: A001
    """Return an exact sum, of the rows that fulfil its condition."""
    total = f"coalesce(sum(facts.{column.column}){_filter(column.where)}, 0)"
    return f"{total}::{'bigint' if column.is_count else 'text'}"


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


def run(cr, statement, timeout):
    """Return (rows of the page, number of rows in all).

    :raise StoreError: the query took longer than ``timeout`` seconds
    """
    with _limited(cr, timeout):
        cr.execute(statement.count_text, statement.parameters)
        total = cr.fetchone()[0]
        cr.execute(statement.text, statement.parameters)
        return cr.fetchall(), total


@contextmanager
def _limited(cr, timeout):
    cr.execute("SELECT current_setting('statement_timeout')")
    before = cr.fetchone()[0]
    cr.execute("SELECT set_config('statement_timeout', %s, true)", [f"{timeout}s"])
    try:
        yield
    except psycopg2.errors.QueryCanceled as e:
        raise StoreError(
            f"The report took longer than {timeout} s. Ask for a shorter period or a "
            "coarser group_by."
        ) from e
    cr.execute("SELECT set_config('statement_timeout', %s, true)", [before])
