"""Limits and counters in a real Redis: one over all processes, and none at all when it is away."""

import multiprocessing
import os
import time
import uuid

import pytest
import redis
from servers import running_redis

from core.guard import counters, health, shared, trace
from core.guard.limits import Buckets, Limiter, Quota
from core.guard.probes import State
from core.guard.shared import Away, Shared
from core.settings import Settings

# A day restores next to nothing while a test runs.
SLOW = Quota("default", 1, 40)


@pytest.fixture(scope="module")
def redis_url():
    """URL of a Redis."""
    if not (url := os.environ.get("LR_REDIS_URL")):
        pytest.skip("LR_REDIS_URL: no URL of a Redis server")
    return url


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    """A Redis of these tests' own."""
    yield from running_redis(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def server(mortal):
    """A running Redis, to be killed."""
    yield mortal
    mortal.kill()
    mortal.start()


@pytest.fixture(autouse=True)
def nothing_is_paused(monkeypatch):
    """No test leaves a Redis alone for the sake of another."""
    monkeypatch.setattr(shared, "_pause", shared.Pause(0.2))
    monkeypatch.setattr(counters, "_tally", counters.Tally())
    trace.begin(database="shop")
    yield
    trace.end()


def limiter(url, namespace, buckets=None):
    return Limiter(Shared(url), namespace, buckets or Buckets())


def ask(url, namespace, times, barrier, results):
    """What a worker process does."""
    mine = limiter(url, namespace)
    barrier.wait(30)
    allowed = sum(mine.spend("key 1", SLOW).is_allowed for _ in range(times))
    results.put(allowed)


def count(url, namespace, times, barrier, results):
    """What a worker process does that counts."""
    trace.begin(database="shop")
    barrier.wait(30)
    for _time in range(times):
        counters.count("cache_hit")
        counters.hand_over(Shared(url), namespace)
    results.put(times)


def in_processes(work, *arguments, processes=4):
    """Run a function in processes that begin at once; return their results."""
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=work, args=(*arguments, barrier, results))
        for _worker in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _worker in workers]
    for worker in workers:
        worker.join(30)
    return found


class TestLimits:
    def test_processes_share_one_quota_and_not_one_request_more(self, redis_url):
        allowed = in_processes(ask, redis_url, uuid.uuid4().hex, 50)
        assert sum(allowed) == SLOW.size
        assert len(allowed) == 4

    def test_redis_and_a_process_alone_give_the_same_verdicts(self, redis_url):
        quota = Quota("default", 600, 5)
        namespace = uuid.uuid4().hex
        for mine in (limiter(redis_url, namespace), limiter("", namespace)):
            verdicts = [mine.spend("a", quota) for _ in range(6)]
            assert [v.is_allowed for v in verdicts] == [True] * 5 + [False]
            assert verdicts[0].remaining == 4
            assert 0.4 < verdicts[4].restored_in <= 0.5
            assert 0 < verdicts[5].wait <= 0.1
            time.sleep(verdicts[5].wait + 0.01)
            assert mine.spend("a", quota).is_allowed

    def test_looking_costs_nothing(self, redis_url):
        mine, quota = limiter(redis_url, uuid.uuid4().hex), Quota("auth", 1, 1)
        assert all(mine.look("a", quota).is_allowed for _ in range(3))
        assert mine.spend("a", quota).is_allowed
        assert not mine.look("a", quota).is_allowed

    def test_keys_name_nobody_and_go_by_themselves(self, redis_url):
        client, namespace = redis.Redis.from_url(redis_url), uuid.uuid4().hex
        before = set(client.keys("loyalty_reporting:limit:*"))
        limiter(redis_url, namespace).spend("address 192.0.2.7", Quota("q", 600, 5))
        [key] = set(client.keys("loyalty_reporting:limit:*")) - before
        assert b"192.0.2.7" not in key
        assert 0 < client.pttl(key) <= 100

    def test_databases_do_not_share(self, redis_url):
        quota = Quota("default", 1, 1)
        for _database in range(2):
            assert limiter(redis_url, uuid.uuid4().hex).spend("a", quota).is_allowed

    def test_killed_in_the_middle_each_process_counts_alone_until_it_is_back(
        self, server
    ):
        mine, quota = limiter(server.url, "n"), Quota("default", 1, 2)
        assert mine.spend("a", quota).is_allowed
        server.kill()
        verdicts = [mine.spend("a", quota).is_allowed for _ in range(3)]
        assert verdicts == [True, True, False]
        server.start()
        time.sleep(0.3)
        # Redis kept, or lost, the one request before; it counts again in any case.
        later = [mine.spend("a", quota).is_allowed for _ in range(3)]
        assert later[-1] is False
        assert later[0] is True

    def test_a_redis_that_is_silent_holds_nobody_up(self, server):
        redis.Redis.from_url(server.url).client_pause(3000)
        started = time.monotonic()
        assert limiter(server.url, "n").spend("a", SLOW).is_allowed
        assert time.monotonic() - started < 1.5


class TestCounters:
    def test_processes_add_up(self, redis_url):
        namespace = uuid.uuid4().hex
        in_processes(count, redis_url, namespace, 25)
        counters.observe("request", 0.3, method="GET", route="/r", status=200)
        found = {
            (counters.parts(series)[0], counters.parts(series)[2]): total
            for series, total in counters.totals(Shared(redis_url), namespace).items()
        }
        assert found["cache_hit", "total"] == 100
        assert found["request", "le 0.5"] == 1
        assert found["request", "sum"] == 0.3

    def test_what_is_counted_is_handed_over_within_a_second(self, redis_url):
        namespace, mine = uuid.uuid4().hex, Shared(redis_url)
        for _request in range(3):
            counters.count("cache_hit")
            counters.hand_over_soon(mine, namespace)
        client = redis.Redis.from_url(redis_url)
        name = f"loyalty_reporting:counters:{namespace}"
        assert not client.exists(name)
        end = time.monotonic() + 10
        while not client.exists(name) and time.monotonic() < end:
            time.sleep(0.1)
        assert client.hvals(name) == [b"3"]

    def test_what_is_counted_while_it_is_away_is_added_later(self, server):
        mine = Shared(server.url)
        server.kill()
        counters.count("cache_hit")
        counters.hand_over(mine, "n")
        with pytest.raises(Away):
            counters.totals(mine, "n")
        server.start()
        time.sleep(0.3)
        counters.count("cache_hit")
        assert list(counters.totals(mine, "n").values()) == [2.0]


class TestHealth:
    def test_services_that_answer_are_up_and_say_their_version(self, redis_url):
        health.PROBES.clear()
        settings = Settings(redis_url=redis_url)
        name, group = uuid.uuid4().hex, "reports"
        client = redis.Redis.from_url(redis_url)
        client.xgroup_create(name, group, id="0", mkstream=True)
        client.xadd(name, {"event": "1"})
        findings = health.services(settings, (("s", redis_url, name, group),))
        assert findings["redis"].state is State.UP
        assert findings["redis"].details["version"]
        assert findings["clickhouse"].state is State.OFF
        assert findings["stream s"].details["pending"] == 0
        assert findings["stream s"].details["consumers"] == 0

    def test_a_stream_that_nobody_read_or_wrote_yet_is_not_away(self, redis_url):
        health.PROBES.clear()
        client, name = redis.Redis.from_url(redis_url), uuid.uuid4().hex
        for _state in ("not there", "without a group"):
            findings = health.services(Settings(), (("s", redis_url, name, "g"),))
            assert findings["stream s"].state is State.UP
            assert "Nobody" in findings["stream s"].details["reason"]
            client.xadd(name, {"event": "1"})
            health.PROBES.clear()

    def test_clickhouse_is_asked_too(self, clickhouse_url):
        health.PROBES.clear()
        finding = health.services(Settings(clickhouse_url=clickhouse_url))["clickhouse"]
        assert finding.state is State.UP, finding.details
        assert finding.details["version"]

    def test_dead_and_silent_services_do_not_hold_it_up(self, server):
        health.PROBES.clear()
        settings = Settings(
            redis_url=server.url, clickhouse_url="clickhouse://127.0.0.1:1/none"
        )
        redis.Redis.from_url(server.url).client_pause(3000)
        started = time.monotonic()
        findings = health.services(settings)
        assert time.monotonic() - started < 1.5
        assert {f.state for f in findings.values()} == {State.AWAY}
