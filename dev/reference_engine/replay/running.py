"""`replay`: play the engine at a speed, into its database and onto the stream."""

import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from ..building import build
from .baskets import read_baskets, sample_baskets
from .database import EngineDatabase
from .delivery import Event, Outgoing
from .ids import Ids, read_ids
from .patience import SLICE, GaveUp
from .player import steps
from .rates import Delivery, Rates
from .rows import Step
from .statistics import Statistics
from .stream import Stream

SAY_EVERY = 10
COMPACT = 50
# Seconds of delay that are made up for; after a longer absence there is no rush.
CATCHES_UP = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def replay(  # noqa: PLR0913 - the choices of a replay
    dsn: str,
    redis_url: str,
    *,
    seed: int | None = None,
    orders: int | None = None,
    rates: Rates | None = None,
    delivery: Delivery | None = None,
    stopped: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = print,
) -> Statistics:
    """Sell to new customers now, until `orders` are sold or `stopped` says so.

    An engine without a schema gets a compact history first; one without a history sells
    made-up baskets. What was begun is written and sent before it returns.

    :raise psycopg2.Error, redis.exceptions.RedisError: a server is away or refuses us at
        the start; later on it is waited for
    """
    seed = secrets.randbits(32) if seed is None else seed
    delivery = delivery or Delivery()
    stream = Stream(redis_url, delivery, say)
    stream.open()
    with closing(EngineDatabase(dsn, say, stopped)) as database:
        database.open()
        if not database.read(_has_schema):
            build(dsn, households=COMPACT, say=say)
        ids, baskets = database.read(lambda cursor: _start(cursor, seed))
        say(f"live replay: ready, seed {seed}, {len(baskets)} customers at a time")
        playing = steps(
            seed, baskets, rates=rates, ids=ids, clock=_clock(), orders=orders
        )
        outgoing = Outgoing(delivery, random.Random(seed))
        running = _Replay(database, stream, outgoing, stopped, say)
        return running.run(playing, 1 / delivery.speed if delivery.speed else 0)


class _Replay:
    """A replay that runs: what is planned, what is done, when the next is due."""

    def __init__(self, database, stream, outgoing, stopped, say):
        self._database, self._stream, self._outgoing = database, stream, outgoing
        self._stopped, self._say = stopped, say
        self._done = Statistics()
        self._started = self._said = time.monotonic()

    def run(self, playing: Iterable[Step], pause: float) -> Statistics:
        """Play, with so many seconds from sale to sale, and finish what was begun."""
        try:
            self._play(playing, pause)
            self._deliver(None)
        except GaveUp as error:
            left = Counter(type(what) for what in self._outgoing.due(None))
            self._done.unwritten, self._done.unsent = 1 + left[Step], left[Event]
            self._say(f"live replay: gave up: {error}")
        self._done.unsent += self._stream.close()
        self._say_statistics("ended")
        return self._done

    def _play(self, playing: Iterable[Step], pause: float) -> None:
        next_sale = time.monotonic()
        for step in playing:
            self._outgoing.plan(step, time.monotonic())
            self._deliver(time.monotonic())
            if step.kind == "sale":
                next_sale = max(next_sale + pause, time.monotonic() - CATCHES_UP)
                self._wait(next_sale)
            if self._stopped():
                return

    def _wait(self, until: float) -> None:
        while (now := time.monotonic()) < until and not self._stopped():
            time.sleep(min(SLICE, until - now))
            self._deliver(time.monotonic())

    def _deliver(self, now: float | None) -> None:
        for what in self._outgoing.due(now):
            if isinstance(what, Event):
                self._stream.send(what.text)
                self._done.events += 1
                self._done.again += what.again
            else:
                self._database.write(what)
                self._done.written[what.kind] += 1
        self._stream.flush()
        if time.monotonic() - self._said >= SAY_EVERY:
            self._said = time.monotonic()
            self._say_statistics("running")

    def _say_statistics(self, state: str) -> None:
        seconds = time.monotonic() - self._started
        waiting = len(self._outgoing) + len(self._stream)
        self._say(
            f"live replay: {state}, {seconds:.0f} s: {self._done}, {waiting} waiting"
        )


def _has_schema(cursor) -> bool:
    cursor.execute("SELECT to_regclass('engine.processed_order') IS NOT NULL")
    return cursor.fetchone()[0]


def _start(cursor, seed: int) -> tuple[Ids, list]:
    cursor.execute("SET LOCAL TimeZone TO 'UTC'")
    return read_ids(cursor), read_baskets(cursor, seed) or sample_baskets(seed)


def _clock() -> Callable[[], datetime]:
    """The time in milliseconds; it stands still rather than going back."""
    last = 0

    def now() -> datetime:
        nonlocal last
        last = max(last, time.time_ns() // 1_000_000)
        return EPOCH + timedelta(milliseconds=last)

    return now
