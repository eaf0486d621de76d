"""What a customer's points do: what expires, what was redeemed last."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from ..database import sql
from .cards import balances_of, cards_of
from .records import Expiring, Points, Redemption
from .statements import fetch

REDEMPTIONS = 5
_SOON, _LATER = timedelta(30), timedelta(90)


def points_of(cr, customers, asked):
    """Return (cards, points of all of them, redemptions, {card_id: Odoo's program})."""
    found = cards_of(cr, customers, asked)
    balances = balances_of(cr, found, asked)
    months, redemptions = _ledger(cr, [c for c in found if c.last], balances, asked)
    cards = tuple(
        card.card(balances[card.key], _ends(months.get(card.key, ()))) for card in found
    )
    every_month = [row for of_card in months.values() for row in of_card]
    points = Points(sum(balances.values(), Decimal()), **_ends(every_month))
    programs = {c.card_id: c.odoo_program for c in found if c.odoo_program}
    return cards, points, redemptions, programs


def lots_of(found, balances):
    """Return the parameters of ``lots.sql`` for some cards."""
    return {
        "cards": [card.key for card in found],
        "balances": [str(balances[card.key]) for card in found],
        "first": min(card.first_hour for card in found),
        "last": max(card.end for card in found),
    }


def _ledger(cr, found, balances, asked):
    """Return ({key of a card: [(month, points, of these soon, later)]}, redemptions)."""
    months, redemptions = defaultdict(list), []
    if not found:
        return months, ()
    limits = {
        "soon": asked["day"] + _SOON,
        "later": asked["day"] + _LATER,
        "count": REDEMPTIONS,
    }
    card_ids = {card.key: card.card_id for card in found}
    lots = sql("standing/sql/lots.sql", selected=sql("standing/sql/ledger.sql"))
    cr.execute(lots, {**asked, **limits, **lots_of(found, balances)})
    for what, key, program, name, instant, day, points, *more in cr.fetchall():
        if what == "expiring":
            months[key].append((day, *map(Decimal, (points, *more[:2]))))
        else:
            back, _none, origin, order = more
            which = (card_ids[key], program, name, instant, day)
            amounts = map(Decimal, (points, back))
            redemptions.append(Redemption(*which, *amounts, origin, order))
    return months, tuple(redemptions)


def _ends(months):
    """Return what the months of :func:`_ledger` say together."""
    by_month = defaultdict(Decimal)
    for month, points, _soon, _later in months:
        by_month[month] += points
    return {
        "expiring_30_days": sum((row[2] for row in months), Decimal()),
        "expiring_90_days": sum((row[3] for row in months), Decimal()),
        "expiring": tuple(Expiring(*month) for month in sorted(by_month.items())),
    }
