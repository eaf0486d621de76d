"""ClickHouse's dialect: what servers from 18.16 on understand alike.

Money is stored in whole ten-thousandths; it is summed with 38 digits and made a
Decimal here.
"""

from datetime import date
from decimal import Decimal

from ..errors import StoreError
from ..stores import clickhouse as store
from .base import Grain, parameter

Away = store.Away
STORE = "clickhouse"
PERIOD = ()
# The days that its type Date can hold; of what lies outside nothing is loaded.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2149, 6, 6)
# What is called otherwise here, and columns that must be asked for by name.
_TABLES = {
    "point_analytics_rollup_data": ("point_analytics_data", ", transaction_type")
}
BUCKETS = {
    Grain.DAY: "facts.date",
    Grain.WEEK: "toMonday(facts.date)",
    Grain.MONTH: "toStartOfMonth(facts.date)",
    Grain.YEAR: "toStartOfYear(facts.date)",
}


def list(values):  # noqa: A001 (the dialects share these names)
    """Return a list as a parameter; an empty one contains nothing."""
    return tuple(values) or (None,)


def array(values):
    """Return an array as a parameter; key 0 is nothing."""
    return [*values] or [0]


def day(value):
    """Return a business day as a parameter."""
    return min(max(value, _FIRST_DAY), _LAST_DAY)


def table(facts):
    """Return what to read facts from: newest versions, nothing deleted."""
    columns = "*, date, hour" if facts.grain is Grain.HOUR else "*, date"
    name, more = _TABLES.get(facts.table, (facts.table, ""))
    return f"(SELECT {columns}{more} FROM {name} FINAL WHERE is_deleted = 0) AS facts"


def text(column):
    """Return a stored text as it is grouped by and ordered."""
    return f"facts.{column}"


def group(dimension):
    """Return (number of the group that a row belongs to, nothing to join)."""
    members = parameter(f"{dimension.name}_members")
    numbers = parameter(f"{dimension.name}_groups")
    key = f"toInt64(facts.{dimension.key})"
    return f"transform({key}, {members}, {numbers}, toInt64(-1))", ""


def contains(column, name):
    """Return the test that a column is among the values of a parameter."""
    return f"{column} IN {parameter(name)}"


def tests(where):
    """Return the conditions of a test."""
    return [
        *(f"facts.{c} > 0" for c in where.above_zero),
        *(f"facts.{c} = 1" for c in where.true),
        *(f"facts.{c} = 0" for c in where.false),
    ]


def sum(column):  # noqa: A001
    """Return an exact sum, of the rows that fulfil its condition."""
    conditions = " AND ".join(tests(column.where))
    if column.is_count:
        return f"sum(facts.{column.column})"
    value = f"toDecimal128(facts.{column.column}_e4, 0)"
    if conditions:
        value = f"if({conditions}, {value}, toDecimal128(0, 0))"
    return f"sum({value})"


def distinct(column):
    """Return how many customers or orders have rows that fulfil a condition."""
    known = " AND ".join([f"facts.{column.key} > 0", *tests(column.where)])
    return f"uniqExactIf(facts.{column.key}, {known})"


def decimal(value):
    """Return a sum of ten-thousandths as what it stands for."""
    return Decimal(value).scaleb(-4)


def run(url, statement, timeout, copy):
    """Return (rows of the page, number of rows in all).

    :param copy: (owner, epoch) of the copy that PostgreSQL remembers
    :raise StoreError: the server is away, refused, took longer than ``timeout``, or
        holds another copy
    """
    with store.client(url, timeout=timeout, connect_timeout=2) as client:
        newest = client.execute(
            "SELECT owner, epoch FROM push_state ORDER BY epoch DESC LIMIT 1"
        )
        if newest != [copy]:
            raise StoreError(
                "ClickHouse does not hold the copy that PostgreSQL remembers; "
                "PostgreSQL answers until the next push."
            )
        [(total,)] = client.execute(statement.count_text, statement.parameters)
        return client.execute(statement.text, statement.parameters), total
