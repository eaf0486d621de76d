"""Rules of membership: the level follows the spend of the last 90 days."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from .dataset import DAY
from .points import Visit

BRONZE, SILVER, GOLD = 1, 2, 3
LEVEL_NAMES = {BRONZE: "Bronze", SILVER: "Silver", GOLD: "Gold"}
SILVER_FROM = 300_00
GOLD_FROM = 1_000_00
WINDOW = 90 * DAY


class LevelChange(NamedTuple):
    """A membership event; `from_level` is none when the customer joins."""

    partner_id: int
    order_id: int
    event_type: str
    from_level: int | None
    to_level: int
    occurred_at: int


def level_of(spend: int) -> int:
    """Level of a spend in cents within the window."""
    if spend >= GOLD_FROM:
        return GOLD
    return SILVER if spend >= SILVER_FROM else BRONZE


def level_changes(partner_id: int, visits: Iterable[Visit]) -> list[LevelChange]:
    """Events of a customer whose visits come in the order (instant, basket id).

    The spend counts this basket and those played before it at an instant later
    than t - 90 days.
    """
    window: deque[Visit] = deque()
    spend = 0
    level = None
    changes = []
    for visit in visits:
        window.append(visit)
        spend += visit.cents
        while window[0].instant <= visit.instant - WINDOW:
            spend -= window.popleft().cents
        reached = level_of(spend)
        if reached != level:
            changes.append(_change(partner_id, visit, level, reached))
        level = reached
    return changes


def _change(partner_id, visit, level, reached) -> LevelChange:
    event_type = "join"
    if level is not None:
        event_type = "upgrade" if reached > level else "downgrade"
    return LevelChange(
        partner_id, visit.basket_id, event_type, level, reached, visit.instant
    )
