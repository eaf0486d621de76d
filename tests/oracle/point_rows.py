"""The points ledger of the reference history, row by row (DESIGN.md section 5).

A second replay of every household's baskets, this time writing down what is booked:
expiries at the instant they fall due, a redemption, then what the basket earns.
"""

import pandas as pd

from .points_ledger import LIFETIME, Card

HISTORY_END = pd.Timestamp("2018-01-01 05:00:00")
POINTS_PROGRAMME = 1002
BOOKED = ["card_id", "transaction_type", "points_amount", "occurred_at"]
BOOKED += ["expires_at", "order_id"]
OWN_COLUMN = {
    "points_earned": "earn",
    "points_redeemed": "redeem",
    "points_expired": "expire",
    "points_adjusted": "adjust",
}


def point_rows(orders):
    """One row per booking, each card's in its order, numbered by `seq` from 1.

    orders: partner_id, ordered_at, basket_id (number: the tie-break), order_id (text),
    amount_cents, points_earned (whole points). Card = household. `order_id` and
    `expires_at` are null where there is none: an expiry belongs to no basket.
    points_earned, points_redeemed, points_expired, points_adjusted: the row's points in
    the column of its type, 0 in the others; balance_after: the card's running sum.
    """
    played = orders.sort_values(["partner_id", "ordered_at", "basket_id"])
    booked = [
        row
        for partner, baskets in played.groupby("partner_id", sort=True)
        for row in _replay(partner, baskets)
    ]
    rows = pd.DataFrame(booked, columns=BOOKED)
    rows = rows.assign(
        seq=rows.groupby("card_id").cumcount() + 1,
        partner_id=rows["card_id"],
        program_id=POINTS_PROGRAMME,
        **{
            column: rows["points_amount"].where(rows["transaction_type"] == kind, 0)
            for column, kind in OWN_COLUMN.items()
        },
    )
    return rows.assign(balance_after=effect(rows).groupby(rows["card_id"]).cumsum())


def effect(rows):
    """What each row adds to its card's balance, signed."""
    spent = rows["points_redeemed"] + rows["points_expired"]
    return rows["points_earned"] - spent + rows["points_adjusted"]


def _replay(partner, baskets):
    """Bookings of one household's baskets, in order, up to the history's end."""
    card = Card()
    columns = ("order_id", "ordered_at", "points_earned")
    for order, instant, earned in zip(*(baskets[c] for c in columns), strict=True):
        yield from _expiries(partner, card, instant)
        redeemed = card.redeem()
        if redeemed:
            yield partner, "redeem", redeemed, instant, pd.NaT, order
        if earned:
            yield partner, "earn", earned, instant, instant + LIFETIME, order
        card.earn(earned, instant + LIFETIME)
    yield from _expiries(partner, card, HISTORY_END)


def _expiries(partner, card, instant):
    """What falls due up to this instant, inclusive: one booking per lot."""
    for due, points in card.expire(instant):
        yield partner, "expire", points, due, pd.NaT, None
