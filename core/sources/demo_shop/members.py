"""A member of the demo's shop: points in lots, the spend that decides on the level."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from .catalogue import BRONZE, LEVEL_DAYS, LEVELS, POINTS_DAYS, QUIET_DAYS


@dataclass
class Lot:
    """Points that were earned together.

    :ivar row: id of the row that earned them
    """

    row: int
    at: object
    earned: int
    left: int


@dataclass
class Member:
    """What the shop knows of a customer.

    :ivar spends: (instant, amount) of the orders
    """

    number: int
    level: int | None = None
    lots: list = field(default_factory=list)
    spends: list = field(default_factory=list)

    @property
    def balance(self):
        """Return the points that can be spent."""
        return sum(lot.left for lot in self.lots)

    def earn(self, row, at, points):
        """Take in points."""
        self.lots.append(Lot(row, at, points, points))

    def spend(self, points):
        """Take points off, the oldest first."""
        for lot in self.lots:
            taken = min(lot.left, points)
            lot.left -= taken
            points -= taken

    def expired(self, at):
        """Yield the lots that have points left and are too old."""
        limit = at - timedelta(days=POINTS_DAYS)
        return [lot for lot in self.lots if lot.left and lot.at < limit]

    def deserved(self, at):
        """Return the highest level that the spend of the last days reaches."""
        since = at - timedelta(days=LEVEL_DAYS)
        spent = sum((a for when, a in self.spends if when > since), Decimal())
        return max(key for key, (_name, least) in LEVELS.items() if spent >= least)

    def is_quiet(self, at):
        """Tell whether the member has not been here for long."""
        return self.spends[-1][0] < at - timedelta(days=QUIET_DAYS)

    def review(self, at):
        """Return the change that a month's end brings, as (kind, level), or None."""
        if self.level is None:
            return None
        if self.is_quiet(at):
            return "expire", None
        if self.level > BRONZE and self.deserved(at) < self.level:
            return "downgrade", self.level - 1
        return None
