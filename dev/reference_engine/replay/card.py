"""A live customer's card of points: the rules of the history, and taking back."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from .. import points
from ..promotions import POINTS_PROGRAMME
from .ids import Ids
from .rows import new_row

LIFETIME = timedelta(seconds=points.LIFETIME)


@dataclass(frozen=True)
class Lot:
    """What is left of points that came together, and when they expire."""

    due: datetime
    points: int
    origin: str


class Card:
    """The open lots, oldest first; each booking is returned as a row.

    Bookings come in the order of their instants, so that a ledger in the order
    (occurred_at, seq) closes with the balance.
    """

    def __init__(self, customer: int, ids: Ids):
        self.id = customer
        self.balance = 0
        self._ids = ids
        self._seq = 0
        self._lots: deque[Lot] = deque()

    def state(self) -> tuple[int, tuple[Lot, ...]]:
        """What `restore` needs to take back all that is booked from now on."""
        return self.balance, tuple(self._lots)

    def restore(self, state: tuple[int, tuple[Lot, ...]]) -> None:
        """Be what the card was; numbers given meanwhile are not given again."""
        self.balance, lots = state
        self._lots = deque(lots)

    def bring(self, amount: int, earned_at: datetime) -> dict:
        """Points earned before this replay."""
        return self._earn(amount, earned_at, f"opening-{self.id}", None)

    def expire(self, now: datetime) -> list[dict]:
        """Book what fell due, at the instants at which it did."""
        rows = []
        while self._lots and self._lots[0].due <= now:
            lot = self._lots.popleft()
            self.balance -= lot.points
            rows.append(self._book("expire", lot.points, lot.due, lot.origin))
        return rows

    def sell(self, order: str, earned: int, now: datetime) -> list[dict]:
        """Redeem if there are enough points, then earn; nothing is booked for 0."""
        rows = []
        if self.balance >= points.REDEEM_FROM:
            self._take(points.REDEEM)
            rows.append(self._book("redeem", points.REDEEM, now, order, order_id=order))
        if earned:
            rows.append(self._earn(earned, now, order, order))
        return rows

    def adjust(self, amount: int, now: datetime, reason: str) -> dict:
        """A correction by hand, in either direction."""
        if amount > 0:
            self._add(amount, now + LIFETIME, reason)
        else:
            self._take(-amount)
        return self._book("adjust", amount, now, reason)

    def reverse(self, booked: dict, order: str, now: datetime) -> dict:
        """Take back what an earn or redeem row booked, for a refund."""
        amount = booked["points_amount"]
        if booked["transaction_type"] == "earn":
            self._take(amount)
        else:
            self._add(amount, now + LIFETIME, order)
        return self._book(
            "reverse", amount, now, order, order_id=order, reverses_id=booked["id"]
        )

    def _earn(self, amount: int, now: datetime, origin: str, order) -> dict:
        due = now + LIFETIME
        self._add(amount, due, origin)
        return self._book("earn", amount, now, origin, order_id=order, expires_at=due)

    def _add(self, amount: int, due: datetime, origin: str) -> None:
        # A balance below zero is paid first: those points are spent already.
        left = amount + min(self.balance, 0)
        self.balance += amount
        if left > 0:
            self._lots.append(Lot(due, left, origin))

    def _take(self, amount: int) -> None:
        self.balance -= amount
        while amount and self._lots:
            lot = self._lots.popleft()
            left = lot.points - amount
            amount = max(-left, 0)
            if left > 0:
                self._lots.appendleft(Lot(lot.due, left, lot.origin))

    def _book(self, kind: str, amount: int, instant, origin: str, **values) -> dict:
        self._seq += 1
        return new_row(
            "point_transaction",
            id=self._ids.point(),
            seq=self._seq,
            card_id=self.id,
            partner_id=self.id,
            program_id=POINTS_PROGRAMME,
            transaction_type=kind,
            points_amount=amount,
            balance_after=self.balance,
            occurred_at=instant,
            origin=origin,
            **values,
        )
