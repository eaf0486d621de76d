"""Which reward of Odoo's own to suggest."""

from dataclasses import dataclass
from decimal import Decimal

from .records import Reward


@dataclass(frozen=True)
class Offer:
    """A reward of a program of Odoo's own (``program``)."""

    program: int
    reward_id: int
    reward_name: str
    required_points: Decimal


def suggested(standing, offers):
    """Return the reward to suggest, or None without any.

    Of those that a card's balance reaches, the dearest; if it reaches none, the one for
    which the fewest points are missing.
    """
    found = [
        Reward(
            card.card_id,
            offer.reward_id,
            offer.reward_name,
            offer.required_points,
            max(Decimal(), offer.required_points - card.balance),
        )
        for card in standing.cards
        for offer in offers
        if card.active and standing.programs.get(card.card_id) == offer.program
    ]
    return min(found, key=_place, default=None)


def _place(reward):
    return (
        reward.points_missing,
        -reward.required_points,
        reward.card_id,
        reward.reward_id,
    )
