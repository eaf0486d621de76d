"""The tables that ClickHouse holds, and what of them it has lost.

What is read for each of them from PostgreSQL is in ``sql/push_<table>.sql``, and in
``sql/push_<table>_deleted.sql`` which keys of a fact table are gone.
"""

from ..database import sql

# Facts, sent as numbers: table → the column with the day that decides its partition.
FACTS = {
    "promotion_order_data": "first_day",
    "promotion_performance_data": "day",
    "membership_analytics_data": "day",
    "customer_day_data": "day",
    "point_analytics_data": "day",
}
# The ids that keys of ours stand for. They never change; those that new facts name
# are sent with them.
IDS = ("shop_data", "customer_data", "card_data")
# Facts that cannot be without an id → the table of those ids.
_NEEDED = {"customer_day_data": "customer_data", "point_analytics_data": "card_data"}
# Names, which change: all are sent, with every push.
NAMES = ("program_data", "membership_product_data")
TABLES = (*FACTS, *IDS, *NAMES)
VIEWS = ("promotion_performance", "membership_analytics", "point_analytics")


def query(table):
    """Return what to read from PostgreSQL, its parameters being a push's memory."""
    return sql(f"stores/sql/push_{table}.sql")


def names(source, table):
    """Return (columns, rows in the order of their keys) of a table of names."""
    with source.cursor() as cr:
        cr.execute(query(table))
        return [column.name for column in cr.description], cr.fetchall()


def is_renamed(source, client):
    """Return whether names in ClickHouse differ from PostgreSQL's."""
    for table in NAMES:
        columns, rows = names(source, table)
        found = client.execute(
            f"SELECT {', '.join(columns)} FROM {table} FINAL ORDER BY {columns[0]}"
        )
        if found != rows:
            return True
    return False


def lost(source, servers, watermark):
    """Return the tables and views that are gone, or empty though they were filled.

    :param watermark: load up to which ClickHouse should hold everything
    """
    there = servers.tables()
    gone = {*TABLES, *VIEWS} - there
    filled = {table for table in there & {*TABLES} if _is_filled(servers, table)}
    for table in FACTS.keys() & there - filled:
        if _is_pushed(source, table, watermark):
            gone.add(table)
    for facts, ids in _NEEDED.items():
        if facts in filled and ids in there - filled:
            gone.add(ids)
    return gone


def _is_filled(client, table):
    return bool(client.execute(f"SELECT 1 FROM {table} LIMIT 1"))


def _is_pushed(source, table, watermark):
    """Return whether PostgreSQL has rows up to the watermark."""
    with source.cursor() as cr:
        cr.execute(
            f"SELECT 1 FROM ({query(table)}) AS pushed"
            " WHERE load_id <= %(held)s LIMIT 1",
            {"watermark": 0, "held": watermark},
        )
        return bool(cr.fetchall())
