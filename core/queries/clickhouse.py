"""ClickHouse's dialect: what servers from 18.16 on understand alike.

Money is stored in whole ten-thousandths; it is summed with 38 digits and made a
Decimal here.
"""

import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from ..errors import StoreError
from ..stores import clickhouse as store
from .base import Grain, is_whole
from .query import fetch, parameter

Away = store.Away
STORE = "clickhouse"
# The days that its type Date can hold in every version: in 18.16 what is later is none.
# Of what lies outside nothing is loaded.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2105, 12, 31)
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


def partitions(_begin, _end):
    """Return what to add for the sake of the partitions: they are by date."""
    return ()


def moved(bucket):
    """Return the bucket of the question that one of the period before stands beside."""
    months, days = parameter("moved_months"), parameter("moved_days")
    moved_to = f"addDays(addMonths({bucket}, {months}), {days})"
    return f"greatest({moved_to}, {day_of('moved_first')})"


def day_of(name):
    """Return a parameter as a day."""
    return f"toDate({parameter(name)})"


def instant_of(name):
    """Return a parameter as an instant (UTC)."""
    return f"toDateTime({parameter(name)}, 'UTC')"


def item(name, number):
    """Return the item of an array, a parameter, with a number from 0 on."""
    return f"{parameter(name)}[{number} + 1]"


def exact(name, _column):
    """Return a sum as a whole number of its smallest part."""
    return name


def bound(name, column):
    """Return a parameter as such a whole number."""
    given = parameter(name)
    return f"toInt64({given})" if is_whole(column) else f"toDecimal128({given}, 0)"


def double(sql):
    """Return a whole number as the nearest double."""
    return f"toFloat64({sql})"


def zero(column):
    """Return nothing, of the type of a sum."""
    return "toInt64(0)" if is_whole(column) else "toDecimal128(0, 0)"


def shown(name, _column):
    """Return a sum as it is selected."""
    return name


def sum(column):  # noqa: A001
    """Return an exact sum, of the rows that fulfil its condition."""
    conditions = " AND ".join(tests(column.where))
    if column.is_count:
        return f"toInt64(sum(facts.{column.column}))"
    value = f"toDecimal128(facts.{column.column}_e4, 0)"
    if conditions:
        value = f"if({conditions}, {value}, toDecimal128(0, 0))"
    return f"sum({value})"


def distinct(column):
    """Return how many customers or orders have rows that fulfil a condition."""
    known = " AND ".join([f"facts.{column.key} > 0", *tests(column.where)])
    return f"toInt64(uniqExactIf(facts.{column.key}, {known}))"


def decimal(value):
    """Return a sum of ten-thousandths as what it stands for."""
    return Decimal(value).scaleb(-4)


def decimal_text(value):
    """Return a sum of ten-thousandths as a text."""
    return str(decimal(value))


def dialect(url):
    """Return the dialect of what an address names: this module, or a cluster's."""
    where = store.address(url)
    return of_cluster(where) if where.cluster else sys.modules[__name__]


def of_cluster(where):
    """Return this dialect for a cluster.

    Each shard adds up its own rows: a query in a query would have all of them sent
    here. And each node that answers makes sure that it holds the push that is asked
    for: which replica is asked is the servers' choice, and one may be behind.
    """
    whole = (
        f"1 IN (SELECT throwIf(max(epoch) != {parameter('epoch')}) = 0"
        f" FROM `{where.database}`.push_whole)"
    )

    def of_facts(facts):
        return f"{_TABLES.get(facts.table, (facts.table,))[0]} AS facts FINAL"

    def of_whole(wanted):
        return ["facts.is_deleted = 0", whole, *tests(wanted)]

    return SimpleNamespace(**{**globals(), "table": of_facts, "tests": of_whole})


def run(settings, statement, copy):
    """Return the :class:`~core.queries.query.Result` of a statement.

    :param copy: (owner, epoch) of the copy that PostgreSQL remembers
    :raise StoreError: the server is away, refused, took too long, or
        holds another copy
    """
    url, timeout = settings.clickhouse_url, settings.query_timeout
    limits = settings.clickhouse_limits
    pushes = "push_whole" if store.address(url).cluster else "push_state"

    def holds(client):
        newest = client.execute(
            f"SELECT owner, epoch FROM {pushes} ORDER BY epoch DESC LIMIT 1"
        )
        if newest != [copy]:
            raise StoreError(
                "ClickHouse does not hold the copy that PostgreSQL remembers; "
                "PostgreSQL answers until the next push."
            )

    bound = replace(statement, parameters={**statement.parameters, "epoch": copy[1]})
    with store.client(
        url, timeout=timeout, connect_timeout=2, limits=limits, check=holds
    ) as client:
        return fetch(client.execute, bound)
