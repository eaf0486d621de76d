"""From a query to one SQL statement, for PostgreSQL or for ClickHouse.

A statement is made of our own column names and of parameters; nothing that a caller
wrote ever becomes part of its text.
"""

from dataclasses import dataclass

from .base import Additivity, Grain

# The day rollup has no shop, channel or hour; the order grain knows identities.
DAY, ROLLUP, ORDER = "day", "rollup", "order"
_TABLES = {
    DAY: "promotion_day_data",
    ROLLUP: "promotion_performance_data",
    ORDER: "promotion_order_data",
}
_ORDER_COLUMNS = {
    "total_qty": "qty",
    "total_amount": "amount",
    "total_discount": "discount",
    "points_earned": "points_earned",
    "points_redeemed": "points_redeemed",
}
_ORDER_GROSS = {
    "gross_amount": "amount",
    "gross_discount": "discount",
}
_ORDER_FLAGS = {
    "total_transactions": "line_count > 0 AND {sale}",
    "refund_transactions": "line_count > 0 AND NOT {sale}",
    "eligible_transactions": "is_eligible{true}",
    "applied_transactions": "is_applied{true}",
    "rejected_transactions": "is_rejected{true}",
}
COUNTS = (*_ORDER_FLAGS, "unique_customers")


@dataclass(frozen=True)
class Statement:
    """SQL with named parameters, and what its columns are.

    :param columns: stored columns summed, in the order of the result, after
        the bucket, the hour (at that grain) and the program key
    """

    text: str
    count_text: str
    parameters: dict
    columns: tuple[str, ...]
    tier: str


def columns_of(query):
    """Return the stored columns that a query's measures need, ratios resolved."""
    found = {}
    for measure in query.measures:
        names = (measure.numerator, *measure.denominator)
        parts = (
            [query.report.measure(name) for name in names]
            if measure.additivity is Additivity.RATIO
            else [measure]
        )
        for part in parts:
            found[part.of] = part
    return found


def tier_of(query, store):
    """Return the coarsest table that can answer: fewer rows, same numbers."""
    if any(m.additivity is Additivity.DISTINCT for m in columns_of(query).values()):
        return ORDER
    is_fine = query.grain is Grain.HOUR or query.store_ids or query.channels
    return ROLLUP if is_fine or store == "clickhouse" else DAY


def plan(query, keys, dialect):
    """Return the :class:`Statement` that answers a query.

    :param keys: filters as keys of ours: ``program_keys``, ``shop_keys`` (lists; only
        those that were asked for)
    :param dialect: ``postgres`` or ``clickhouse`` module of this package
    """
    tier = tier_of(query, dialect.STORE)
    columns = tuple(columns_of(query))
    names = dialect.group_columns(query.grain)
    groups = ", ".join(f"{sql} AS {name}" for name, sql in names.items())
    sums = ", ".join(f"{_column(c, tier, dialect)} AS {c}" for c in columns)
    conditions = " AND ".join(_conditions(query, keys, tier, dialect))
    facts = (
        f" FROM {dialect.table(_TABLES[tier])} WHERE {conditions}"
        f" GROUP BY {', '.join(names)}"
    )
    return Statement(
        text=dialect.page(f"SELECT {groups}, {sums}{facts}", tuple(names), columns),
        count_text=f"SELECT count(*) FROM (SELECT {groups}{facts}) AS grouped",
        parameters={
            "company": query.company.id,
            "date_from": dialect.day(query.date_from),
            "date_to": dialect.day(query.date_to),
            "channels": dialect.list(query.channels),
            "limit": query.per_page,
            "offset": (query.page - 1) * query.per_page,
            **{name: dialect.list(values) for name, values in keys.items()},
        },
        columns=columns,
        tier=tier,
    )


def _column(name, tier, dialect):
    """Return the aggregate that gives a stored column in a tier."""
    if tier != ORDER:
        return dialect.count_sum(name) if name in COUNTS else dialect.money_sum(name)
    if name in _ORDER_FLAGS:
        return dialect.count_if(_ORDER_FLAGS[name].format(**dialect.ORDER_TESTS))
    if name == "unique_customers":
        return dialect.distinct_customers()
    if name in _ORDER_GROSS:
        return dialect.money_sum(_ORDER_GROSS[name], dialect.ORDER_TESTS["sale"])
    return dialect.money_sum(_ORDER_COLUMNS[name])


def _conditions(query, keys, tier, dialect):
    p = dialect.parameter
    conditions = [
        f"company_id = {p('company')}",
        f"date >= {p('date_from')}",
        f"date <= {p('date_to')}",
        *dialect.PERIODS.get(tier, ()),
    ]
    if "program_keys" in keys:
        conditions.append(dialect.contains("program_key", "program_keys"))
    if "shop_keys" in keys:
        conditions.append(dialect.contains("shop_key", "shop_keys"))
    if query.channels:
        conditions.append(dialect.contains("channel", "channels"))
    return conditions
