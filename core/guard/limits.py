"""How many requests a caller may send: a quota that restores itself steadily.

The generic cell rate algorithm needs one number for each caller, lets bursts through
and then a steady rate, and tells exactly how long to wait. A fixed window would let twice
the quota through around its edge, a sliding log keeps every request.

In Redis the quota is one over all processes; while Redis is away each process counts
alone, so with n workers up to n times the quota gets through.
"""

import hashlib
import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from ..errors import TooMany
from .shared import Away

_SCRIPT = Path(__file__).with_name("gcra.lua").read_text(encoding="utf-8")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Quota:
    """What a caller may spend.

    :param name: of the policy, as callers read it
    :param per_minute: requests that are restored in a minute; 0: there is no limit
    :param burst: requests that may come at once; 0: as many as a minute restores
    """

    name: str
    per_minute: int
    burst: int = 0

    @property
    def interval(self):
        """Microseconds in which one request is restored."""
        return max(1, round(60 * _MICROSECONDS / self.per_minute))

    @property
    def size(self):
        """Requests that may come at once."""
        return self.burst or self.per_minute

    @property
    def window(self):
        """Seconds in which all of it is restored."""
        return math.ceil(self.size * self.interval / _MICROSECONDS)


@dataclass(frozen=True)
class Verdict:
    """Whether a request is let through.

    :param quota: the :class:`Quota` that it was measured by
    :param restored_in: seconds until all of the quota is there again
    :param wait: seconds until a request is let through; 0 if this one is
    """

    quota: Quota
    is_allowed: bool
    restored_in: float
    wait: float

    @property
    def remaining(self):
        """Requests that could come right now."""
        spent = self.restored_in * _MICROSECONDS / self.quota.interval
        return max(0, math.floor(self.quota.size - spent + 1e-6))

    @property
    def retry_after(self):
        """Whole seconds to wait."""
        return max(1, math.ceil(self.wait))

    def refusal(self):
        """Return the error to raise where the request is not let through."""
        return TooMany(
            f"At most {self.quota.per_minute} requests a minute; wait "
            f"{self.retry_after} s.",
            self.retry_after,
            self.quota.name,
        )

    def headers(self):
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-11.

        ``t`` ends where Retry-After does, if the request is refused, else when all of
        the quota is there again.
        """
        quota = self.quota
        seconds = math.ceil(self.restored_in) if self.is_allowed else self.retry_after
        remaining = self.remaining if self.is_allowed else 0
        return {
            "RateLimit-Policy": f'"{quota.name}";q={quota.size};w={quota.window}',
            "RateLimit": f'"{quota.name}";r={remaining};t={seconds}',
        }


class Buckets:
    """What callers spent, in this process.

    :param size: callers that are remembered; the one unseen for longest is forgotten
    :param clock: seconds, never going back
    """

    def __init__(self, size=10_000, clock=time.monotonic):
        self._size, self._clock = size, clock
        self._restored = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who, quota, spend):
        """Do what ``gcra.lua`` does; returns the same."""
        with self._lock:
            now = round(self._clock() * _MICROSECONDS)
            restored = max(self._restored.get(who, 0), now)
            wait = restored + quota.interval - now - quota.interval * quota.size
            if wait > 0:
                return False, restored - now, wait
            if spend:
                restored += quota.interval
                self._restored[who] = restored
                self._restored.move_to_end(who)
                if len(self._restored) > self._size:
                    self._restored.popitem(last=False)
            return True, restored - now, 0

    def clear(self):
        """Forget what was spent."""
        with self._lock:
            self._restored.clear()


class Limiter:
    """Measures callers by quotas.

    :param shared: :class:`~core.guard.shared.Shared`
    :param namespace: what sets databases that share a Redis apart
    :param buckets: :class:`Buckets` that count while Redis is away
    """

    def __init__(self, shared, namespace, buckets):
        self._shared, self._namespace, self._buckets = shared, namespace, buckets

    def spend(self, who, quota):
        """Return the :class:`Verdict` on a request of ``who``, which it costs.

        :return: None where there is no limit
        """
        return self._take(who, quota, spend=True)

    def look(self, who, quota):
        """Return the :class:`Verdict` on a request that is not made, or None."""
        return self._take(who, quota, spend=False)

    def _take(self, who, quota, spend):
        if quota.per_minute <= 0:
            return None
        digest = hashlib.sha256(f"{self._namespace} {quota.name} {who}".encode())
        name = f"loyalty_reporting:limit:{digest.hexdigest()[:32]}"
        arguments = (quota.interval, quota.size, int(spend))
        try:
            taken = self._shared.call(
                lambda redis: redis.register_script(_SCRIPT)([name], arguments)
            )
        except Away:
            taken = self._buckets.take(name, quota, spend)
        is_allowed, restored_in, wait = taken
        return Verdict(
            quota, bool(is_allowed), restored_in / _MICROSECONDS, wait / _MICROSECONDS
        )
