"""Verified API keys, remembered for seconds: a full check costs milliseconds of CPU."""

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

SECONDS = 5
_SIZE = 10_000


@dataclass(frozen=True)
class Identity:
    """Whose key it is.

    :param uid: the user
    :param key_id: the key's record: it may be logged, the key never
    """

    uid: int
    key_id: int


class Keys:
    """The keys that this process verified lately.

    They are kept as digests under a secret that this process drew: neither a dump of
    its memory nor another process tells a key from them.

    :param seconds: for how long a verdict stands without asking again
    :param size: how many keys are remembered; the one unused for longest goes first
    :param clock: seconds, never going back
    """

    def __init__(self, seconds=SECONDS, size=_SIZE, clock=time.monotonic):
        self._seconds, self._size, self._clock = seconds, size, clock
        self._secret = secrets.token_bytes(32)
        self._known = OrderedDict()
        self._lock = threading.Lock()

    def known(self, database, key, still_valid):
        """Return the :class:`Identity` of a key that was verified before, or None.

        :param database: name of the database that the key belongs to
        :param still_valid: function (identity) → is its record still there, unexpired,
            its user active; asked once the last verdict is older than ``seconds``
        """
        digest = self._digest(database, key)
        with self._lock:
            identity, checked_at = self._known.get(digest, (None, 0.0))
        if identity is None or self._clock() - checked_at < self._seconds:
            return identity
        asked_at = self._clock()
        if still_valid(identity):
            self._keep(digest, identity, asked_at)
            return identity
        self._forget(digest)
        return None

    def remember(self, database, key, identity, asked_at):
        """Remember a key that was just verified.

        :param asked_at: the clock before the check: what it read may be as old
        """
        self._keep(self._digest(database, key), identity, asked_at)

    def now(self):
        """Return what the clock says."""
        return self._clock()

    def clear(self):
        """Forget all keys."""
        with self._lock:
            self._known.clear()

    def _digest(self, database, key):
        text = f"{len(database)}:{database}{key}".encode(errors="surrogatepass")
        return hmac.new(self._secret, text, hashlib.sha256).digest()

    def _keep(self, digest, identity, checked_at):
        with self._lock:
            self._known[digest] = (identity, checked_at)
            self._known.move_to_end(digest)
            while len(self._known) > self._size:
                self._known.popitem(last=False)

    def _forget(self, digest):
        with self._lock:
            self._known.pop(digest, None)
