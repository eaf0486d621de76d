"""Rules of points: a card is played basket by basket.

At each basket, in this order: what is due expires, 500 points are redeemed if the
balance is at least 1,000, the basket earns one point per whole unit of currency.
Points are whole numbers; instants are seconds since 1970-01-01 UTC.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .dataset import DAY

LIFETIME = 180 * DAY
REDEEM_FROM = 1_000
REDEEM = 500
END_OF_HISTORY = 1_514_782_800  # 2018-01-01T05:00:00Z, midnight in New York


class Visit(NamedTuple):
    """A household's basket: when, which, and its total in cents."""

    instant: int
    basket_id: int
    cents: int


class Booking(NamedTuple):
    """A row of the ledger of points.

    `origin` is the basket that the points come from (of an expiry: the basket that
    earned them), `order_id` the basket that made the booking, none for an expiry.
    """

    card_id: int
    seq: int
    transaction_type: str
    points_amount: int
    balance_after: int
    occurred_at: int
    origin: int
    expires_at: int | None = None
    order_id: int | None = None


def points_earned(cents: int) -> int:
    """Points of a basket: the floor of its total; works on arrays as well."""
    return cents // 100


def play_card(
    card_id: int, visits: Iterable[Visit], until: int = END_OF_HISTORY
) -> list[Booking]:
    """Bookings of a card whose visits come in the order (instant, basket id).

    Expiries are booked up to and including `until`.
    """
    card = _Card(card_id)
    for visit in visits:
        card.expire(visit.instant)
        if card.balance >= REDEEM_FROM:
            card.redeem(visit, REDEEM)
        if points := points_earned(visit.cents):
            card.earn(visit, points)
    card.expire(until)
    return card.bookings


@dataclass
class _Lot:
    """What is left of the points that a basket earned, and when it expires."""

    due: int
    points: int
    basket_id: int


class _Card:
    """A card while it is played: its open lots, oldest first, and its bookings."""

    def __init__(self, card_id: int):
        self.card_id = card_id
        self.balance = 0
        self.lots: deque[_Lot] = deque()
        self.bookings: list[Booking] = []

    def expire(self, now: int) -> None:
        """Book what fell due up to `now`, each lot at its own instant."""
        while self.lots and self.lots[0].due <= now:
            lot = self.lots.popleft()
            self.balance -= lot.points
            self._book(
                transaction_type="expire",
                points_amount=lot.points,
                occurred_at=lot.due,
                origin=lot.basket_id,
            )

    def redeem(self, visit: Visit, points: int) -> None:
        """Spend points, first in, first out; a spent lot leaves nothing to expire."""
        rest = points
        while rest:
            taken = min(rest, self.lots[0].points)
            self.lots[0].points -= taken
            rest -= taken
            if not self.lots[0].points:
                self.lots.popleft()
        self.balance -= points
        self._book(
            transaction_type="redeem",
            points_amount=points,
            occurred_at=visit.instant,
            origin=visit.basket_id,
            order_id=visit.basket_id,
        )

    def earn(self, visit: Visit, points: int) -> None:
        """Add a lot that expires 180 days later."""
        due = visit.instant + LIFETIME
        self.lots.append(_Lot(due, points, visit.basket_id))
        self.balance += points
        self._book(
            transaction_type="earn",
            points_amount=points,
            occurred_at=visit.instant,
            origin=visit.basket_id,
            expires_at=due,
            order_id=visit.basket_id,
        )

    def _book(self, **fields) -> None:
        self.bookings.append(
            Booking(
                card_id=self.card_id,
                seq=len(self.bookings) + 1,
                balance_after=self.balance,
                **fields,
            )
        )
