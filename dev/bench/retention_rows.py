"""Synthetic months of points and evaluations beside the history, for the bench of retention."""

from contextlib import closing
from datetime import date
from pathlib import Path

from core.database import connect
from core.stores import partitions
from core.stores.partitions import following

# The history ends in January 2018: no month is of both.
MONTHS = [date(2019, number, 1) for number in range(1, 13)]
ROWS_PER_ORDER = 4
_CARDS = """
    CREATE TABLE bench_card AS
    SELECT row_number() OVER (ORDER BY card_key) - 1 AS number, r.*
    FROM (SELECT DISTINCT ON (card_key) card_key, card_id, program_id, partner_id,
        program_key, customer_key FROM point_analytics_data ORDER BY card_key) r
"""
_SQL = Path(__file__).with_name("retention.sql").read_text(encoding="utf-8")
_ORDERS, _DOCUMENTS, *_ROWS = (
    text.partition("\n") for text in _SQL.split("\n\n-- ")[1:]
)


def fill(dsn, rows):
    """Make so many rows, in the months of a year. Returns how many they are."""
    count = rows // ROWS_PER_ORDER // len(MONTHS)
    with closing(connect(dsn)) as connection:
        with connection, connection.cursor() as cr:
            cr.execute(_CARDS)
        for number, month in enumerate(MONTHS):
            values = {
                "begin": month,
                "following": following(month),
                "first": number * count,
                "count": count,
            }
            with connection, connection.cursor() as cr:
                _make(cr, month, values)
        connection.autocommit = True
        with connection.cursor() as cr:
            cr.execute("VACUUM ANALYZE")
    return count * ROWS_PER_ORDER * len(MONTHS)


def _make(cr, month, values):
    cr.execute(_ORDERS[2], values)
    cr.execute(_DOCUMENTS[2], values)
    for table, _end, statement in _ROWS:
        partition = partitions.create(cr, table, month)
        cr.execute(statement.format(partition=partition), values)
        partitions.index(cr, table, partition)
        partitions.attach(cr, table, month)
    cr.execute("DROP TABLE made")
