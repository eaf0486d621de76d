"""A stream of events beside a bare read of it: throughput, and how late they are."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path

import redis

from core.consume import consume
from core.database import connect
from core.stores import push
from core.streams import connect as open_stream

from . import history

COUNT = int(os.environ.get("COUNT", "40000"))
RATE = int(os.environ.get("RATE", "500"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = int(os.environ.get("SECONDS", "10"))
SEED = 2017
BATCH = 2000
FIELD = "event"
ORDERS = "engine.order.processed.v1"
POINTS = "engine.points.changed.v1"
MEMBERSHIP = "engine.membership.changed.v1"
# Steady sending: so many times a second, and one order of each time is looked for.
BEATS = 50
PATIENCE = 60
SEEN = "SELECT document_key FROM fact_document WHERE document_key = ANY(%s)"


def main():
    """Events/s of a stream beside a bare read of it, and how late they are visible."""
    history.build_engine()
    sold = list(islice(orders(), COUNT + RATE * (SECONDS + 1)))
    dsn, settings = history.reporting(), history.settings()
    with filled([text for _key, text in sold[:COUNT]]) as name:
        bare = _timed(lambda: _read_bare(name)) / COUNT
        drained = _timed(lambda: drain(name, "reports", dsn))
        shipped = drained + _timed(lambda: _push(settings, dsn))
        again = _timed(lambda: drain(name, "again", dsn))
    alone, among = _among_unreadable([text for _key, text in sold[: COUNT // 2]])
    _say("bare XREADGROUP + XACK", COUNT, bare * COUNT, bare)
    _say("orders → detail + rollups", COUNT, drained, bare)
    _say("the same + ClickHouse", COUNT, shipped, bare)
    _say("the same orders again", COUNT, again, bare)
    _say("half as many orders", COUNT // 2, alone, bare)
    _say("among as many unreadable", COUNT // 2, among, bare)
    for label, texts in (
        ("points.changed alone", _points(COUNT // 4)),
        ("membership.changed alone", _members(COUNT // 4)),
    ):
        with filled(texts) as name:
            seconds = _timed(lambda n=name: drain(n, "reports", dsn, name))
        _say(label, len(texts), seconds, bare)
    say_latency(*_latency(sold[COUNT:], dsn))


# ---------------------------------------------------------------- what is sent


def orders():
    """Yield (key, event) of orders of the live replay; a minute passes between them."""
    for document in _documents():
        if document.type == ORDERS:
            yield document.subject, _event(document)


def _documents(**options):
    # Its libraries would count as memory of the loads that other benches measure.
    from dev.reference_engine.replay import baskets, documents  # noqa: PLC0415

    with closing(connect(history.source().dsn)) as engine, engine.cursor() as cr:
        sold = baskets.read_baskets(cr, SEED)
    yield from documents(SEED, sold, **options)


def _points(count):
    """Return events of points that were adjusted, of many cards."""
    from dev.reference_engine.replay import Rates  # noqa: PLC0415

    found = _documents(rates=Rates(adjustments=1))
    return [_event(d) for d in islice((d for d in found if d.type == POINTS), count)]


def _members(count):
    """Return events of as many customers that join."""
    from dev.reference_engine.replay.player import ticking  # noqa: PLC0415
    from dev.reference_engine.replay.rows import new_row, row_document  # noqa: PLC0415

    clock = ticking()
    rows = (
        new_row(
            "membership_event",
            id=10**9 + number,
            partner_id=8 * 10**6 + number,
            event_type="join",
            to_membership_product_id=1,
            occurred_at=clock(),
        )
        for number in range(count)
    )
    return [_event(row_document(MEMBERSHIP, row)) for row in rows]


def _event(document):
    from datetime import UTC, datetime  # noqa: PLC0415

    from dev.reference_engine.replay import cloud_event  # noqa: PLC0415

    return cloud_event(document, datetime.now(UTC))


# ---------------------------------------------------------------- throughput


def _among_unreadable(texts):
    """Return seconds for some orders, alone and among as many events that are refused.

    The best of some rounds: the difference is small beside a machine's moods.
    """
    pairs = zip(texts, map(_spoiled, range(len(texts)), texts), strict=True)
    mixed = list(chain.from_iterable(pairs))
    best = {}
    for _round in range(ROUNDS):
        for sent in (texts, mixed):
            dsn = history.reporting("bench_unreadable")
            with filled(sent) as name:
                seconds = _timed(
                    lambda n=name, d=dsn: drain(n, "reports", d, may_refuse=True)
                )
            best[len(sent)] = min(seconds, best.get(len(sent), seconds))
    return best[len(texts)], best[len(mixed)]


def _spoiled(number, text):
    """Return an event as nobody can use it; the kinds of faults take turns."""
    faults = (
        lambda: text[: len(text) // 2],
        lambda: f'{{"id": "{number}"}}',
        lambda: text.replace(f'"{ORDERS}"', '"engine.order.lost.v1"'),
        lambda: text.replace('"amount_total":', '"amount_total":"much","was":'),
        lambda: text.replace('"specversion":', '"specversion":"7","was":'),
    )
    return faults[number % len(faults)]()


@contextmanager
def filled(texts):
    """Give the name of a stream with these events, removed afterwards."""
    client, name = _redis(), f"bench.{uuid.uuid4().hex}"
    try:
        for start in range(0, len(texts), BATCH):
            send(client, name, texts[start : start + BATCH])
        yield name
    finally:
        client.delete(name)
        client.close()


def _redis():
    return redis.Redis.from_url(os.environ["LR_REDIS_URL"])


def send(client, name, texts):
    pipeline = client.pipeline(transaction=False)
    for text in texts:
        pipeline.xadd(name, {FIELD: text})
    pipeline.execute()


def _read_bare(name):
    with closing(_redis()) as client:
        client.xgroup_create(name, "bare", id="0", mkstream=True)
        while found := client.xreadgroup("bare", "one", {name: ">"}, count=BATCH):
            client.xack(name, "bare", *(entry for entry, _ in found[0][1]))


def drain(name, group, dsn, source_name=None, may_refuse=False):
    """Consume all that the stream has; nothing of it may be refused, unless told."""
    result = consume(
        open_stream(os.environ["LR_REDIS_URL"], name, group),
        dsn,
        source_name=source_name or group,
        configuration=configuration,
        seconds=3600,
    )
    if result.state != "done" or result.counts.rows_rejected and not may_refuse:
        raise SystemExit(f"{result}; the first refused: {_refused(dsn)}")


def _refused(dsn):
    with closing(connect(dsn)) as connection, connection.cursor() as cr:
        cr.execute("SELECT reason FROM loyalty_reporting_dead_letter LIMIT 1")
        return cr.fetchall()


def configuration():
    return {"companies": [history.COMPANY], "mapping": {1: history.COMPANY.id}}


def _push(settings, dsn):
    result = push.push(settings, dsn)
    if result.state != "done":
        raise SystemExit(result.message)


def _timed(action):
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _say(what, count, seconds, bare):
    print(
        f"{what:28} {seconds:6.2f} s  {count / seconds:9,.0f} events/s"
        f"  {seconds / count / bare:6.2f} × the bare read",
        flush=True,
    )


# ---------------------------------------------------------------- latency


def _latency(sold, dsn):
    """Return (seconds from XADD to a row in PostgreSQL, events sent in a second)."""
    with (
        filled([]) as name,
        _consumer(name, dsn),
        closing(_redis()) as client,
        closing(connect(dsn)) as connection,
    ):
        connection.autocommit = True

        def visible(keys):
            with connection.cursor() as cr:
                cr.execute(SEEN, [keys])
                return [key for (key,) in cr.fetchall()]

        warming, steady = sold[:RATE], sold[RATE:]
        send(client, name, [text for _key, text in warming])
        watch = Watch(visible)
        watch.sent(warming[-1][0])
        watch.wait()
        return watched(watch, client, name, steady, RATE)


def watched(watch, client, name, sold, per_second):
    """Send orders while a watch looks for them; return (seconds, rate) of all."""
    watch.late.clear()
    watcher = threading.Thread(target=watch.run)
    watcher.start()
    try:
        rate = send_steadily(client, name, sold, watch, per_second)
    finally:
        watch.is_over = True
        watcher.join()
    return watch.late, rate


def send_steadily(client, name, sold, watch, per_second):
    """Send the orders at the rate; return how many a second it were."""
    started, size = time.monotonic(), max(1, per_second // BEATS)
    for number, start in enumerate(range(0, len(sold), size)):
        time.sleep(max(0, started + number * size / per_second - time.monotonic()))
        part = sold[start : start + size]
        watch.sent(part[-1][0])
        send(client, name, [text for _key, text in part])
    return len(sold) / (time.monotonic() - started)


class Watch:
    """Looks for the orders that were sent; ``late``: seconds until each was seen.

    :param visible: function (keys) → those of them that can be seen
    """

    def __init__(self, visible):
        self._visible = visible
        self._waiting, self.late, self.is_over = {}, [], False

    def sent(self, key):
        """Look for an order that is being sent now."""
        self._waiting[key] = time.monotonic()

    def run(self):
        """Look until all are there that were sent until it is over."""
        while not self.is_over:
            self._look()
        self.wait()

    def wait(self):
        """Look until all are there."""
        until = time.monotonic() + PATIENCE
        while self._waiting:
            if time.monotonic() > until:
                raise SystemExit(f"{len(self._waiting)} orders did not arrive")
            self._look()

    def _look(self):
        found = self._visible(list(self._waiting))
        now = time.monotonic()
        self.late += [now - self._waiting.pop(key) for key in found]
        time.sleep(0.005)


@contextmanager
def _consumer(name, dsn):
    """A process that consumes, as ``odoo loyalty_stream`` does."""
    command = [sys.executable, "-m", "dev.bench.stream", name, dsn]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        try:
            yield
        finally:
            process.terminate()


def _consume(name, dsn):
    """Consume in this process until it is told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    stream = open_stream(os.environ["LR_REDIS_URL"], name, "reports")
    result = consume(
        stream, dsn, source_name=name, configuration=configuration, stop=stop
    )
    if result.state != "done":
        raise SystemExit(result.message)


def say_latency(late, rate):
    late = sorted(late)
    p50, p99 = (late[int(len(late) * share)] * 1000 for share in (0.5, 0.99))
    print(
        f"{rate:,.0f} orders/s: visible after p50 {p50:.0f} ms, p99 {p99:.0f} ms,"
        f" at most {late[-1] * 1000:.0f} ms ({len(late)} looked for)",
        flush=True,
    )


if __name__ == "__main__":
    _consume(*sys.argv[1:])
