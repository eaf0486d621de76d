"""The tables whose months leave, and what their columns are in a file.

Membership's events stay: one is a few bytes, and each new one asks for all of its
customer's. So do the days of programs, memberships and points, which name nobody.
"""

from dataclasses import dataclass

from ..stores import partitions
from ..stores.postgres import (
    CUSTOMER_DAY,
    CUSTOMER_ORDER,
    DETAIL,
    EVALUATION,
    ORDER,
    POINT,
    POINT_ROLLUP,
    ROLLUP,
)
from .policy import Tier

# Those of a tier leave together: an order's rows are in all of them.
TABLES = {
    Tier.DETAIL: (DETAIL, EVALUATION, CUSTOMER_ORDER, POINT),
    Tier.AGGREGATE: (ORDER, ROLLUP, POINT_ROLLUP, CUSTOMER_DAY),
}
_COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_MONTHS = """
    SELECT DISTINCT to_date(right(c.relname, 6), 'YYYYMM')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ANY(%s::regclass[]) ORDER BY 1
"""


@dataclass(frozen=True)
class Facts:
    """What tells whether two sets of rows are the same.

    :ivar sums: numeric column → its exact sum, as text
    :ivar digest: of all rows in all columns, in whatever order
    """

    rows: int
    sums: dict
    digest: str


def columns_of(cr, table):
    """Return {column: PostgreSQL's type} of a table, in order."""
    cr.execute(_COLUMNS, [table])
    return dict(cr.fetchall())


def months(cr, tier):
    """Return the first days of the months that have a partition, in order."""
    cr.execute(_MONTHS, [[*TABLES[tier]]])
    return [month for (month,) in cr.fetchall()]


def partitions_of(cr, tier, month):
    """Return {table: its partition of a month} of the tables that have one."""
    return {
        table: partitions.name_of(table, month)
        for table in TABLES[tier]
        if partitions.exists(cr, table, month)
    }


def facts_of(cr, table, columns):
    """Return the :class:`Facts` of a table's rows.

    :param columns: {name: type} of those that count
    """
    numbers = [name for name, kind in columns.items() if kind.startswith("numeric")]
    sums = "".join(f", coalesce(sum({name}), 0)::text" for name in numbers)
    row = ", ".join(columns)
    cr.execute(
        f"SELECT count(*), coalesce(sum(hashtextextended(ROW({row})::text, 0)::numeric), 0)"
        f"::text{sums} FROM {table}"
    )
    rows, digest, *found = cr.fetchone()
    return Facts(rows, dict(zip(numbers, found, strict=True)), digest)
