"""What a customer of the demo's shop takes, and what the programs give for it."""

from decimal import ROUND_HALF_UP, Decimal

from . import catalogue
from .catalogue import (
    COFFEE,
    GOLD,
    GOLD_DAYS,
    PRODUCTS,
    THREE_FOR_TWO,
    WEEKEND,
    WELCOME,
)

_CENT = Decimal("0.01")
_SATURDAY, _FREE_OF = 5, 3
_GOLD_UNTIL = 7
_LEAST = Decimal(15)
# Shares of those who may: who use their coupon, and who spend their points.
_COUPON_USED, _REWARD_TAKEN = 0.7, 0.4


class Basket:
    """Products with prices, what is taken off, and by which program.

    :ivar quantity: pieces
    :ivar total: what is paid
    :ivar redeemed: points that are spent, for :ivar:`reward` off
    """

    def __init__(self, chance, day, member, is_first):
        self._member, self._day, self._is_first = member, day, is_first
        self._uses_coupon = chance.random() < _COUPON_USED
        chosen = chance.choices(
            [*PRODUCTS], [often for _price, often in PRODUCTS.values()],
            k=chance.randint(1, 4),
        )  # fmt: skip
        self._pieces = {}
        for product in chosen:
            more = chance.choice((1, 1, 1, 2, 3)) if product == COFFEE else 1
            self._pieces[product] = self._pieces.get(product, 0) + more
        self.quantity = sum(self._pieces.values())
        # Program → product → what it takes off.
        self._off = {}
        self._rate()
        self._give_coffee()
        self._take_coupon()
        self.total = sum(map(self._paid, self._pieces), Decimal())
        spends = member and member.balance >= catalogue.REWARD_POINTS
        self.redeemed = self.reward = 0
        if spends and self.total > catalogue.REWARD and chance.random() < _REWARD_TAKEN:
            self.redeemed, self.reward = catalogue.REWARD_POINTS, catalogue.REWARD
            self.total -= self.reward

    def write(self, clerk, order):
        """Add the lines and evaluations of all programs but the points."""
        for program, products in self._off.items():
            for product, off in products.items():
                clerk.line(
                    order, program, product, qty=self._pieces[product],
                    amount=self._paid(product), discount=off,
                )  # fmt: skip
        number = self._member and self._member.number
        for program, outcome in self._outcomes():
            clerk.evaluation(order, program, number, *outcome)

    # ------------------------------------------------------------ the programs

    @property
    def _is_weekend(self):
        return self._day.weekday() >= _SATURDAY

    @property
    def _is_gold_day(self):
        return self._day.day <= _GOLD_UNTIL

    @property
    def _is_gold(self):
        return bool(self._member) and self._member.level == GOLD

    def _rate(self):
        """Take a share off everything; the gold days' instead of the weekend's."""
        program, rate = WEEKEND, catalogue.WEEKEND_RATE
        if self._is_gold and self._is_gold_day:
            program, rate = GOLD_DAYS, catalogue.GOLD_RATE
        elif not self._is_weekend:
            return
        self._off[program] = {
            product: (self._price(product) * rate).quantize(_CENT, ROUND_HALF_UP)
            for product in self._pieces
        }

    def _give_coffee(self):
        free = self._pieces.get(COFFEE, 0) // _FREE_OF
        if free and not self._off:
            self._off[THREE_FOR_TWO] = {COFFEE: free * PRODUCTS[COFFEE][0]}

    def _take_coupon(self):
        dearest = max(self._pieces, key=self._price)
        if self._has_coupon and self._uses_coupon:
            self._off[WELCOME] = {dearest: min(catalogue.COUPON, self._paid(dearest))}

    @property
    def _has_coupon(self):
        return self._is_first and sum(map(self._price, self._pieces)) >= _LEAST

    def _outcomes(self):
        """Yield (program, (outcome, reason)) of the programs that were looked at."""
        if self._is_weekend:
            used = WEEKEND in self._off
            yield WEEKEND, ("applied" if used else "eligible", None)
        if self._member and self._is_gold_day:
            yield GOLD_DAYS, _outcome(self._is_gold, "Gold members only")
        if COFFEE in self._pieces:
            if THREE_FOR_TWO in self._off:
                yield THREE_FOR_TWO, ("applied", None)
            elif self._off:
                yield THREE_FOR_TWO, ("rejected", "Not with another promotion")
            else:
                yield THREE_FOR_TWO, ("eligible", None)
        if self._is_first:
            if not self._has_coupon:
                yield WELCOME, ("rejected", f"Less than {_LEAST}")
            else:
                used = WELCOME in self._off
                yield WELCOME, ("applied" if used else "eligible", None)

    # ------------------------------------------------------------ amounts

    def _price(self, product):
        return PRODUCTS[product][0] * self._pieces[product]

    def _paid(self, product):
        return self._price(product) - sum(
            (products.get(product, Decimal()) for products in self._off.values()),
            Decimal(),
        )


def _outcome(is_applied, reason):
    return ("applied", None) if is_applied else ("rejected", reason)
