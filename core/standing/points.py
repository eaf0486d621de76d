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
# Open lots are the newest ones: so far back they are looked for, before all are read.
_RECENT = (timedelta(45), timedelta(200))


def points_of(cr, customers, asked):
    """Return (cards, points of all of them, redemptions, {card_id: Odoo's program})."""
    found = cards_of(cr, customers, asked)
    balances = balances_of(cr, found, asked)
    months, redemptions = {}, ()
    if booked := [card for card in found if card.last]:
        asked = {
            **asked,
            "cards": [card.key for card in booked],
            "first": min(card.first_hour for card in booked),
            "last": max(card.end for card in booked),
        }
        reverses = fetch(cr, "reverses", asked)
        redemptions = _redemptions(cr, reverses, asked)
        owned = {card.key: balances[card.key] for card in booked}
        months = _expiring(cr, owned, bool(reverses), asked)
    cards = tuple(
        card.card(balances[card.key], _ends(months.get(card.key, ()))) for card in found
    )
    every_month = [row for of_card in months.values() for row in of_card]
    points = Points(sum(balances.values(), Decimal()), **_ends(every_month))
    programs = {c.card_id: c.odoo_program for c in found if c.odoo_program}
    return cards, points, redemptions, programs


def _redemptions(cr, reverses, asked):
    given_back = {(key, row): Decimal(points) for key, row, points in reverses}
    rows = fetch(cr, "redemptions", {**asked, "count": REDEMPTIONS})
    return tuple(
        Redemption(*what, Decimal(points), given_back.get((key, row), Decimal()), *of)
        for key, row, *what, points, of in ((*row[:-2], row[-2:]) for row in rows)
    )


def _expiring(cr, balances, has_reverses, asked):
    """Return {key of a card: [(month, points, of these soon, later)]}.

    :param balances: {key of a card: its balance}
    :param has_reverses: rows may depend on others that lie far apart
    """
    balances = {key: balance for key, balance in balances.items() if balance > 0}
    if not balances:
        return {}
    asked = {
        **asked,
        "cards": [*balances],
        "balances": [str(balance) for balance in balances.values()],
        "soon": asked["day"] + _SOON,
        "later": asked["day"] + _LATER,
    }
    lots = sql("standing/sql/lots.sql", selected=sql("standing/sql/expiring.sql"))
    for since in _windows(has_reverses, asked):
        cr.execute(lots, {**asked, **since})
        months, held = defaultdict(list), {}
        for key, month, is_total, points, *ends in cr.fetchall():
            if is_total:
                held[key] = Decimal(points)
            elif month:
                months[key].append((month, Decimal(points), *map(Decimal, ends)))
        if held == balances:
            break
    return months


def _windows(has_reverses, asked):
    """Yield parameters of ``lots.sql`` that read more and more rows, at last all."""
    end = min(asked["last"], asked["as_of"])
    for recent in () if has_reverses else _RECENT:
        if end - recent > asked["first"]:
            yield {"first": end - recent, "is_whole": False}
    yield {"first": asked["first"], "is_whole": True}


def _ends(months):
    """Return what the months of :func:`_expiring` say together."""
    by_month = defaultdict(Decimal)
    for month, points, _soon, _later in months:
        by_month[month] += points
    return {
        "expiring_30_days": sum((row[2] for row in months), Decimal()),
        "expiring_90_days": sum((row[3] for row in months), Decimal()),
        "expiring": tuple(Expiring(*month) for month in sorted(by_month.items())),
    }
