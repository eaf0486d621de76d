"""What comes after a sale: it is corrected, voided or refunded, some sales later."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from random import Random

from .customer import Customer
from .ids import Ids
from .orders import corrected, insertions, refunded, voided
from .rates import Rates
from .rows import (
    MEMBERSHIP_CHANGED,
    POINTS_CHANGED,
    Document,
    Step,
    inserts,
    order_document,
    row_document,
)

CORRECTION, VOID, REFUND = "correction", "void", "refund"
# How many sales later each happens: a void soon, a correction before a refund.
DELAYS = {CORRECTION: (1, 10), VOID: (1, 4), REFUND: (11, 40)}


@dataclass
class Sale:
    """An order as it stands now; `state` is the card's before its points were booked."""

    customer: Customer
    document: dict
    state: tuple


class Followups:
    """Decides what becomes of each sale, and does it when its time has come."""

    def __init__(self, chance: Random, rates: Rates, ids: Ids):
        self._chance, self._rates, self._ids = chance, rates, ids
        self._numbers = count()
        self._planned: list[tuple[int, int, str, Sale]] = []

    def plan(self, number: int, sale: Sale) -> None:
        """Decide what becomes of the sale with this running number."""
        rates, chance = self._rates, self._chance.random()
        if chance < rates.voids:
            sale.customer.held = sale
            return self._plan(number, VOID, sale)
        if chance < rates.voids + rates.refunds:
            self._plan(number, REFUND, sale)
        if self._chance.random() < rates.corrections:
            self._plan(number, CORRECTION, sale)
        return None

    def due(self, number: int | None, clock: Callable[[], datetime]) -> Iterator[Step]:
        """Do what is due before the sale with this number; all, if there is none."""
        while self._planned and (number is None or self._planned[0][0] <= number):
            _due, _no, kind, sale = heapq.heappop(self._planned)
            if kind == CORRECTION:
                yield self._correct(sale, clock())
            elif sale.customer.held and (kind == REFUND or sale.customer.held is sale):
                yield self.void(sale.customer, clock())
            if kind == REFUND:
                yield self._refund(sale, clock())

    def void(self, customer: Customer, now: datetime) -> Step:
        """Void the sale for which the customer is held."""
        sale, customer.held = customer.held, None
        customer.card.restore(sale.state)
        customer.forget(sale.document["order"])
        document, changes = voided(sale.document)
        return Step(VOID, now, tuple(changes), (order_document(document),))

    def _plan(self, number: int, kind: str, sale: Sale) -> None:
        due = number + self._chance.randint(*DELAYS[kind])
        heapq.heappush(self._planned, (due, next(self._numbers), kind, sale))

    def _correct(self, sale: Sale, now: datetime) -> Step:
        difference = Decimal(self._chance.randint(1, 200)) / 100
        if self._chance.random() < sale.document["lines"][0]["amount"] - difference:
            difference = -difference
        sale.document, changes = corrected(sale.document, difference)
        sale.customer.spend(sale.document["order"])
        return Step(CORRECTION, now, tuple(changes), (order_document(sale.document),))

    def _refund(self, sale: Sale, now: datetime) -> Step:
        expired = sale.customer.card.expire(now)
        document = refunded(self._ids, sale.customer, sale.document, now)
        return order_step(REFUND, sale.customer, document, expired, now)


def order_step(
    kind: str, customer: Customer, document: dict, points: list[dict], now: datetime
) -> Step:
    """A new order with the points booked before it and what it does to the level."""
    order = document["order"]
    customer.spend(order)
    changes = [*insertions(document), *inserts("point_transaction", points)]
    told = [*points_documents(points), order_document(document)]
    if event := customer.level_change(order["id"], now):
        changes += [*inserts("membership_event", [event]), customer.card_change()]
        told.append(row_document(MEMBERSHIP_CHANGED, event))
    return Step(kind, now, tuple(changes), tuple(told))


def points_documents(rows: list[dict]) -> tuple[Document, ...]:
    """The documents of point rows without an order."""
    return tuple(row_document(POINTS_CHANGED, row) for row in rows)
