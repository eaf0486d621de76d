"""The live replay: the engine goes on selling, now, to customers of its own.

It plays baskets of the history again under new ids, writes each step to the engine's
database in one transaction and tells of its documents on the Redis Stream.

    baskets.py    what is sold: baskets of the history (baskets.sql), or made-up ones
    ids.py        new ids, above all that the engine ever had (ids.sql)
    rows.py       rows, documents and steps: what the replay produces
    rates.py      how often what happens, and how it is delivered
    card.py, customer.py
                  points and levels, by the rules of the history
    orders.py     an order's document: sold, corrected, voided, refunded
    followups.py  when that happens to a sale
    campaigns.py  programs that orders mention before they are described
    verdicts.py   rejected evaluations, abandoned baskets
    player.py     all of that in turn, by a seed and without I/O: `steps`, `documents`
    events.py     a document as a CloudEvent: `cloud_event`
    delivery.py   when each step is written and each event sent, or sent again
    database.py, stream.py, patience.py
                  PostgreSQL and Redis, also when they are away for a while
    running.py    `replay`: all of it at a speed, until it is told to stop
    statistics.py, command.py
                  what it says; its options and signals

Where the rules of the history leave a choice, this is what happens:

- A late order has an old `ordered_at`; its evaluations too. Points are booked and
  levels change when the order arrives, so a card's ledger stays in its order.
- A void follows before the customer's next booking. Its point rows are deleted and the
  card is what it was before; a `seq` is not given twice. An event of membership stays.
- A correction changes the amount of one line, the row of the points programme and the
  total alike. Points stay as booked.
- A refund negates the lines as they stand then; it has no evaluations. What was earned
  is taken from the oldest points first, so a balance may fall below zero.
- Some customers bring points that they earned 180 days ago, so that expiries happen.
- Abandoned baskets have evaluations in the database and no event.
"""

from .baskets import Basket, BasketLine, sample_baskets
from .events import cloud_event
from .ids import FIRST_CUSTOMER, Ids
from .player import documents, steps
from .rates import Delivery, Rates
from .running import replay
from .statistics import Statistics

__all__ = [
    "FIRST_CUSTOMER",
    "Basket",
    "BasketLine",
    "Delivery",
    "Ids",
    "Rates",
    "Statistics",
    "cloud_event",
    "documents",
    "replay",
    "sample_baskets",
    "steps",
]
