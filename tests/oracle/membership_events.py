"""Membership of the reference history (DESIGN.md section 5): level by recent spend."""

from collections import deque

import pandas as pd

WINDOW = pd.Timedelta(days=90)
BRONZE, SILVER, GOLD = 1, 2, 3
LEVELS = {BRONZE: "Bronze", SILVER: "Silver", GOLD: "Gold"}
SILVER_FROM_CENTS = 300_00
GOLD_FROM_CENTS = 1000_00
COLUMNS = ["partner_id", "order_id", "event_type", "from_membership_product_id"]
COLUMNS += ["to_membership_product_id", "occurred_at"]


def membership_events(orders):
    """join, upgrade and downgrade events, numbered by `id` in the order they happen.

    orders: partner_id, ordered_at, basket_id (number: the tie-break), order_id,
    amount_cents. Ids rise with (partner, instant, basket): among the events of one
    customer, which is all that ties need.
    """
    played = orders.sort_values(["partner_id", "ordered_at", "basket_id"])
    found = [
        (partner, *event)
        for partner, baskets in played.groupby("partner_id", sort=True)
        for event in _changes(baskets)
    ]
    events = pd.DataFrame(found, columns=COLUMNS)
    events["from_membership_product_id"] = events["from_membership_product_id"].astype(
        "Int64"
    )
    return events.assign(id=range(1, len(events) + 1))


def level_of(cents):
    """Membership product for the spend of the last 90 days."""
    if cents < SILVER_FROM_CENTS:
        return BRONZE
    return SILVER if cents < GOLD_FROM_CENTS else GOLD


def _changes(baskets):
    """(order, type, from, to, instant) at each basket that changes the level."""
    held, spend, window = None, 0, deque()
    columns = ("order_id", "ordered_at", "amount_cents")
    for order, instant, cents in zip(*(baskets[c] for c in columns), strict=True):
        window.append((instant, cents))
        spend += cents
        while window[0][0] <= instant - WINDOW:
            spend -= window.popleft()[1]
        reached = level_of(spend)
        if reached != held:
            yield order, _type(held, reached), held, reached, instant
        held = reached


def _type(held, reached):
    if held is None:
        return "join"
    return "upgrade" if reached > held else "downgrade"


def held_at(rows, events, row_time, event_time):
    """Membership product held at each row's instant or day; null before the join.

    An event counts from its own instant (day) inclusive; of several at one instant the
    one with the highest id. rows and events: frames with partner_id and the named time
    column. Returned as Int64 in the rows' own order.
    """
    last = events.sort_values(["partner_id", "occurred_at", "id"])
    last = last.drop_duplicates(["partner_id", event_time], keep="last")
    last = last.rename(columns={"to_membership_product_id": "held"})
    found = pd.merge_asof(
        rows[["partner_id", row_time]].reset_index().sort_values(row_time),
        last[["partner_id", event_time, "held"]].sort_values(event_time),
        left_on=row_time,
        right_on=event_time,
        by="partner_id",
    )
    return found.set_index("index")["held"].astype("Int64").reindex(rows.index)
