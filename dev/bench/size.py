"""What an order takes in each store: bytes of the whole history, per order."""

from contextlib import closing

from core.database import connect
from core.stores import clickhouse, push

from . import history
from .first_load import load_history

# Part of the data → its tables in PostgreSQL; ``readme/SCALE.md`` reckons with the sums.
PARTS = {
    "detail": (
        "promotion_report_detail_data",
        "promotion_evaluation_data",
        "customer_order_data",
        "point_analytics_data",
    ),
    "orders by program": ("promotion_order_data",),
    "rollups": (
        "promotion_performance_data",
        "promotion_day_data",
        "membership_analytics_data",
        "customer_day_data",
        "point_analytics_rollup_data",
        "point_day_data",
    ),
    "keys and state": (
        "fact_document",
        "membership_event_data",
        "membership_interval",
        "card_state",
        "loyalty_reporting_customer",
        "loyalty_reporting_card",
    ),
}
_SIZE = """
    SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
    WHERE oid = ANY(%(tables)s::regclass[]) OR oid IN (
        SELECT inhrelid FROM pg_inherits WHERE inhparent = ANY(%(tables)s::regclass[]))
"""
_COUNTS = """
    SELECT count(*), (SELECT count(*) FROM promotion_report_detail_data)
        + (SELECT count(*) FROM promotion_evaluation_data)
        + (SELECT count(*) FROM point_analytics_data)
    FROM customer_order_data
"""
_PARTS = """
    SELECT sum(bytes_on_disk), sum(data_uncompressed_bytes) FROM system.parts
    WHERE active AND database = currentDatabase()
"""


def main():
    """Bytes per order of each part in PostgreSQL, with indexes, and of ClickHouse's copy."""
    history.build_engine()
    dsn, settings = history.reporting(), history.settings()
    load_history(dsn)
    if (result := push.push(settings, dsn)).state != "done":
        raise SystemExit(result.message)
    with closing(connect(dsn)) as connection:
        connection.autocommit = True
        cr = connection.cursor()
        cr.execute("VACUUM ANALYZE")
        cr.execute(_COUNTS)
        orders, rows = cr.fetchone()
        print(f"{orders:,} orders with {rows / orders:.1f} rows each")
        for part, tables in PARTS.items():
            cr.execute(_SIZE, {"tables": [*tables]})
            _say(f"PostgreSQL: {part}", cr.fetchone()[0], orders)
    with clickhouse.client(settings.clickhouse_url) as client:
        [(compressed, whole)] = client.execute(_PARTS)
    _say("ClickHouse, compressed", compressed, orders)
    _say("ClickHouse, uncompressed", whole, orders)


def _say(what, size, orders):
    print(f"{what:30} {size / 1e6:8.1f} MB {size / orders:8.0f} bytes per order")
