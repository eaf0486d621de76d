"""Changes of a reporting database behind the pipeline's back, one row each."""

import json

import databases
from copies import closing_client

# Level and table → the column that gets a cent more, the row (SQL), and the key of a
# row that should not be there.
_A1 = "order_key = (SELECT order_key FROM fact_document WHERE document_key = 'A1')"
_DAY = "date = '2017-04-20'"
TABLES = {
    ("source", "promotion_report_detail_data"): (
        "amount", f"{_A1} AND line_id % 3 = 0", {"id": -5, "line_id": 999},
    ),
    ("source", "promotion_evaluation_data"): (None, _A1, {"id": 999}),
    ("source", "customer_order_data"): ("amount", _A1, {"order_key": 999999}),
    ("source", "membership_event_data"): (
        None, "event_type = 'downgrade'", {"order_key": 999999},
    ),
    ("source", "point_analytics_data"): (
        "points_amount", _A1, {"transaction_id": 999},
    ),
    ("rollup", "promotion_order_data"): (
        "amount", f"{_A1} AND qty > 0", {"order_key": 999999},
    ),
    ("rollup", "promotion_performance_data"): ("total_amount", _DAY, {"shop_key": 77}),
    ("rollup", "promotion_day_data"): ("total_discount", _DAY, {"program_key": 77}),
    ("rollup", "customer_day_data"): (
        "spending", _DAY, {"membership_product_key": 9},
    ),
    ("rollup", "membership_analytics_data"): (
        "total_spending", _DAY, {"membership_product_key": 9},
    ),
    ("rollup", "point_analytics_rollup_data"): (
        "balance", f"{_DAY} AND transaction_type = 'redeem'",
        {"transaction_type": "adjust"},
    ),
    ("rollup", "point_day_data"): ("points_earned", _DAY, {"program_key": 77}),
    ("rollup", "membership_interval"): (
        None, "valid_to < '2017-03-21'",
        {"valid_from": "2016-01-01", "valid_to": "2016-01-02", "date_from": "2016-01-01"},
    ),
    ("rollup", "card_state"): ("balance", "true", {"card_key": 999}),
}  # fmt: skip
CENTS = [place for place, (column, *_rest) in TABLES.items() if column]


def _one(table, where):
    """The condition that a row is the first of those that a condition finds."""
    return (
        f"(tableoid, ctid) = (SELECT tableoid, ctid FROM {table} WHERE {where}"
        " ORDER BY 1, 2 LIMIT 1)"
    )


def cent(report, place):
    """Add a cent to a row."""
    column, where, _key = TABLES[place]
    table = place[1]
    _write(
        report,
        f"UPDATE {table} SET {column} = {column} + 0.01 WHERE {_one(table, where)}",
    )


def other(report, place):
    """Change a row otherwise, where it has no amount."""
    table = place[1]
    change = {
        "promotion_evaluation_data": "outcome = 'rejected'",
        "membership_event_data": "to_product_key = from_product_key + 1",
        "membership_interval": "valid_to = valid_to - interval '1 second'",
    }[table]
    if table == "membership_event_data":
        change = "event_type = 'renew'"
    _write(report, f"UPDATE {table} SET {change} WHERE {_one(table, TABLES[place][1])}")


def missing(report, place):
    """Delete a row."""
    table = place[1]
    _write(report, f"DELETE FROM {table} WHERE {_one(table, TABLES[place][1])}")


def surplus(report, place):
    """Add a copy of a row under another key."""
    table = place[1]
    _column, where, key = TABLES[place]
    _write(
        report,
        f"INSERT INTO {table} SELECT (jsonb_populate_record(r, '{json.dumps(key)}')).*"
        f" FROM {table} r WHERE {where} ORDER BY tableoid, ctid LIMIT 1",
    )


def _write(report, statement):
    """Run a statement that must change exactly one row."""
    databases.execute(
        report,
        f"DO $$ DECLARE n integer; BEGIN {statement}; GET DIAGNOSTICS n ="
        " ROW_COUNT; ASSERT n = 1, n; END $$",
    )


# Table in ClickHouse → column with ten-thousandths, key of a surplus row.
COPIES = {
    "promotion_order_data": ("amount_e4", {"order_key": 999999}),
    "promotion_performance_data": ("total_discount_e4", {"shop_key": 77}),
    "membership_analytics_data": ("total_spending_e4", {"membership_product_key": 9}),
    "customer_day_data": ("spending_e4", {"customer_key": 99}),
    "point_analytics_data": ("balance_e4", {"card_key": 99}),
}


def in_copy(copy, table, **changes):
    """Write a row of April of a copy once more, changed. Returns the row."""
    with closing_client(copy.url) as client:
        rows, columns = client.execute(
            f"SELECT * FROM {table} FINAL WHERE is_deleted = 0"
            " AND toYYYYMM(toDate(day)) = 201704 ORDER BY day LIMIT 1",
            with_column_types=True,
        )
        row = dict(zip([name for name, _type in columns], rows[0], strict=True))
        for name, change in changes.items():
            row[name] = row[name] + change if name.endswith("_e4") else change
        client.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES", [tuple(row.values())]
        )
        return row
