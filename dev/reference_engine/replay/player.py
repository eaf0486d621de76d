"""Play the engine, step by step, by a seed and without I/O."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from ..dataset import DAY
from .baskets import Basket, sample_baskets
from .campaigns import Campaigns
from .card import LIFETIME
from .customer import Customer
from .followups import Followups, Sale, order_step, points_documents
from .ids import Ids
from .orders import sold
from .rates import Rates
from .rows import Document, Step, inserts
from .verdicts import Verdicts

LATE = 60 * DAY
BRINGS_POINTS = 0.2

Clock = Callable[[], datetime]


def steps(  # noqa: PLR0913 - what a replay consists of
    seed: int,
    baskets: Sequence[Sequence[Basket]] | None = None,
    *,
    rates: Rates | None = None,
    ids: Ids | None = None,
    clock: Clock | None = None,
    orders: int | None = None,
) -> Iterator[Step]:
    """What the engine does, in its order; equal arguments give equal steps.

    baskets: what each customer buys; made-up ones if not given.
    clock: the instant of each step; without one, a minute passes at each look.
    orders: number of sales, followed by what is due after them; none: without end.
    """
    player = Player(
        Random(seed), baskets or sample_baskets(), rates or Rates(), ids or Ids()
    )
    return player.play(orders, clock or ticking())


def documents(seed: int, *args, **options) -> Iterator[Document]:
    """The documents of `steps` alone, each in the state in which an event tells it."""
    for step in steps(seed, *args, **options):
        yield from step.documents


def ticking(start=datetime(2026, 1, 5, 15, tzinfo=UTC), tick=timedelta(minutes=1)):
    """A clock that goes on by `tick` whenever it is looked at."""
    ticks = count()
    return lambda: start + next(ticks) * tick


class Player:
    """The engine at work; arguments as of `steps`."""

    def __init__(self, chance: Random, baskets, rates: Rates, ids: Ids):
        self._chance, self._rates, self._ids = chance, rates, ids
        self._baskets = [of_customer for of_customer in baskets if of_customer]
        self._customers = [Customer(ids, played) for played in self._baskets]
        self._campaigns = Campaigns(chance, ids, rates.campaigns)
        self._followups = Followups(chance, rates, ids)
        self._verdicts = Verdicts(chance, ids, self._baskets)

    def play(self, orders: int | None, clock: Clock) -> Iterator[Step]:
        """Sell, and in between do what is due after earlier sales."""
        for number in count() if orders is None else range(orders):
            yield from self._followups.due(number, clock)
            while all(customer.held for customer in self._customers):
                yield self._followups.void(self._customers[0], clock())
            customer, basket = self._next_visit()
            if self._happens(self._rates.abandoned):
                yield self._verdicts.abandon(customer.id, clock())
            yield self._sell(number, customer, basket, clock())
            yield from self._campaigns.news(clock())
            if not customer.held and self._happens(self._rates.adjustments):
                yield self._adjust(customer, clock())
        yield from self._followups.due(None, clock)

    def _next_visit(self) -> tuple[Customer, Basket]:
        """A customer to whom something may be booked, and the next basket."""
        customers = enumerate(self._customers)
        place = self._chance.choice([n for n, who in customers if not who.held])
        basket = self._customers[place].next_basket()
        if basket is None:
            # All baskets are sold: somebody else begins with them.
            self._customers[place] = Customer(self._ids, self._baskets[place])
            basket = self._customers[place].next_basket()
        return self._customers[place], self._campaigns.offer(basket)

    def _sell(
        self, number: int, customer: Customer, basket: Basket, now: datetime
    ) -> Step:
        points = self._arrive(customer, now)
        state = customer.card.state()
        document = sold(self._ids, customer, basket, self._ordered_at(now), now)
        if self._happens(self._rates.rejected):
            self._verdicts.reject(document)
        self._followups.plan(number, Sale(customer, document, state))
        return order_step("sale", customer, document, points, now)

    def _arrive(self, customer: Customer, now: datetime) -> list[dict]:
        """Points booked before the basket: brought by a new customer, expired."""
        brought = []
        if not customer.has_card and self._happens(BRINGS_POINTS):
            # They expire within minutes, or have done so while the customer came.
            earned_at = now - LIFETIME + timedelta(minutes=self._chance.randint(-5, 10))
            amount = self._chance.randint(1, 15) * 100
            brought.append(customer.card.bring(amount, earned_at))
        return [*brought, *customer.card.expire(now)]

    def _ordered_at(self, now: datetime) -> datetime:
        if self._happens(self._rates.late):
            return now - timedelta(seconds=self._chance.randint(1, LATE))
        return now

    def _adjust(self, customer: Customer, now: datetime) -> Step:
        rows = customer.card.expire(now)
        amount = self._chance.choice((-20, -5, 10, 50, 100))
        rows.append(customer.card.adjust(amount, now, "goodwill"))
        changes = inserts("point_transaction", rows)
        return Step("adjustment", now, tuple(changes), points_documents(rows))

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share
