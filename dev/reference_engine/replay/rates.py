"""How often what happens in a live replay, and how its events are delivered."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Rates:
    """Shares between 0 and 1, each of the sales.

    late: the order happened up to 60 days ago.
    refunds, voids: the order is refunded, or voided; never both.
    corrections: of the orders that are not voided, an amount changes later.
    rejected: the order also has an evaluation that was rejected.
    abandoned: a basket that becomes no order comes before the order.
    adjustments: the customer's points are adjusted after the order.
    campaigns: a new campaign begins with the order.
    """

    late: float = 0
    refunds: float = 0
    voids: float = 0
    corrections: float = 0
    rejected: float = 0
    abandoned: float = 0
    adjustments: float = 0
    campaigns: float = 0

    def __post_init__(self):
        for field in fields(self):
            _check_share(field.name, getattr(self, field.name))
        _check_share("refunds and voids together", self.refunds + self.voids)


@dataclass(frozen=True)
class Delivery:
    """How fast, how orderly and where to.

    speed: orders in a second; 0: as fast as possible.
    duplicates: share of the events that are sent again.
    disorder: seconds by which an event or the database may be late, at random.
    stream: name of the Redis Stream. maxlen: events that it keeps, about; 0: all.
    """

    speed: float = 1
    duplicates: float = 0
    disorder: float = 0
    stream: str = "engine.events"
    maxlen: int = 20_000

    def __post_init__(self):
        _check_share("duplicates", self.duplicates)
        if min(self.speed, self.disorder, self.maxlen) < 0:
            raise ValueError("speed, disorder and maxlen must not be negative")


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{name}: {share:g} is no share between 0 and 1")
