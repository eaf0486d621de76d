"""Whichever call over the network fails, the next run makes it good unaided."""

import os
import random
import time

import databases
import engine_world
import pipeline
import pytest
from broken_network import Network
from recomputed import assert_rollups_follow_from_detail
from stream_fixtures import Feed, event, order, point, until

SOME = int(os.environ.get("NTH_CALLS", "3"))
ALL = pytest.param(10_000, marks=pytest.mark.slow)
many = pytest.mark.parametrize("many", [SOME, ALL])
# The call fails before the server hears of it; or it is done, and the answer is lost.
unheard_or_done = pytest.mark.parametrize("is_done", [False, True])


_CALLS = {}


def counted(what, count):
    """How many calls there are; counted once, without a fault."""
    if what not in _CALLS:
        _CALLS[what] = count()
        print(f"\n{what}: {_CALLS[what]} calls")
    assert _CALLS[what] > 10
    return _CALLS[what]


def chosen(calls, many):
    """Numbers of the calls that fail: all, or some by chance."""
    numbers = range(1, calls + 1)
    return sorted(random.Random(calls).sample(numbers, min(many, calls)))


def assert_is(expected, report):
    pipeline.assert_same_contents(expected, pipeline.contents(report))
    assert_rollups_follow_from_detail(report)
    assert databases.rows(
        report,
        "SELECT count(*) - count(DISTINCT (order_id, line_id))"
        " FROM promotion_report_detail",
    ) == [(0,)]


# ---------------------------------------------------------------- a small sync


@pytest.fixture(scope="module")
def changed_shop(shop_template, report_template):
    """(engine, report of what it was before some changes, what it must become)."""
    with (
        databases.database(databases.ENGINE, shop_template) as copied,
        databases.database(databases.REPORT, report_template) as before,
    ):
        shop = engine_world.Engine(copied, first_id=20_000_000)
        pipeline.synced(shop.dsn, before)
        shop.order("B1", "2017-05-02 12:00:00+00", lines=2)
        shop.evaluation("B1", "applied")
        shop.points(4, order_id="B1", occurred_at="2017-05-02 12:00:00+00")
        shop.points(3, occurred_at="2017-04-03 12:00:00+00")
        shop.change("processed_order", "A2", state="void")
        shop.change("processed_order", "A3", store_id=3)
        shop.run("DELETE FROM engine.order_promotion_line WHERE order_id = 'A5'")
        shop.run(
            "DELETE FROM engine.point_transaction WHERE order_id IS NULL"
            " AND transaction_type = 'adjust'"
        )
        shop.membership("upgrade", 3, "2017-05-01 10:00:00+00")
        shop.change("program", 1, name="Another")
        pipeline.await_others(shop.dsn)
        yield shop.dsn, before, pipeline.from_scratch(shop.dsn, report_template)


@many
@unheard_or_done
@pytest.mark.parametrize("side", ["report", "engine"])
def test_a_sync_of_which_a_call_fails_is_made_good_by_the_next(
    side, is_done, many, changed_shop
):
    engine, before, expected = changed_shop

    def run(nth):
        with databases.database(databases.REPORT, before) as report:
            dsn = report if side == "report" else engine
            with Network(nth, is_done, [dsn]).used() as network:
                first = pipeline.sync_once(engine, report)
            assert first.state in ("done", "failed"), first
            assert "a fault of ours" not in first.message, (nth, first.message)
            _sync_again(engine, report)
            assert_is(expected, report)
            return network

    calls = counted(f"sync {side}", lambda: run(0).calls)
    broken = [run(nth).is_broken for nth in chosen(calls, many)]
    assert all(broken)


def _sync_again(engine, report):
    """One run more; until the server knows that the former is gone, it is busy."""
    until = time.monotonic() + 10
    while (result := pipeline.sync_once(engine, report)).state == "busy":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert result.state == "done", result


# ---------------------------------------------------------------- a batch of a stream

EVENTS = (
    event("program.changed", {"id": 1, "name": "Summer", "version": 1}),
    order("A1", number=1, points=2, amounts=("9.99", "1.50")),
    order("A2", number=2, points=1, channel="web"),
    order("A1", number=1, points=1, version=2, channel="web"),
    event("points.changed", point(77)),
    event(
        "membership.changed",
        {"id": 5, "partner_id": 1, "order_id": None, "event_type": "join"}
        | {"from_membership_product_id": None, "to_membership_product_id": 1}
        | {"occurred_at": "2017-03-01T15:20:00+00:00", "version": 1},
    ),
)


@pytest.fixture(scope="module")
def feeds(report_template):
    """Function: a context with a new feed, its stream filled with the events."""
    if not (url := os.environ.get("LR_REDIS_URL")):
        pytest.skip("LR_REDIS_URL: no URL of a Redis server")

    class Filled:
        def __enter__(self):
            self._database = databases.database(databases.REPORT, report_template)
            self._feed = Feed(url, self._database.__enter__())
            self._feed.send(*EVENTS)
            return self._feed

        def __exit__(self, *error):
            self._feed.client.delete(self._feed.name)
            self._database.__exit__(*error)

    return Filled


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Consumers that wait for next to nothing."""
    monkeypatch.setattr("core.consume.WAIT", 0.02)
    monkeypatch.setattr("core.consume.LONGEST_PAUSE", 0.02)


@pytest.fixture(scope="module")
def undisturbed(feeds):
    """Contents of a report after the events, none of which is refused."""
    with feeds() as feed:
        assert feed.consume().state == "done"
        assert feed.letters() == []
        assert feed.orders() == {"A1", "A2"}
        return pipeline.contents(feed.report)


@many
@unheard_or_done
def test_a_drain_of_which_a_call_fails_is_made_good_by_the_next(
    is_done, many, feeds, undisturbed
):
    def run(nth):
        with feeds() as feed:
            network = Network(nth, is_done, [feed.report], has_redis=True)
            with network.used():
                first = feed.consume()
            assert first.state in ("done", "failed"), first
            assert "a fault of ours" not in first.message, (nth, first.message)
            second = feed.consume(feed.stream(claim_after=0))
            assert second.state == "done", (nth, second)
            assert feed.pending() == 0, nth
            assert_is(undisturbed, feed.report)
            return network

    for nth in chosen(counted("drain", lambda: run(0).calls), many):
        run(nth)


@many
@unheard_or_done
def test_a_consumer_of_which_a_call_fails_goes_on_by_itself(
    is_done, many, feeds, undisturbed
):
    def run(nth):
        with feeds() as feed:
            network = Network(nth, is_done, [feed.report], has_redis=True)
            with network.used(), feed.running() as results:
                until(lambda: _is_settled(feed))
                calls = network.calls
            assert results[0].state in ("done", "failed"), results
            assert "a fault of ours" not in results[0].message, (nth, results)
            # A call that fails while it leaves may leave something to others.
            assert feed.consume(feed.stream(claim_after=0)).state == "done"
            assert_is(undisturbed, feed.report)
            return calls

    for nth in chosen(counted("consumer", lambda: run(0)), many):
        run(nth)


def _is_settled(feed):
    groups = feed.client.xinfo_groups(feed.name)
    return groups and not groups[0]["lag"] and not groups[0]["pending"]
