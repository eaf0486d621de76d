"""Answers remembered in Redis; without Redis, nothing is remembered.

The key holds everything an answer depends on, also the version of the data: a load
or a push makes older entries unreachable at once.
"""

import hashlib
import json
import logging
from dataclasses import fields
from functools import cache as memoize

from .pause import Pause

_logger = logging.getLogger(__name__)
_pause = Pause()


class Cache:
    """The cache of one database's answers.

    :param settings: :class:`~core.settings.Settings`; an empty ``redis_url`` means
        that every look-up misses
    """

    def __init__(self, settings):
        self._url = settings.redis_url
        self._ttl = settings.cache_ttl

    def get(self, query, keys, version):
        """Return what :meth:`put` stored, or None."""
        key = _key(query, keys, version)
        return self._call(lambda redis: json.loads(redis.get(key) or "null"))

    def put(self, query, keys, version, raw):
        """Store an answer of JSON values, and return it."""
        data = json.dumps(raw)
        self._call(
            lambda redis: redis.set(_key(query, keys, version), data, ex=self._ttl)
        )
        return raw

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


def _key(query, keys, version):
    parts = {f.name: getattr(query, f.name) for f in fields(query)}
    parts["report"] = query.report.slug
    parts["measures"] = [m.name for m in query.measures]
    parts["dimensions"] = [d.name for d in query.dimensions]
    parts["filters"] = [(f.name, values) for f, values in query.filters]
    text = json.dumps([parts, keys, version], default=str, sort_keys=True)
    return "loyalty_reporting:" + hashlib.sha256(text.encode()).hexdigest()
