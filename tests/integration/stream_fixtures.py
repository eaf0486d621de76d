"""A stream of a test's own, and short ways to fill and to consume it."""

import json
import os
import threading
import time
import uuid
from contextlib import contextmanager

import databases
import pytest
import redis
from pipeline import NEW_YORK
from servers import running_redis

from core.consume import consume
from core.stores.postgres import PostgresStore
from core.streams.redis_stream import RedisStream

GROUP = "reports"
AT = "2017-03-10T15:20:00+00:00"


def order(key, *, amounts=("9.99",), number=0, version=1, points=0, **columns):
    """An order's event; `number` begins the ids of its rows."""
    row = {"id": key, "partner_id": number % 5 + 1, "store_id": 1, "channel": "pos"}
    row |= {"ordered_at": AT, "amount_total": "20.00", "currency": "USD"}
    row |= {"is_first_order": False, "state": "done", "refund_of": None}
    row |= {"company_id": 1, "version": version}
    lines = [
        {"id": number * 100 + n, "order_id": key, "program_id": 1, "product_id": None}
        | {"qty": 1, "amount": amount, "discount": 0, "points_earned": 0}
        | {"points_redeemed": 0, "version": 1}
        for n, amount in enumerate(amounts)
    ]
    booked = [point(number * 100 + n, order_id=key) for n in range(points)]
    data = {"order": row | columns, "lines": lines, "evaluations": [], "points": booked}
    return event("order.processed", data)


def point(point_id, **columns):
    """A row of the points' ledger."""
    row = {"id": point_id, "seq": point_id, "card_id": 1, "partner_id": 1}
    row |= {"program_id": 3, "transaction_type": "earn", "points_amount": 5}
    row |= {"balance_after": 5, "occurred_at": AT, "expires_at": None, "version": 1}
    return row | {"origin": "x", "order_id": None, "reverses_id": None} | columns


def joined(event_id, **columns):
    """A row of a customer that becomes a member."""
    row = {"id": event_id, "partner_id": 1, "order_id": None, "event_type": "join"}
    row |= {"from_membership_product_id": None, "to_membership_product_id": 1}
    return row | {"occurred_at": AT, "version": 1} | columns


def event(kind, data):
    """An event as JSON."""
    envelope = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/engine"}
    return json.dumps(envelope | {"type": f"engine.{kind}.v1", "data": data})


def keys(count, start=0):
    """Keys of :func:`orders`."""
    return [f"A{n}" for n in range(start, start + count)]


def orders(count, start=0, **options):
    """Events of so many orders."""
    return [order(f"A{n}", number=n, **options) for n in range(start, start + count)]


class Feed:
    """A Redis Stream, and the reporting database that it feeds."""

    def __init__(self, url, report):
        self.url, self.report = url, report
        self.name = f"test.{uuid.uuid4().hex}"
        self.client = redis.Redis.from_url(url, decode_responses=True)

    def send(self, *events):
        """Add events to the stream."""
        pipeline = self.client.pipeline(transaction=False)
        for one in events:
            pipeline.xadd(self.name, {"event": one})
        return pipeline.execute()

    def stream(self, url=None, **options):
        """The stream as a consumer reads it."""
        return RedisStream(
            url or self.url, self.name, GROUP, **{"linger": 0.02, **options}
        )

    def consume(self, stream=None, **options):
        """Drain the stream."""
        settings = {"source_name": "stream", "seconds": 30}
        settings["configuration"] = configuration
        return consume(stream or self.stream(), self.report, **{**settings, **options})

    @contextmanager
    def running(self, stream=None, **options):
        """A consumer that goes on until the block ends; its result is in a list."""
        results, stop = [], threading.Event()
        settings = {"seconds": None, "stop": stop, **options}

        def work():
            results.append(self.consume(stream, **settings))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield results
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive()

    def pending(self):
        return self.client.xpending(self.name, GROUP)["pending"]

    def documents(self):
        """{(kind, key)} of what was loaded."""
        query = "SELECT kind, document_key FROM fact_document WHERE NOT is_deleted"
        return set(databases.rows(self.report, query))

    def orders(self):
        return {key for kind, key in self.documents() if kind == "order"}

    def letters(self):
        """(table, document, reason) of the open dead letters."""
        return databases.rows(
            self.report,
            "SELECT table_name, document_key, reason FROM loyalty_reporting_dead_letter"
            " WHERE state = 'open' ORDER BY id",
        )

    def runs(self):
        return databases.dicts(
            self.report, "SELECT * FROM loyalty_reporting_run ORDER BY id"
        )


class Store:
    """The real store, watched: what was loaded when, and what shall go wrong."""

    def __init__(self, feed, before=lambda chunk: None):
        self.open_real = PostgresStore.opener(feed.report, "stream", "engine")
        self.before = before
        self.sizes = []
        self.opened = 0

    def __call__(self):
        self.opened += 1
        self.real = self.open_real()
        return self

    def load(self, chunk):
        self.before(chunk)
        counts = self.real.load(chunk)
        if chunk.keys:
            self.sizes.append(sum(map(len, chunk.keys.values())))
        return counts

    def close(self):
        self.real.close()


def configuration():
    """What Odoo would tell."""
    return {"companies": [NEW_YORK], "mapping": {1: 1}}


def until(condition, seconds=20):
    """Wait for something to become true, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture
def feed(report):
    """A stream of the test's own, that feeds the reporting database."""
    url = os.environ.get("LR_REDIS_URL")
    if not url:
        pytest.skip("LR_REDIS_URL: no URL of a Redis server")
    feed = Feed(url, report)
    yield feed
    feed.client.delete(feed.name)


@pytest.fixture
def redis_server(tmp_path):
    """A running Redis of this test's own, to be killed."""
    yield from running_redis(tmp_path)
