"""What every source offers to ``sync.run``.

A source hands out whole documents, and a position that says where to go on. The
position is saved in the transaction that loads the documents, so that a crash
repeats work and never skips any.
"""

from typing import Protocol


class Reading(Protocol):
    """One look at the source, all of it in one snapshot."""

    lag_seconds: float
    notice: str

    def months(self, position):
        """Return the months that a first load has yet to load in bulk, else []."""

    def month(self, month):
        """Return the :class:`~core.records.Chunk` with the documents of a month."""

    def plan(self, position):
        """Return the position to go on from, or to begin with (None)."""

    def before_months(self, position):
        """Yield the chunks that must be loaded before the months; no position."""

    def documents(self, keys):
        """Return the chunk of some documents, read out of turn; no position."""

    def count_since(self, day):
        """Return how many documents there are from a day (UTC) on."""

    def backfill(self, position):
        """Yield the documents from the position's day on, each chunk with its place."""

    def waiting(self, position, documents_of):
        """Return kind → keys of the documents touched where ``position`` has not read.

        :raise SourceError: all of them may be
        """

    def beside_month(self, month):
        """Return kind → keys of a month's documents that :meth:`month` leaves out."""

    def differences(self):
        """Return what the source itself reports as not in order.

        :return: :class:`~core.records.SourceDifference` records
        """

    def chunks(self, position, documents_of):
        """Yield the chunks that follow ``position``.

        :param documents_of: function (table, row ids) → keys of their documents,
            for sources that report a deleted row without its document
        """


class Source(Protocol):
    """A configured source."""

    type: str

    def check(self):
        """Return a list of faults, each a sentence; empty when all is well.

        :raise SourceError: the source cannot be reached
        """

    def preview(self, table, limit=5):
        """Return (names of columns, the first rows) that a table of the contract gives.

        :raise SourceError: the source cannot be reached
        """

    def reading(self):
        """Open a :class:`Reading` (a context manager).

        :raise SourceError: the source cannot be reached
        :raise ConfigurationError: it can, but does not offer what it must
        """
