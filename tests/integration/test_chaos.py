"""Everything runs and is killed, in turn and at random: the numbers stay right."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import databases
import pipeline
import psycopg2
import pytest
from contract_store import assert_equal
from copies import pushed
from recomputed import assert_rollups_follow_from_detail
from stream_fixtures import Feed, redis_server, until

from dev.reference_engine.replay import Delivery, Rates, replay

pytest_plugins = ["store_fixtures"]
__all__ = ["redis_server"]

WORKER = Path(__file__).with_name("chaos_worker.py")
SEED = int(os.environ.get("CHAOS_SEED", "2017"))
MANY = int(os.environ.get("CHAOS_KILLS", "200"))
JOBS = ("consume", "sync", "push")
SESSIONS = ("session on the report", "session on the engine", "session on Redis")
SERVERS = ("report's server", "engine's server", "Redis", "ClickHouse")
VICTIMS = (*JOBS, *SESSIONS, *SERVERS)
LOOK_EVERY = 20
# Orders in a second: few enough for a busy machine to keep up with.
SPEED = 6
RATES = Rates(
    late=0.1,
    refunds=0.15,
    voids=0.1,
    corrections=0.2,
    rejected=0.2,
    abandoned=0.1,
    adjustments=0.1,
    campaigns=0.05,
)
# One that is doing something.
BUSY = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND application_name LIKE 'loyalty_reporting%' AND state <> 'idle'
    ORDER BY random() LIMIT 1"""
TERMINATE = f"SELECT pg_terminate_backend(pid) FROM ({BUSY}) b"
TWICE = """
    SELECT count(*) - count(DISTINCT (order_id, line_id)) FROM promotion_report_detail
    UNION ALL
    SELECT count(*) - count(DISTINCT transaction_id) FROM point_analytics_data
    UNION ALL
    SELECT count(*) - count(DISTINCT event_id) FROM membership_event_data
    UNION ALL
    SELECT count(*) - count(DISTINCT (kind, document_key)) FROM fact_document"""


class Chaos:
    """The replay and the jobs, each in a process of its own, and who kills them.

    :param servers: name → server of this test's own
    """

    def __init__(self, engine, feed, servers, seed):
        self.engine, self.feed, self._chance = engine, feed, random.Random(seed)
        self.servers = servers
        # By its name our connection is told from the replay's.
        redis_url = f"{feed.url}?client_name={feed.name}"
        self.copy = servers["ClickHouse"].copy
        self._more = {"consume": (redis_url, feed.name), "push": (self.copy.url,)}
        self._running = {}
        self._turn = []
        self.kills = Counter()

    @contextmanager
    def running(self):
        """Everything runs; in the end the replay has told all and the jobs are gone."""
        told, stop = [], threading.Event()

        def play():
            delivery = Delivery(
                speed=SPEED,
                duplicates=0.2,
                disorder=1,
                stream=self.feed.name,
                maxlen=0,
            )
            told.append(
                replay(
                    self.engine.dsn,
                    self.feed.url,
                    seed=self._chance.randrange(1000),
                    rates=RATES,
                    delivery=delivery,
                    stopped=stop.is_set,
                    say=lambda line: None,
                )
            )

        replaying = threading.Thread(target=play)
        replaying.start()
        try:
            for job in JOBS:
                self._start(job)
            yield told
            self._await_sales()
        finally:
            stop.set()
            replaying.join(60)
            for process in self._running.values():
                process.kill()
                process.communicate()
        assert not replaying.is_alive()
        assert not told[0].unsent and not told[0].unwritten

    def _await_sales(self):
        """Wait until the replay writes to the database and to the stream again."""
        sold = "SELECT count(*) FROM engine.processed_order"
        for count in (
            lambda: databases.value(self.engine.dsn, sold),
            lambda: self.feed.client.xlen(self.feed.name),
        ):
            before = count()
            until(lambda c=count, b=before: c() > b, seconds=60)

    def strike(self):
        """Let some time pass, then kill the next victim; each comes in turn."""
        self._turn = self._turn or self._chance.sample(VICTIMS, len(VICTIMS))
        victim = self._turn.pop()
        time.sleep(self._chance.uniform(0, 0.5))
        for job, process in self._running.items():
            assert process.poll() is None, (job, process.communicate())
        if victim in JOBS:
            self._running[victim].send_signal(signal.SIGKILL)
            self._running[victim].communicate()
            self._start(victim)
        elif victim in self.servers:
            self.servers[victim].kill()
            self.servers[victim].start()
        elif victim == "session on Redis":
            until(self._cut_redis)
        else:
            place = self.feed.report if "report" in victim else self.engine.dsn
            if victim in SERVERS:
                crash(place)
            else:
                until(lambda: databases.rows(place, TERMINATE), seconds=60)
        self.kills[victim] += 1

    def _start(self, job):
        command = [sys.executable, WORKER, job, self.engine.dsn, self.feed.report]
        process = subprocess.Popen(
            [*command, *self._more.get(job, ())],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if job != "consume" else None,
            text=True,
        )
        self._running[job] = process
        assert process.stdout.readline() == "ready\n", job

    def _cut_redis(self):
        clients = self.feed.client.client_list()
        ours = [c["id"] for c in clients if c["name"] == self.feed.name]
        for client in ours:
            self.feed.client.client_kill_filter(_id=client)
        return ours


def crash(dsn):
    """Kill a busy process of a PostgreSQL server: all sessions end, and it recovers."""
    started = "SELECT max(pid) FROM pg_stat_activity WHERE backend_type = 'walwriter'"
    before = databases.value(dsn, started)

    def is_killed():
        with suppress(ProcessLookupError):  # it may have ended meanwhile
            for (pid,) in databases.rows(dsn, BUSY):
                os.kill(pid, signal.SIGKILL)
                return True

    def is_back():
        with suppress(psycopg2.OperationalError):
            return databases.value(dsn, started) not in (before, None)

    until(is_killed, seconds=60)
    until(is_back, seconds=60)


def assert_nothing_twice(report):
    """No row is there twice, whenever one looks."""
    assert databases.rows(report, TWICE) == [(0,)] * 4


@pytest.fixture
def chaos(households, report, server, redis_server):
    """Everything that a site has, in servers that may be killed."""
    servers = {"ClickHouse": server, "Redis": redis_server}
    return Chaos(households, Feed(redis_server.url, report), servers, SEED)


@pytest.mark.usefixtures("clients_may_vanish")
@pytest.mark.parametrize(
    "kills", [len(VICTIMS), pytest.param(MANY, marks=pytest.mark.slow)]
)
def test_whatever_is_killed_whenever_the_numbers_are_those_of_a_first_load(
    kills, chaos, assert_same_as_from_scratch
):
    engine, feed = chaos.engine, chaos.feed
    pipeline.synced(engine.dsn, feed.report)
    with chaos.running() as told:
        for number in range(1, kills + 1):
            chaos.strike()
            assert_nothing_twice(feed.report)
            if number % LOOK_EVERY == 0:
                assert_rollups_follow_from_detail(feed.report)
    # Next, each road once more, undisturbed.
    result = feed.consume(feed.stream(claim_after=0), seconds=300)
    assert (result.state, feed.pending()) == ("done", 0), result
    pipeline.synced(engine.dsn, feed.report)
    assert_same_as_from_scratch(feed.report, engine.dsn)
    assert feed.letters() == []
    assert_nothing_twice(feed.report)
    pushed(chaos.copy, feed.report)
    assert_equal(feed.report, chaos.copy)
    assert chaos.kills.total() == kills
    written = told[0].written
    if kills > 50:
        assert all(written[kind] for kind in ("sale", "refund", "void", "correction"))
    print(f"\n{dict(chaos.kills)}; {told[0]}; {runs(feed.report)}")


def runs(report):
    """{(job, state): how many} of the run log."""
    query = "SELECT job, state, count(*) FROM loyalty_reporting_run GROUP BY 1, 2"
    return {(job, state): count for job, state, count in databases.rows(report, query)}
