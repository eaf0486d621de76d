"""A consumer's entry in the run log, kept up to date while it runs."""

import logging
from contextlib import suppress

from ..errors import ReportingError
from ..records import RunResult
from ..stores.runs import RunLog

_logger = logging.getLogger(__name__)


class _Entry(RunLog):
    """An entry that is written several times."""

    def is_open(self):
        """Return whether its connection is there."""
        return not self._connection.closed


class Journal:
    """The entry; that it cannot be written stops nobody.

    Consumers run side by side: the lock is each one's own.

    :param name: the consumer's
    """

    def __init__(self, dsn, source_name, name):
        self._arguments = (dsn, "stream", source_name, f"stream {source_name} {name}")
        self._entry = None

    def open(self):
        """Begin the entry.

        :raise StoreError: the reporting database cannot be reached
        """
        if self._entry is None or not self._entry.is_open():
            self._entry = _Entry(*self._arguments, is_alone=False)
            self._entry.__enter__()

    def note(self, result):
        """Write how far it is."""
        try:
            self.open()
        except ReportingError as e:
            _logger.warning("The run log cannot be written: %s", e)
        else:
            self._entry.finish(result)

    def close(self, result):
        """Write how it ended, and return it."""
        if self._entry is not None:
            self.note(result)
            with suppress(ReportingError):
                self._entry.__exit__(None, None, None)
        return result


def running(counts, lag_seconds, message):
    """Return what a consumer that goes on tells of itself."""
    return RunResult("running", counts, lag_seconds, message)
