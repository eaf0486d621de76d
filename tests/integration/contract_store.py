"""What a copy of the facts must be, whichever store holds it: equal, row by row."""

import databases

ORDERS = (
    "order_key, program_key, first_month, load_id, company_id, shop_key, {customer},"
    " channel, date, hour, line_count, {flags}, {sums}"
)
ROLLUP = (
    "company_id, program_key, date, hour, shop_key, channel, load_id,"
    " total_transactions, refund_transactions, eligible_transactions,"
    " applied_transactions, rejected_transactions, unique_customers, {sums}"
)
FLAGS = ("is_refund", "is_eligible", "is_applied", "is_rejected")
ORDER_SUMS = ("qty", "amount", "discount", "points_earned", "points_redeemed")
ROLLUP_SUMS = (
    "total_qty",
    "total_amount",
    "total_discount",
    "gross_qty",
    "gross_amount",
    "gross_discount",
    "points_earned",
    "points_redeemed",
)
# The view: API.md's columns first, then ours.
VIEW = (
    "program_id, program_name, {type}, date, hour, total_transactions, total_qty,"
    " total_amount, total_discount, avg_transaction_value, unique_customers,"
    " {rate}, company_id, {store}, channel, refund_transactions,"
    " eligible_transactions, applied_transactions, rejected_transactions, gross_qty,"
    " gross_amount, gross_discount, points_earned, points_redeemed"
)


def of_postgresql(report):
    """{part: sorted rows} of a reporting database."""
    orders = ORDERS.format(
        customer="coalesce(customer_key, 0)",
        flags=", ".join(f"{name}::integer" for name in FLAGS),
        sums=", ".join(f"{name} * 10000" for name in ORDER_SUMS),
    )
    rollup = ROLLUP.format(sums=", ".join(f"{name} * 10000" for name in ROLLUP_SUMS))
    view = VIEW.format(
        type="coalesce(program_type, '')",
        rate="conversion_rate::float8",
        store="coalesce(store_id, 0)",
    )
    return _parts(
        lambda query: databases.rows(report, query),
        f"SELECT {orders} FROM promotion_order_data",
        f"SELECT {rollup} FROM promotion_performance_data",
        f"SELECT {view} FROM promotion_performance",
    )


def of_clickhouse(copy):
    """{part: sorted rows} of the copy, read as every reader must."""
    orders = ORDERS.format(
        customer="customer_key",
        flags=", ".join(FLAGS),
        sums=", ".join(f"{name}_e4" for name in ORDER_SUMS),
    )
    rollup = ROLLUP.format(sums=", ".join(f"{name}_e4" for name in ROLLUP_SUMS))
    view = VIEW.format(type="program_type", rate="conversion_rate", store="store_id")
    current = "FINAL WHERE is_deleted = 0"
    found = _parts(
        copy.rows,
        f"SELECT {orders} FROM promotion_order_data {current}",
        f"SELECT {rollup} FROM promotion_performance_data {current}",
        f"SELECT {view} FROM promotion_performance",
    )
    return {name: [_naive(row) for row in rows] for name, rows in found.items()}


def assert_equal(report, copy):
    """The copy holds what PostgreSQL holds, once each."""
    expected, actual = of_postgresql(report), of_clickhouse(copy)
    for name, rows in expected.items():
        if rows != actual[name]:
            missing = set(rows) - set(actual[name])
            extra = set(actual[name]) - set(rows)
            raise AssertionError(
                f"{name}: {len(rows)} rows expected, {len(actual[name])} found\n"
                f"missing {len(missing)}: {sorted(missing, key=repr)[:3]}\n"
                f"too many {len(extra)}: {sorted(extra, key=repr)[:3]}"
            )


def _parts(rows, orders, rollup, view):
    return {
        "orders": sorted(rows(orders)),
        "rollup": sorted(rows(rollup)),
        "view": sorted((_naive(row) for row in rows(view)), key=repr),
    }


def _naive(row):
    """A row whose instants are UTC without saying so, and numbers of one kind."""
    return tuple(_plain(value) for value in row)


def _plain(value):
    if getattr(value, "tzinfo", None):
        return value.replace(tzinfo=None)
    return value.normalize() if hasattr(value, "normalize") else value
