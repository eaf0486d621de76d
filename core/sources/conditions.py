"""Conditions of extraction statements, as SQL."""

from . import contract


def has_key(kind, table):
    """Return the condition that tells an order's bookings from those without one."""
    if table != "point_transaction":
        return ""
    is_part = kind == contract.ORDER_DOCUMENT
    return f" AND q.order_id IS {'NOT ' if is_part else ''}NULL"


def in_month(column, month):
    """Return the test that an instant lies in a month (UTC)."""
    first = f"timestamptz '{month:%Y-%m-%d} 00:00Z'"
    return f"{column} >= {first} AND {column} < {first} + interval '1 month'"


def is_instant(column):
    """Return the test that an instant may be that of a fact."""
    return (
        f"{column} >= timestamptz '2000-01-01 00:00Z' AND {column}"
        " < date_trunc('day', now(), 'UTC') + interval '2 days'"
    )


def between(low, high):
    """Return the test that a row was written in a window of transactions."""
    return f"txid >= '{int(low)}'::xid8 AND txid < '{int(high)}'::xid8"


def is_integer(text):
    """Tell whether a text can be the key of a row that a number identifies."""
    return text.lstrip("-").isdecimal()
