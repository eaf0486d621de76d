"""What a stream's consumer tells those who started it."""

import logging
import time

from ..records import Counts, RunResult

_logger = logging.getLogger(__name__)
TELL_EVERY = 1


class Callbacks:
    """Calls back, not too often; what goes wrong there stops nothing here.

    :param on_load: function of a :class:`~core.records.RunResult`, or None
    :param refill: function of :class:`~core.streams.base.Lost` entries, or None
    """

    def __init__(self, on_load, refill):
        self._on_load, self._refill = on_load, refill
        self._loaded, self._lost, self._told_at = Counts(), [], 0.0

    def loaded(self, counts):
        """Remember what was loaded."""
        self._loaded.add(counts)

    def lost(self, lost):
        """Remember what was lost."""
        for one in lost:
            _logger.warning("Stream: %s", one.reason)
        self._lost += lost

    def tell(self, now=False):
        """Call back if it is time to."""
        is_time = now or time.monotonic() >= self._told_at + TELL_EVERY
        if is_time and self._on_load and self._loaded.documents_changed:
            counts, self._loaded = self._loaded, Counts()
            self._told_at = time.monotonic()
            self._call(self._on_load, RunResult("done", counts))
        if is_time and self._refill and self._lost:
            lost, self._lost = self._lost, []
            self._told_at = time.monotonic()
            if not self._call(self._refill, tuple(lost)):
                self._lost = lost

    def _call(self, function, argument):
        try:
            function(argument)
            return True
        except Exception:
            _logger.exception("A callback of the stream's consumer failed")
            return False
