"""How many calls there may be: some work, some wait, the others are told to come back."""

import threading
from contextlib import contextmanager

from ...errors import TooMany

_RETRY_SECONDS = 1


class Admission:
    """Lets ``workers`` calls work at once, of ``at_most`` that are there."""

    def __init__(self, workers, at_most):
        self._work = threading.BoundedSemaphore(workers)
        self._places = threading.BoundedSemaphore(max(workers, at_most))

    @contextmanager
    def turn(self, seconds):
        """Wait for one's turn, for so long at most (None: a minute).

        :raise TooMany: no place is left, or no turn came in time
        """
        if not self._places.acquire(blocking=False):
            raise TooMany("Too many calls at once; try again.", _RETRY_SECONDS)
        try:
            if not self._work.acquire(
                timeout=60 if seconds is None else max(0, seconds)
            ):
                raise TooMany(
                    "All workers were busy all the time; try again.", _RETRY_SECONDS
                )
            try:
                yield
            finally:
                self._work.release()
        finally:
            self._places.release()
