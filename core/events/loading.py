"""Load batches of a stream; one event that cannot be loaded stops no other."""

import logging
from enum import Enum

import psycopg2

from ..errors import ConfigurationError, ReportingError
from ..records import Chunk, Counts, Road
from ..stores.reporting import is_of_data
from .chunks import chunk_of
from .cloudevents import LIMIT, parse
from .rejects import unreadable

_logger = logging.getLogger(__name__)
_PASSING = (
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
    psycopg2.ProgrammingError,
)
# So many events in a row that fail without a known reason are no accident.
_ENOUGH = 10


class Verdict(Enum):
    """What a failed load is due to."""

    PASSING = "the store, or its configuration: the same batch may work next time"
    DATA = "the data: it will never work"
    UNKNOWN = "a fault of ours"


def verdict(error):
    """Return what a failed load is due to."""
    cause = error.__cause__ if isinstance(error, ReportingError) else error
    if is_of_data(error):
        return Verdict.DATA
    if isinstance(error, ConfigurationError) or isinstance(cause, _PASSING):
        return Verdict.PASSING
    if isinstance(error, ReportingError) and cause is None:
        return Verdict.PASSING
    return Verdict.UNKNOWN


class Loader:
    """Loads batches, one after another, over a connection of its own.

    :param open_store: function that opens the store
    :param limit: bytes that an event may have
    """

    def __init__(self, open_store, limit=LIMIT):
        self._open_store, self._limit = open_store, limit
        self._store = None

    def chunk(self, entries, position=None):
        """Return the chunk that some entries make."""
        parsed = parse((e.payload for e in entries if not e.fault), self._limit)
        parsed.rejects.extend(_refused(e, e.fault) for e in entries if e.fault)
        return chunk_of(parsed, position)

    def load(self, chunk):
        """Load a chunk; a connection that may be broken is not used again.

        :return: :class:`~core.records.Counts`
        """
        try:
            if self._store is None:
                self._store = self._open_store()
            return self._store.load(chunk)
        except BaseException as error:
            if verdict(error) is Verdict.PASSING:
                self.close()
            raise

    def load_apart(self, batch, surely=False):
        """Load the events of a batch that can be loaded; the others are dead letters.

        Where none can and nobody knows why, it need not be the events: then none is.

        :param surely: also then, if it is a single event
        :raise Exception: the store is away, or none can be loaded
        """
        apart = _Apart(self, surely and len(batch.entries) == 1)
        apart.load(batch.entries)
        apart.refuse()
        if batch.position:
            self.load(Chunk({}, batch.position, {}, road=Road.EVENT))
        return apart.counts

    def close(self):
        """Close the connection."""
        store, self._store = self._store, None
        if store is not None:
            store.close()


class _Apart:
    """A batch of which some events cannot be loaded."""

    def __init__(self, loader, surely):
        self._loader, self._surely = loader, surely
        self._is_any_loaded, self._failed = False, []
        self.counts = Counts()

    def load(self, entries):
        """Load all of them, else each half, down to the events that fail."""
        try:
            self.counts.add(self._loader.load(self._loader.chunk(entries)))
            self._is_any_loaded = True
        except Exception as error:
            if verdict(error) is Verdict.PASSING:
                raise
            if len(entries) > 1:
                middle = len(entries) // 2
                self.load(entries[:middle])
                self.load(entries[middle:])
            else:
                self._failed.append((entries[0], error))
                if len(self._failed) >= _ENOUGH:
                    self._check()

    def refuse(self):
        """Make dead letters of those that failed."""
        self._check()
        for entry, error in self._failed:
            _logger.warning("Event %s cannot be loaded: %s", entry.id, error)
            reject = _refused(entry, f"cannot be loaded: {error}")
            letter = Chunk({}, keys={}, rejects=(reject,), road=Road.EVENT)
            self.counts.add(self._loader.load(letter))

    def _check(self):
        """Raise what failed, if that need not be the events."""
        unknown = [e for _, e in self._failed if verdict(e) is Verdict.UNKNOWN]
        if unknown and not self._is_any_loaded and not self._surely:
            raise unknown[-1]


def _refused(entry, reason):
    return unreadable(entry.payload or entry.id.encode(), reason)
