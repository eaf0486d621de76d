"""A customer's cards out of the reporting database, with their balances."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from .records import Card
from .statements import decimal, fetch

# Rows of a clock hour begin with it and last for less than one.
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Last:
    """A card's last booking up to the instant."""

    customer: int | None
    company: int
    balance_after: str | None
    instant: datetime
    program: tuple


@dataclass(frozen=True)
class Found:
    """A card as the dimension and ``card_state`` have it.

    :param program: (id, name, program of Odoo's own), empty if the engine tells none
    :param balance: after its last booking of all; None without any
    :param is_of_source: its source feeds the company
    """

    key: int
    card_id: int
    active: bool
    program: tuple
    balance: str | None
    first_hour: datetime | None
    last_hour: datetime | None
    is_of_source: bool
    last: Last | None = None

    @property
    def end(self):
        """The end of the last clock hour with bookings."""
        return self.last_hour + _HOUR

    @property
    def odoo_program(self):
        """The program of Odoo's own that its program is, or None."""
        return self._program[2]

    @property
    def _program(self):
        is_told = self.program[0] is not None or not self.last
        return self.program if is_told else self.last.program

    def card(self, balance, ends):
        """Return it as it is shown."""
        return Card(
            self.card_id,
            *self._program[:2],
            self.active,
            balance,
            self.last and decimal(self.last.balance_after),
            self.last and self.last.instant,
            **ends,
        )


def cards_of(cr, customers, asked):
    """Return the cards to show (:class:`Found`), in order.

    A card is its owner's, as the engine says now; where it says nothing, it is that
    customer's to whom its last booking belongs. It is shown where it has bookings in
    the company; without any at all, where its source feeds the company.
    """
    sources = [*{customer.source for customer in customers}]
    [[has_unowned]] = fetch(cr, "has_unowned", {"sources": sources})
    others = {key for (key,) in fetch(cr, "unowned", asked)} if has_unowned else set()
    found = [
        Found(*row[:3], row[3:6], *row[6:])
        for row in fetch(cr, "cards", {**asked, "found": [*others]})
    ]
    last = _last_bookings(cr, [card for card in found if card.last_hour], asked)
    found = [replace(card, last=last.get(card.key)) for card in found]
    found = [
        card
        for card in found
        if card.key not in others
        or (card.last and card.last.customer in asked["customers"])
    ]
    return _in_company(cr, found, asked)


def balances_of(cr, found, asked):
    """Return {key: balance at the instant} of cards.

    It is what ``card_state`` holds, less what was booked later: by our own record, and
    of a card that several companies use, over all of them.
    """
    later = {}
    changed = [card for card in found if card.last and card.end > asked["as_of"]]
    if changed:
        end = max(card.end for card in changed)
        keys = {"cards": [card.key for card in changed], "last": end}
        later = dict(fetch(cr, "later", {**asked, **keys}))
    return {
        card.key: Decimal(card.balance or 0) - Decimal(later.get(card.key, 0))
        for card in found
    }


def _last_bookings(cr, booked, asked):
    if not booked:
        return {}
    low = min(
        card.last_hour if card.end <= asked["as_of"] else card.first_hour
        for card in booked
    )
    asked = {**asked, "cards": [card.key for card in booked], "low": low}
    return {
        key: Last(*row[:4], row[4:]) for key, *row in fetch(cr, "last_bookings", asked)
    }


def _in_company(cr, found, asked):
    """Return those that are shown in the company."""
    elsewhere = [c for c in found if c.last and c.last.company != asked["company"]]
    here = set()
    if elsewhere:
        keys = {"cards": [card.key for card in elsewhere]}
        first = {"first": min(card.first_hour for card in elsewhere)}
        here = {key for (key,) in fetch(cr, "in_company", {**asked, **keys, **first})}
    return [
        card
        for card in found
        if (
            card.last.company == asked["company"] or card.key in here
            if card.last
            else card.is_of_source and not card.last_hour
        )
    ]
