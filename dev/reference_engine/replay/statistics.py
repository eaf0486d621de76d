"""What a live replay has done, for the person watching."""

from collections import Counter
from dataclasses import dataclass, field

KINDS = ("sale", "refund", "void", "correction", "abandoned", "adjustment", "program")


@dataclass
class Statistics:
    """Steps written by kind, events sent, and how many of those were sent again.

    unwritten, unsent: steps and events left over because a server was away.
    """

    written: Counter = field(default_factory=Counter)
    events: int = 0
    again: int = 0
    unwritten: int = 0
    unsent: int = 0

    def __str__(self):
        parts = [f"{self.written[kind]} {kind}" for kind in KINDS if self.written[kind]]
        parts.append(f"{self.events} events ({self.again} again)")
        if self.unwritten:
            parts.append(f"{self.unwritten} not written")
        if self.unsent:
            parts.append(f"{self.unsent} not sent")
        return ", ".join(parts)
