"""What the live replay sells: baskets of the engine's history, or made-up ones."""

import random
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from ..promotions import POINTS_PROGRAMME, STORE_DISCOUNT, UNATTRIBUTED_COUPONS
from ..tables import COMPANY
from .ids import FIRST_CUSTOMER

QUERY = Path(__file__).with_name("baskets.sql")
HOUSEHOLDS = """
    SELECT DISTINCT partner_id FROM engine.processed_order
    WHERE partner_id < %s AND state = 'done' AND ordered_at < '2018-01-02Z' ORDER BY 1
"""
# So many customers shop at a time; their baskets are a few megabytes.
CUSTOMERS = 200


class BasketLine(NamedTuple):
    """What a program other than the points programme did to a product of a basket."""

    program_id: int
    product_id: int | None
    qty: Decimal
    amount: Decimal
    discount: Decimal


class Basket(NamedTuple):
    """A basket to be sold; evaluations are (program, outcome)."""

    store_id: int
    total: Decimal
    quantity: Decimal
    lines: tuple[BasketLine, ...] = ()
    evaluations: tuple[tuple[int, str], ...] = ()
    channel: str = "pos"
    currency: str = "USD"
    company_id: int = COMPANY


def read_baskets(cursor, seed: int, customers: int = CUSTOMERS) -> list[list[Basket]]:
    """The baskets of some households, chosen by the seed, a list for each of them."""
    cursor.execute(HOUSEHOLDS, [FIRST_CUSTOMER])
    known = [household for (household,) in cursor.fetchall()]
    chosen = random.Random(seed).sample(known, min(customers, len(known)))
    cursor.execute(QUERY.read_text(), {"households": chosen})
    found = {household: [] for household in chosen}
    for _key, household, *columns in cursor:
        found[household].append(_basket(columns))
    return list(found.values())


def sample_baskets(seed: int = 0, customers: int = 8) -> list[list[Basket]]:
    """Made-up baskets of some customers, for an engine without a history."""
    chance = random.Random(seed)
    return [
        [_made_up(chance) for _ in range(chance.randint(5, 30))]
        for _ in range(customers)
    ]


def _basket(columns) -> Basket:
    store, channel, currency, company, total, lines, evaluations = columns
    quantity, kept = Decimal(0), []
    for program, product, *numbers in lines or ():
        qty, amount, discount = map(Decimal, numbers)
        if program == POINTS_PROGRAMME:
            quantity = qty
        else:
            kept.append(BasketLine(program, product, qty, amount, discount))
    found = tuple((program, outcome) for program, outcome in evaluations or ())
    return Basket(
        store, Decimal(total), quantity, tuple(kept), found, channel, currency, company
    )


def _made_up(chance: random.Random) -> Basket:
    lines = tuple(_made_up_line(chance) for _ in range(chance.randint(0, 5)))
    others = Decimal(chance.randint(0, 9_000)) / 100
    campaigns = sorted(chance.sample((1, 2, 3), chance.randint(0, 2)))
    applied = {line.program_id for line in lines}
    return Basket(
        store_id=chance.randint(1, 4),
        total=sum((line.amount for line in lines), others),
        quantity=sum((line.qty for line in lines), Decimal(1)),
        lines=lines,
        evaluations=tuple(
            (program, "applied" if program in applied else "eligible")
            for program in sorted({*campaigns, *(applied & {1, 2, 3})})
        ),
    )


def _made_up_line(chance: random.Random) -> BasketLine:
    return BasketLine(
        program_id=chance.choice((1, 2, 3, STORE_DISCOUNT, UNATTRIBUTED_COUPONS)),
        product_id=chance.randint(1, 50),
        qty=Decimal(chance.randint(1, 3)),
        amount=Decimal(chance.randint(0, 3_000)) / 100,
        discount=Decimal(chance.randint(1, 500)) / 100,
    )
