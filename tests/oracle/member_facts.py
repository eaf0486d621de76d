"""The facts of members: their sales, membership events and point rows, with levels."""

import functools
from dataclasses import dataclass

import pandas as pd

from .business_time import business_day, business_hour
from .cache import cache_file, load, load_from
from .membership_events import held_at, membership_events
from .point_rows import point_rows
from .promotion_performance import money


@dataclass(frozen=True)
class MemberFacts:
    """What membership and points measures are computed from.

    sales: order_id (text), partner_id, ordered_at, date, amount_cents, is_first_order,
        membership_product_id (the level held at that instant).
    events: id, partner_id, order_id, event_type, from_membership_product_id (null at
        the join), to_membership_product_id, occurred_at, date.
    points: the detail of point transactions, one row per booking: card_id, seq (1.. in
        the card's order), partner_id, program_id, transaction_type, points_amount,
        balance_after, transaction_date (UTC), expires_at, order_id, date, hour,
        amount (Decimal: the order's total on its `earn` row, else 0),
        membership_product_id at that instant, is_first_order (of its order; False
        without one), points_earned, points_redeemed, points_expired, points_adjusted.
    """

    sales: pd.DataFrame
    events: pd.DataFrame
    points: pd.DataFrame


@functools.cache
def load_members():
    """`MemberFacts` of the reference history. Shared: do not change them in place."""
    path = cache_file("members")
    return MemberFacts(**load_from(path, lambda: vars(build_members(load().orders))))


def build_members(orders):
    """All facts of members from the orders (`Facts.orders`)."""
    events = membership_events(orders)
    events = events.assign(date=business_day(events["occurred_at"]))
    sales = _sales(orders, events)
    return MemberFacts(sales, events, _points(orders, sales, events))


def _sales(orders, events):
    columns = ["order_id", "partner_id", "ordered_at", "date", "amount_cents"]
    played = orders.sort_values(
        ["partner_id", "ordered_at", "basket_id"], ignore_index=True
    )
    return played[columns].assign(
        is_first_order=~played["partner_id"].duplicated(),
        membership_product_id=held_at(played, events, "ordered_at", "occurred_at"),
    )


def _points(orders, sales, events):
    rows = point_rows(orders)
    header = sales[["order_id", "amount_cents", "is_first_order"]]
    rows = rows.merge(header, on="order_id", how="left", validate="many_to_one")
    cents = rows["amount_cents"].where(rows["transaction_type"] == "earn", 0)
    detail = rows.drop(columns="amount_cents").assign(
        date=business_day(rows["occurred_at"]),
        hour=business_hour(rows["occurred_at"]),
        amount=money(cents.astype("int64")),
        is_first_order=rows["is_first_order"].eq(True),
        membership_product_id=held_at(rows, events, "occurred_at", "occurred_at"),
    )
    return detail.rename(columns={"occurred_at": "transaction_date"})
