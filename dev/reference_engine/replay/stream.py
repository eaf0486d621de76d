"""The Redis Stream to which the live replay sends its events."""

import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry

from .patience import Patience
from .rates import Delivery

FIELD = "event"
AWAY = (NotConnected, NoAnswer)
SECONDS = 5
AT_ONCE = 200
# Events kept in memory while Redis is away; beyond, the oldest are lost.
OUTBOX = 100_000


class Stream:
    """The outbox of events: the database goes on while Redis is away."""

    def __init__(self, url: str, delivery: Delivery, say: Callable):
        self._redis = Redis.from_url(
            url,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._key = delivery.stream
        self._limit = {"maxlen": delivery.maxlen} if delivery.maxlen else {}
        self._patience = Patience("Redis", say, lambda: False)
        self._outbox: deque[str] = deque(maxlen=OUTBOX)
        self._try_at = 0.0

    def __len__(self) -> int:
        return len(self._outbox)

    def open(self) -> None:
        """Ask whether the server is there.

        :raise redis.exceptions.RedisError: it is not, or refuses us
        """
        self._redis.ping()

    def send(self, event: str) -> None:
        """Send an event, or keep it until Redis is there."""
        self._outbox.append(event)
        self.flush()

    def flush(self) -> None:
        """Send what waits, unless Redis is being left alone.

        After an answer that got lost the same events are sent again.
        """
        while self._outbox and time.monotonic() >= self._try_at:
            events = list(islice(self._outbox, AT_ONCE))
            try:
                self._add(events)
            except AWAY as error:
                self._try_at = time.monotonic() + self._patience.failed(error)
                return
            self._patience.works()
            for _ in events:
                self._outbox.popleft()

    def close(self) -> int:
        """Send the rest, for some seconds if need be; return how many were not sent."""
        until = time.monotonic() + SECONDS
        self._try_at = 0.0
        self.flush()
        while self._outbox and time.monotonic() < until:
            time.sleep(0.1)
            self.flush()
        self._redis.close()
        return len(self._outbox)

    def _add(self, events: list[str]) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.xadd(self._key, {FIELD: event}, **self._limit)
            pipeline.execute()
