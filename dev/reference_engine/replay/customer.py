"""A live customer: the baskets still to come, the card, the level."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from .. import membership
from ..promotions import POINTS_PROGRAMME
from .baskets import Basket
from .card import Card
from .ids import Ids
from .rows import Change, new_row, raised

WINDOW = timedelta(seconds=membership.WINDOW)


class Customer:
    """One customer from the first basket to the last.

    held: the sale that is about to be voided; nothing else may be booked before.
    """

    def __init__(self, ids: Ids, baskets: Iterable[Basket]):
        self.id = ids.customer()
        self.card = Card(self.id, ids)
        self.held = None
        self._ids = ids
        self._baskets = iter(baskets)
        self._level = None
        self._card_row = None
        self._spent: dict[str, tuple[datetime, Decimal]] = {}

    def next_basket(self) -> Basket | None:
        """The next basket; none when all are sold."""
        return next(self._baskets, None)

    @property
    def is_new(self) -> bool:
        """Whether no order counts yet."""
        return not self._spent

    @property
    def has_card(self) -> bool:
        """Whether the engine knows the customer's card."""
        return self._card_row is not None

    def spend(self, order: dict) -> None:
        """Count an order towards the level; a refund counts with its negative total."""
        self._spent[order["id"]] = order["ordered_at"], order["amount_total"]

    def forget(self, order: dict) -> None:
        """Count a voided order no longer."""
        del self._spent[order["id"]]

    def level_change(self, order: str, now: datetime) -> dict | None:
        """The event of membership if the spend of 90 days leads to another level."""
        reached = self._reached(now)
        before, self._level = self._level, reached
        if reached == before:
            return None
        kind = "join"
        if before is not None:
            kind = "upgrade" if reached > before else "downgrade"
        return new_row(
            "membership_event",
            id=self._ids.membership_event(),
            partner_id=self.id,
            order_id=order,
            event_type=kind,
            from_membership_product_id=before,
            to_membership_product_id=reached,
            occurred_at=now,
        )

    def card_change(self) -> Change:
        """Open the card, or write the new level on it."""
        if self._card_row is None:
            self._card_row = new_row(
                "point_card",
                id=self.card.id,
                program_id=POINTS_PROGRAMME,
                partner_id=self.id,
                membership_product_id=self._level,
                active=True,
            )
            return Change("insert", "point_card", self._card_row)
        self._card_row = raised(self._card_row, membership_product_id=self._level)
        return Change("update", "point_card", self._card_row)

    def _reached(self, now: datetime) -> int:
        spend = sum(
            amount for instant, amount in self._spent.values() if instant > now - WINDOW
        )
        return membership.level_of(int(spend * 100))
