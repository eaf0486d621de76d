"""ClickHouse's dialect: what servers from 18.16 on understand alike.

Money is stored in whole ten-thousandths; it is summed with 38 digits and made a
Decimal here.
"""

from datetime import date
from decimal import Decimal

from ..errors import StoreError
from ..stores import clickhouse as store
from .base import Grain

Away = store.Away
STORE = "clickhouse"
PERIODS = {}
# The days that its type Date can hold; of what lies outside nothing is loaded.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2149, 6, 6)
ORDER_TESTS = {"sale": "(is_refund = 0)", "true": " = 1"}
_BUCKETS = {
    Grain.DAY: "date",
    Grain.WEEK: "toMonday(date)",
    Grain.MONTH: "toStartOfMonth(date)",
    Grain.YEAR: "toStartOfYear(date)",
}


def parameter(name):
    """Return the placeholder of a parameter."""
    return f"%({name})s"


def list(values):  # noqa: A001 (the dialects share these names)
    """Return a list as a parameter; an empty one contains nothing."""
    return tuple(values) or (None,)


def day(value):
    """Return a business day as a parameter."""
    return min(max(value, _FIRST_DAY), _LAST_DAY)


def table(name):
    """Return what to read a table from: newest versions, nothing deleted."""
    return f"(SELECT *, date, hour FROM {name} FINAL WHERE is_deleted = 0) AS facts"


def contains(column, name):
    """Return the test that a column is among the values of a parameter."""
    return f"{column} IN {parameter(name)}"


def group_columns(grain):
    """Return {name: expression} of the columns a query groups by."""
    if grain is Grain.HOUR:
        return {"bucket": "date", "bucket_hour": "hour", "program_key": "program_key"}
    return {"bucket": _BUCKETS[grain], "program_key": "program_key"}


def count_sum(column):
    """Return the sum of a column of counts."""
    return f"sum(facts.{column})"


def money_sum(column, condition=None):
    """Return an exact sum, of the rows that fulfil a condition."""
    value = f"toDecimal128({column}_e4, 0)"
    if condition:
        value = f"if({condition}, {value}, toDecimal128(0, 0))"
    return f"sum({value})"


def count_if(condition):
    """Return the number of rows that fulfil a condition."""
    return f"countIf({condition})"


def distinct_customers():
    """Return the number of distinct known customers with a sale."""
    return (
        "uniqExactIf(customer_key, customer_key > 0 AND line_count > 0"
        " AND is_refund = 0)"
    )


def page(inner, groups, columns):
    """Return the ordered page of a grouped query: by bucket, then program."""
    order = ", ".join(name for name in groups if name != "program_key")
    return (
        f"SELECT {', '.join((*groups, *columns))} FROM ({inner}) AS grouped"
        " ANY LEFT JOIN ("
        "SELECT program_key, program_id FROM program_data FINAL) AS programs"
        f" USING (program_key) ORDER BY {order}, program_id, program_key"
        f" LIMIT {parameter('limit')} OFFSET {parameter('offset')}"
    )


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
