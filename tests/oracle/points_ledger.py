"""Points of program 1002 per basket: earn, expire after 180 days, redeem 500.

Source of the rules: DESIGN.md section 5. A plain replay of every household's baskets
in order, on purpose: it is the slow and obvious way.
"""

from collections import deque
from dataclasses import dataclass, field

import pandas as pd

LIFETIME = pd.Timedelta(days=180)
REDEEM_FROM_BALANCE = 1000
REDEEMED_POINTS = 500
CENTS_PER_POINT = 100


@dataclass
class Card:
    """One household's unspent points, as lots [expires_at, points], oldest first."""

    lots: deque = field(default_factory=deque)
    balance: int = 0

    def expire(self, instant):
        """Drop what is unspent 180 days after it was earned; the lots dropped."""
        dropped = []
        while self.lots and self.lots[0][0] <= instant:
            dropped.append(self.lots.popleft())
            self.balance -= dropped[-1][1]
        return dropped

    def redeem(self):
        """Spend 500 points, oldest first, if the balance allows; points spent."""
        if self.balance < REDEEM_FROM_BALANCE:
            return 0
        self.balance -= REDEEMED_POINTS
        left = REDEEMED_POINTS
        while left:
            spent = min(left, self.lots[0][1])
            self.lots[0][1] -= spent
            left -= spent
            if not self.lots[0][1]:
                self.lots.popleft()
        return REDEEMED_POINTS

    def earn(self, points, expires_at):
        """Add a lot; no points, no lot."""
        if points:
            self.lots.append([expires_at, points])
            self.balance += points


def with_points(orders):
    """Orders with `points_earned` and `points_redeemed`, both whole points >= 0.

    Needs partner_id, ordered_at, basket_id (number: the tie-break) and amount_cents;
    returns the rows in (partner_id, ordered_at, basket_id) order.
    """
    played = orders.sort_values(
        ["partner_id", "ordered_at", "basket_id"], ignore_index=True
    )
    earned = played["amount_cents"] // CENTS_PER_POINT
    redeemed = list(
        _replay(
            played["partner_id"].tolist(),
            played["ordered_at"].tolist(),
            (played["ordered_at"] + LIFETIME).tolist(),
            earned.tolist(),
        )
    )
    return played.assign(points_earned=earned, points_redeemed=redeemed)


def _replay(partners, instants, expiries, earned):
    """Points redeemed at each basket; the baskets of a partner are consecutive."""
    card, owner = Card(), None
    for partner, instant, expires_at, points in zip(
        partners, instants, expiries, earned, strict=True
    ):
        if partner != owner:
            card, owner = Card(), partner
        card.expire(instant)
        yield card.redeem()
        card.earn(points, expires_at)
