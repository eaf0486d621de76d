"""PostgreSQL's dialect, and reading with a cursor of psycopg2 or of Odoo.

Sums are selected as text: Odoo makes NUMERIC a float in its whole process.
"""

from contextlib import contextmanager
from decimal import Decimal

import psycopg2

from ..errors import StoreError
from .base import Grain

STORE = "postgresql"
ORDER_TESTS = {"sale": "NOT is_refund", "true": ""}
# What to add for the sake of the partitions: a business day in any time zone begins
# and ends within a day of the UTC day.
PERIODS = {
    "order": (
        "transaction_date >= (%(date_from)s::date - 1)::timestamp",
        "transaction_date < (%(date_to)s::date + 2)::timestamp",
    )
}
_BUCKETS = {
    Grain.DAY: "date",
    Grain.WEEK: "date_trunc('week', date)::date",
    Grain.MONTH: "date_trunc('month', date)::date",
    Grain.YEAR: "date_trunc('year', date)::date",
}


def parameter(name):
    """Return the placeholder of a parameter."""
    return f"%({name})s"


def list(values):  # noqa: A001 (the dialects share these names)
    """Return a list as a parameter."""
    return [*values]


def day(value):
    """Return a business day as a parameter."""
    return value


def table(name):
    """Return what to read a table from."""
    return name


def contains(column, name):
    """Return the test that a column is among the values of a parameter."""
    return f"{column} = ANY({parameter(name)})"


def group_columns(grain):
    """Return {name: expression} of the columns a query groups by."""
    if grain is Grain.HOUR:
        return {"bucket": "date", "bucket_hour": "hour", "program_key": "program_key"}
    return {"bucket": _BUCKETS[grain], "program_key": "program_key"}


def count_sum(column):
    """Return the sum of a column of counts."""
    return f"sum({column})::bigint"


def money_sum(column, condition=None):
    """Return an exact sum, of the rows that fulfil a condition."""
    where = f" FILTER (WHERE {condition})" if condition else ""
    return f"coalesce(sum({column}){where}, 0)::text"


def count_if(condition):
    """Return the number of rows that fulfil a condition."""
    return f"count(*) FILTER (WHERE {condition})"


def distinct_customers():
    """Return the number of distinct known customers with a sale."""
    return (
        "count(DISTINCT customer_key) FILTER (WHERE line_count > 0 AND NOT is_refund)"
    )


def page(inner, groups, columns):
    """Return the ordered page of a grouped query: by bucket, then program."""
    order = ", ".join(f"grouped.{name}" for name in groups if name != "program_key")
    return (
        f"SELECT {', '.join(f'grouped.{c}' for c in (*groups, *columns))}"
        f" FROM ({inner}) AS grouped"
        " JOIN loyalty_reporting_program p ON p.id = grouped.program_key"
        f" ORDER BY {order}, p.external_id, p.id"
        f" LIMIT {parameter('limit')} OFFSET {parameter('offset')}"
    )


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
