"""When each step is written to the database and when each of its events is sent."""

import heapq
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from .events import cloud_event
from .rates import Delivery
from .rows import Document, Step

# An event that is sent again comes within so many seconds, or within the disorder.
AGAIN_WITHIN = 5
# Of what is sent again, so much comes as it was; the rest is the same document under a
# new id of the event.
SAME_EVENT = 0.75


@dataclass(frozen=True)
class Event:
    """A text for the stream; `again`: the document was sent before."""

    text: str
    again: bool = False


class Outgoing:
    """What is still to be written and sent, in the order of its time.

    The database gets the steps in the engine's order, since each builds on those before
    it. Events are as late as chance has it: they overtake each other and the database.
    """

    def __init__(self, delivery: Delivery, chance: Random):
        self._delivery, self._chance = delivery, chance
        self._waiting: list[tuple[float, int, Step | Event]] = []
        self._numbers = count()
        self._written = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def plan(self, step: Step, now: float) -> None:
        """Plan when a step that happens now (in seconds) becomes known."""
        late = self._late() if self._chance.random() < 1 / 2 else 0
        self._written = max(self._written, now + late)
        self._put(self._written, step)
        for document in step.documents:
            self._plan_event(document, step, now)

    def due(self, now: float | None) -> Iterator[Step | Event]:
        """Take out what is due by now; everything, if no time is given."""
        while self._waiting and (now is None or self._waiting[0][0] <= now):
            yield heapq.heappop(self._waiting)[2]

    def _plan_event(self, document: Document, step: Step, now: float) -> None:
        event_id = str(uuid.uuid4())
        sent = now + self._late()
        self._put(sent, Event(cloud_event(document, step.instant, event_id)))
        if self._chance.random() < self._delivery.duplicates:
            if self._chance.random() >= SAME_EVENT:
                event_id = str(uuid.uuid4())
            text = cloud_event(document, step.instant, event_id)
            within = max(self._delivery.disorder, AGAIN_WITHIN)
            self._put(sent + self._chance.uniform(0, within), Event(text, again=True))

    def _late(self) -> float:
        return self._chance.uniform(0, self._delivery.disorder)

    def _put(self, due: float, what: Step | Event) -> None:
        heapq.heappush(self._waiting, (due, next(self._numbers), what))
