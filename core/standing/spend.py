"""What a customer spent, and when."""

from datetime import timedelta
from decimal import Decimal

from .records import Order, Spend
from .statements import fetch

# Name → business days, the instant's own among them.
PERIODS = {"today": 1, "last_30_days": 30, "last_90_days": 90, "last_365_days": 365}
LIFETIME = "lifetime"


def spend_of(cr, asked):
    """Return ({period: spend}, first order or None, last order or None)."""
    since = {n: asked["day"] - timedelta(days - 1) for n, days in PERIODS.items()}
    since = {name: day.isoformat() for name, day in since.items()}
    since[LIFETIME] = "-infinity"
    days = {"names": [*since], "since": [*since.values()]}
    found = {name: row for name, *row in fetch(cr, "spend", {**asked, **days})}
    spend = {name: _spend(*found[name][:4]) for name in since}
    first, last = found[LIFETIME][4:]
    return spend, _order(cr, asked, first, "ASC"), _order(cr, asked, last, "DESC")


def _spend(is_cut, amount, orders, refunds):
    return (
        Spend(None, None, None) if is_cut else Spend(Decimal(amount), orders, refunds)
    )


def _order(cr, asked, day, order):
    """Return the first (ASC) or last (DESC) sale of a day; None without a day."""
    if day is None:
        return None
    rows = fetch(cr, "order", {**asked, "day": day}, order=order)
    if not rows:
        return Order(day)
    [(order_id, instant, date, amount)] = rows
    return Order(date, order_id, instant, Decimal(amount))
