"""What a customer's points do: what expires, what was redeemed last."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from ..database import sql
from .cards import balances_of, cards_of
from .records import Expiring, Points, Redemption
from .statements import rows

REDEMPTIONS = 5
_SOON, _LATER = timedelta(30), timedelta(90)
# The last redemptions are looked for so far back first.
_RECENT = timedelta(400)


def points_of(cr, customers, asked):
    """Return (cards, points of all of them, redemptions, {card_id: Odoo's program})."""
    found = cards_of(cr, customers, asked)
    balances = balances_of(cr, found, asked)
    months = _expiring(cr, [card for card in found if card.last], balances, asked)
    cards = tuple(
        card.card(balances[card.key], ends_of(months.get(card.key, ())))
        for card in found
    )
    every_month = [row for of_card in months.values() for row in of_card]
    points = Points(sum(balances.values(), Decimal()), **ends_of(every_month))
    programs = {c.card_id: c.odoo_program for c in found if c.odoo_program}
    return cards, points, _redemptions(cr, found, asked), programs


def lots_of(found, balances):
    """Return the parameters of ``lots.sql`` for some cards."""
    return {
        "cards": [card.key for card in found],
        "balances": [str(balances[card.key]) for card in found],
        "first": min(card.first_hour for card in found),
        "last": max(card.end for card in found),
    }


def ends_of(months):
    """Return what some rows of :func:`_expiring` say together."""
    by_month = defaultdict(Decimal)
    for month, points, _soon, _later in months:
        by_month[month] += points
    return {
        "expiring_30_days": sum((row[2] for row in months), Decimal()),
        "expiring_90_days": sum((row[3] for row in months), Decimal()),
        "expiring": tuple(Expiring(*month) for month in sorted(by_month.items())),
    }


def _expiring(cr, found, balances, asked):
    """Return {key of a card: [(month, points, within 30 days, within 90 days)]}."""
    found = [card for card in found if balances[card.key] > 0]
    if not found:
        return {}
    ends = {"soon": asked["day"] + _SOON, "later": asked["day"] + _LATER}
    asked = {**asked, **ends, **lots_of(found, balances)}
    months = defaultdict(list)
    lots = sql("standing/sql/lots.sql")
    for key, month, *points in rows(cr, "expiring", asked, lots=lots):
        months[key].append((month, *map(Decimal, points)))
    return months


def _redemptions(cr, found, asked):
    booked = [card for card in found if card.last]
    if not booked:
        return ()
    first = min(card.first_hour for card in booked)
    asked = {
        **asked,
        "cards": [card.key for card in booked],
        "first": first,
        "count": REDEMPTIONS,
    }
    for since in (max(first, asked["as_of"] - _RECENT), first):
        last = rows(cr, "redemptions", {**asked, "since": since})
        if len(last) == REDEMPTIONS or since == first:
            break
    return tuple(
        Redemption(*what, Decimal(points), Decimal(back), origin, order)
        for *what, points, back, origin, order in last
    )
