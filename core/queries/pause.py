"""Leave a service that failed alone for a while: waiting for it costs every answer."""

import time


class Pause:
    """Remembers in this process which services were away.

    :param seconds: how long a service is left alone
    """

    def __init__(self, seconds=5):
        self._seconds = seconds
        self._until = {}

    def begin(self, url):
        """Leave the service alone from now on."""
        self._until[url] = time.monotonic() + self._seconds

    def is_on(self, url):
        """Return whether the service is still left alone."""
        return time.monotonic() < self._until.get(url, 0)
