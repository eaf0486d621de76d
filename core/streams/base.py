"""What every stream offers to ``consume.consume``.

A stream hands out entries, each with an event, and hands them out again until they
are acknowledged: after the commit of the load that holds them. So a crash repeats
work and never skips any; that repeats change nothing is the store's part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """An entry of a stream.

    :ivar id: what the stream calls it
    :ivar payload: the event's JSON
    :ivar at: when it was added, in seconds since 1970; None if unknown
    :ivar fault: why it must not be tried (again), else empty
    """

    id: str
    payload: bytes
    at: float | None = None
    fault: str = ""


@dataclass(frozen=True)
class Lost:
    """Entries that were removed before we got them.

    :param reason: what is known, a sentence for a person
    :param count: how many; None if nobody knows
    """

    reason: str
    count: int | None = None


@dataclass(frozen=True)
class Batch:
    """Entries that are loaded together.

    :param position: saved in the transaction that loads them
    :param lost: what was noticed to be missing before them
    """

    entries: tuple[Entry, ...] = ()
    position: Mapping = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()


class Stream(Protocol):
    """A configured stream; used by one thread.

    Every method raises :class:`~core.errors.SourceError` where trying again may help
    and :class:`~core.errors.ConfigurationError` where it does not. After an error the
    stream can be used on.
    """

    name: str
    is_ready: bool  # it reads; a group may let us wait for our part

    def open(self, saved):
        """Begin to read.

        :param saved: function → the position saved with the last load, or None
        """

    def read(self, count, seconds):
        """Return the next :class:`Batch`; empty if nothing came.

        :param count: entries at most
        :param seconds: to wait at most for the first entry
        """

    def ack(self, batch):
        """Tell that the batch is loaded, and committed."""

    def release(self, batch):
        """Give a batch back that was not tried, for anybody to read at once."""

    def behind(self):
        """Return how many entries wait to be read, or None if nobody knows."""

    def close(self):
        """Leave the stream; what was read and not acknowledged is read again."""
