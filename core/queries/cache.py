"""Answers remembered in Redis; without Redis, nothing is remembered.

The key holds everything an answer depends on, also the version of the data: a load
or a push makes older entries unreachable at once. Of callers who ask the same at once,
one asks the store, and the others wait for its answer.
"""

import hashlib
import json
import logging
import secrets
import time
from functools import cache as memoize

from ..guard.counters import count
from .pause import Pause
from .remembered import kept, load

_logger = logging.getLogger(__name__)
_pause = Pause()
# Seconds between looks at whether another caller has the answer by now.
_PATIENCE = 0.02
# Gives back a lock that is still ours.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"


class Cache:
    """The cache of one database's answers.

    :param settings: :class:`~core.settings.Settings`; an empty ``redis_url`` means
        that every look-up misses
    """

    def __init__(self, settings):
        self._url = settings.redis_url
        self._ttl = settings.cache_ttl
        self._longest = settings.query_timeout

    def once(self, question, query, find):
        """Return the answer to a question: remembered, or found now.

        :param question: JSON values: all that the answer depends on
        :param find: function → (:class:`~core.queries.query.Answer`, whether it may be
            kept)
        """
        key, mine = _key(question), secrets.token_hex(8)
        until = time.monotonic() + self._longest
        while True:
            if known := self._get(key, query):
                count("cache_hit")
                return known
            # Where the one who asks fails, the next one takes its place.
            if self._is_first(key, mine) or time.monotonic() > until:
                break
            time.sleep(_PATIENCE)
        try:
            # Whoever was first may have come and gone since the look above.
            if known := self._get(key, query):
                count("cache_hit")
                return known
            count("cache_miss")
            found, is_fit = find()
            if is_fit:
                text = kept(found)
                self._call(lambda redis: redis.set(key, text, ex=self._ttl))
            return found
        finally:
            self._call(lambda redis: redis.eval(_RELEASE, 1, f"{key}:asked", mine))

    def _get(self, key, query):
        text = self._call(lambda redis: redis.get(key))
        try:
            return text and load(text.decode(), query)
        except ValueError:
            return None

    def _is_first(self, key, mine):
        """Tell whether nobody else is finding the answer right now."""
        # Several statements may take so long each; who waits does not wait for all.
        limit = int(self._longest * 4000) + 1000
        taken = self._call(
            lambda redis: [redis.set(f"{key}:asked", mine, nx=True, px=limit)]
        )
        return taken != [None]

    def _call(self, action):
        if not self._url or _pause.is_on(self._url):
            return None
        try:
            return action(_client(self._url))
        except Exception as e:
            # A cache must never be the reason that a report fails.
            _pause.begin(self._url)
            _logger.warning("Redis cannot be used (%s): no cache.", type(e).__name__)
            return None


@memoize
def _client(url):
    import redis  # noqa: PLC0415 (only where it is configured)

    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def _key(question):
    text = json.dumps(question, default=str, sort_keys=True)
    return "loyalty_reporting:" + hashlib.sha256(text.encode()).hexdigest()
