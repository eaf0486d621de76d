"""What a source delivered against our own computation of it: told, never repaired."""

from ..database import sql
from ..stores.partitions import following
from .findings import Difference

LEVEL = "delivered"
# What is compared → the query of rows (day, key, expected, kept, document key).
_QUERIES = {
    "customer_order_data": (
        "is_first_order",
        sql("reconcile/sql/first_orders.sql"),
        "the source says otherwise than our record of the customer's orders",
    ),
    "point_analytics_data": (
        "balance_after",
        sql("reconcile/sql/balances_after.sql"),
        "the balance on the card's last row is not what its rows add up to",
    ),
}


def compare_delivered(cr, month, source, findings):
    """Compare first orders, and the balances of the cards last used in a month.

    :param source: the system
    """
    values = {"first": month, "following": following(month), "source": source}
    for table, (column, query, reason) in _QUERIES.items():
        cr.execute(query, values)
        for day, key, kind, document, expected, kept in cr.fetchall():
            _add(
                findings,
                Difference(
                    LEVEL, table, "different", day, key, (kind, document),
                    {column: expected}, {column: kept}, "reported", reason,
                ),
            )  # fmt: skip


def compare_own(reading, findings):
    """Take over what the source itself reports as not in order."""
    for found in reading.differences():
        _add(
            findings,
            Difference(
                LEVEL, found.table_name, "different", found.day, f"id={found.row_key}",
                expected=dict(found.expected), kept=dict(found.kept),
                state="reported", reason=found.reason,
            ),
        )  # fmt: skip


def _add(findings, row):
    findings.add(row)
    day = findings.day(LEVEL, row.table, row.day)
    day.differences += 1
    day.reason = row.reason
