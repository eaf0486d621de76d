"""Quotas restore themselves steadily."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guard import shared
from core.guard.limits import Buckets, Limiter, Quota
from core.guard.shared import Shared


class Alone:
    """A limiter without Redis, and its clock."""

    def __init__(self, per_minute=60, burst=3, size=100):
        self.now = 0.0
        self.quota = Quota("default", per_minute, burst)
        buckets = Buckets(size, clock=lambda: self.now)
        self.limiter = Limiter(Shared(""), "test", buckets)

    def ask(self, who="key 1"):
        return self.limiter.spend(who, self.quota)

    def allowed(self, times, who="key 1"):
        return [self.ask(who).is_allowed for _ in range(times)]


def test_a_burst_goes_through_and_then_a_steady_rate():
    world = Alone()
    assert world.allowed(4) == [True, True, True, False]
    world.now += 1
    assert world.allowed(2) == [True, False]
    world.now += 60
    assert world.allowed(4) == [True, True, True, False]


def test_what_is_refused_costs_nothing():
    world = Alone()
    world.allowed(50)
    world.now += 1
    assert world.ask().is_allowed


def test_whoever_waits_as_told_is_let_through():
    world = Alone(per_minute=7, burst=2)
    world.allowed(2)
    refused = world.ask()
    world.now += refused.wait - 0.01
    assert not world.ask().is_allowed
    world.now += 0.011
    assert world.ask().is_allowed
    assert refused.retry_after >= refused.wait


def test_what_remains_and_when_all_is_back_is_told():
    world = Alone()
    first = world.ask()
    assert (first.remaining, first.restored_in) == (2, 1.0)
    assert first.headers() == {
        "RateLimit-Policy": '"default";q=3;w=3',
        "RateLimit": '"default";r=2;t=1',
    }
    world.allowed(2)
    assert world.ask().headers()["RateLimit"] == '"default";r=0;t=1'


def test_without_a_burst_a_minutes_worth_may_come_at_once():
    world = Alone(per_minute=5, burst=0)
    assert world.allowed(6) == [True] * 5 + [False]
    assert world.ask().headers()["RateLimit-Policy"] == '"default";q=5;w=60'


def test_callers_do_not_share():
    world = Alone()
    world.allowed(4)
    assert world.ask("key 2").is_allowed


def test_looking_costs_nothing():
    world = Alone(burst=1)
    for _look in range(3):
        assert world.limiter.look("key 1", world.quota).is_allowed
    assert world.ask().is_allowed
    assert not world.limiter.look("key 1", world.quota).is_allowed


@pytest.mark.parametrize("per_minute", [0, -1])
def test_zero_means_no_limit(per_minute):
    assert Alone(per_minute=per_minute).ask() is None


def test_only_so_many_callers_are_remembered():
    world = Alone(burst=1, size=2)
    for who in ("a", "b", "c"):
        world.ask(who)
    assert not world.ask("c").is_allowed
    assert world.ask("a").is_allowed


@given(
    st.integers(1, 100_000),
    st.integers(0, 1000),
    st.lists(st.floats(0, 100), min_size=1, max_size=50),
)
def test_no_more_than_burst_and_rate_ever_gets_through(per_minute, burst, pauses):
    world = Alone(per_minute, burst)
    let_through = 0
    for pause in pauses:
        world.now += pause
        verdict = world.ask()
        let_through += verdict.is_allowed
        assert 0 <= verdict.remaining <= world.quota.size
        assert verdict.is_allowed == (verdict.wait == 0)
    assert let_through <= world.quota.size + world.now * per_minute / 60 + 1


def test_a_redis_that_is_away_is_left_alone_and_the_process_counts(monkeypatch):
    tried = []

    def client(url):
        tried.append(url)
        raise ConnectionError(url)

    monkeypatch.setattr(shared, "_client", client)
    buckets = Buckets()
    limiter = Limiter(Shared("redis://away"), "test", buckets)
    quota = Quota("default", 1, 2)
    assert [limiter.spend("a", quota).is_allowed for _ in range(3)] == [
        True,
        True,
        False,
    ]
    assert tried == ["redis://away"]
