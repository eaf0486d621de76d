"""Redis as the memory that all worker processes share; it may be away at any time."""

import logging
from functools import cache

from ..queries.pause import Pause

_logger = logging.getLogger(__name__)
# A request waits for this once, then nobody asks for some seconds.
TIMEOUT = 0.5
_pause = Pause()


class Away(Exception):
    """Redis is not configured, or does not answer."""


class Shared:
    """A Redis, left alone for some seconds after it failed.

    :param url: ``redis://…``; empty: none is configured
    """

    def __init__(self, url):
        self._url = url

    @property
    def is_configured(self):
        """Tell whether there is to be one."""
        return bool(self._url)

    def call(self, action):
        """Return what ``action(client)`` returns.

        :raise Away: there is none, or it did not answer in time
        """
        if not self._url or _pause.is_on(self._url):
            raise Away()
        try:
            return action(_client(self._url))
        except Exception as e:
            # Whatever is wrong with it must not be the reason that a request fails.
            _pause.begin(self._url)
            _logger.warning(
                "Redis cannot be used (%s): each process counts alone.",
                type(e).__name__,
            )
            raise Away() from None


@cache
def _client(url):
    import redis  # noqa: PLC0415 (only where it is configured)

    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
    )
