"""From a stream into PostgreSQL: small batches, acknowledged after their commit."""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import databases
import psycopg2
import redis
from stream_fixtures import Feed, configuration, event, feed, order, point, until

from core.errors import StoreError
from core.stores.postgres import PostgresStore

__all__ = ["feed"]
SCRIPT = Path(__file__).with_name("consuming.py")


def keys(count, start=0):
    return [f"A{n}" for n in range(start, start + count)]


def orders(count, start=0, **options):
    return [order(f"A{n}", number=n, **options) for n in range(start, start + count)]


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


class TestDrain:
    def test_what_is_there_is_loaded_and_acknowledged(self, feed):
        feed.send(*orders(10, points=1))
        feed.send(
            event("points.changed", point(77)),
            event("program.changed", {"id": 1, "name": "Summer", "version": 1}),
        )
        result = feed.consume()
        assert (result.state, result.message) == ("done", "")
        assert feed.orders() == set(keys(10))
        assert ("points", "77") in feed.documents()
        assert result.counts.documents_changed == 11
        assert result.counts.rows_read == 32
        assert feed.pending() == 0
        assert feed.letters() == []

    def test_an_empty_stream_is_drained_at_once(self, feed):
        began = time.monotonic()
        assert feed.consume().state == "done"
        assert time.monotonic() - began < 3

    def test_it_is_written_in_the_run_log(self, feed):
        feed.send(*orders(3))
        feed.consume()
        [run] = feed.runs()
        assert (run["job"], run["source_name"], run["state"]) == (
            "stream",
            "stream",
            "done",
        )
        assert (run["documents_read"], run["rows_read"]) == (3, 6)
        assert 0 <= run["lag_seconds"] < 30

    def test_of_drains_that_find_nothing_one_entry_is_kept(self, feed):
        for _ in range(3):
            feed.consume()
        assert len(feed.runs()) == 1

    def test_events_are_loaded_together(self, feed):
        feed.send(*orders(3000))
        store = Store(feed)
        result = feed.consume(open_store=store, events=1000)
        assert result.counts.documents_changed == 3000
        # The first batch is small: nobody knows yet how large events are.
        assert max(store.sizes) == 1000
        assert len(store.sizes) <= 5

    def test_events_that_are_large_come_in_smaller_batches(self, feed, monkeypatch):
        monkeypatch.setattr("core.consume._BYTES", 50_000)
        feed.send(*orders(300, channel="x" * 900))
        store = Store(feed)
        feed.consume(open_store=store)
        assert max(store.sizes[1:]) < 50
        assert feed.orders() == set(keys(300))

    def test_a_time_slot_that_is_over_leaves_the_rest(self, feed):
        feed.send(*orders(1000))
        slow = Store(feed, before=lambda chunk: time.sleep(0.3))
        result = feed.consume(open_store=slow, events=50, seconds=1)
        assert result.state == "partial"
        loaded = len(feed.orders())
        assert 0 < loaded < 1000
        assert feed.consume().state == "done"
        assert feed.orders() == set(keys(1000))
        assert feed.pending() == 0

    def test_repeats_change_nothing(self, feed):
        events = orders(20, points=1)
        feed.send(*events)
        feed.consume()
        load = databases.value(feed.report, "SELECT load_id FROM fact_load")
        feed.send(*events, *events)
        result = feed.consume()
        assert result.counts.documents_changed == 0
        assert databases.value(feed.report, "SELECT load_id FROM fact_load") == load

    def test_versions_decide_whatever_the_order(self, feed):
        feed.send(order("A1", version=2, channel="new"))
        feed.consume()
        feed.send(order("A1", version=1, channel="old"))
        feed.consume()
        assert _channel(feed, "A1") == "new"
        feed.send(order("A1", version=3, channel="newest"))
        feed.consume()
        assert _channel(feed, "A1") == "newest"
        assert feed.letters() == []

    def test_an_equal_version_with_other_content_is_a_dead_letter(self, feed):
        feed.send(order("A1", channel="one"))
        feed.consume()
        feed.send(order("A1", channel="other"))
        assert feed.consume().counts.rows_rejected == 1
        assert _channel(feed, "A1") == "one"
        [(table, document, reason)] = feed.letters()
        assert (table, document) == ("processed_order", "A1")
        assert "known with other content" in reason


def _channel(feed, key):
    return databases.value(
        feed.report,
        "SELECT o.channel FROM customer_order_data o JOIN fact_document f"
        " USING (order_key) WHERE f.document_key = %s",
        [key],
    )


class TestBadEvents:
    def test_a_bad_event_becomes_a_dead_letter_and_stops_no_other(self, feed):
        feed.send(*orders(5), "no JSON", order("B", store_id="x"), *orders(5, start=5))
        feed.client.xadd(feed.name, {"another": "field"})
        result = feed.consume()
        assert result.state == "done"
        assert feed.orders() == set(keys(10))
        assert result.counts.rows_rejected == 3
        assert [(table, document) for table, document, _reason in feed.letters()] == [
            ("event", None),
            ("event", None),
            ("processed_order", "B"),
        ]
        assert feed.pending() == 0

    def test_a_dead_letter_is_settled_when_its_document_comes(self, feed):
        feed.send(order("B", store_id="x"))
        feed.consume()
        assert len(feed.letters()) == 1
        feed.send(order("B"))
        feed.consume()
        assert feed.letters() == []

    def test_a_booking_of_an_order_waits_for_the_orders_document(self, feed):
        feed.send(event("points.changed", point(1, order_id="A1")))
        feed.consume()
        [(table, document, reason)] = feed.letters()
        assert (table, document) == ("point_transaction", "A1")
        assert "whose document must bring it" in reason
        feed.send(order("A1", points=2))
        feed.consume()
        assert feed.letters() == []

    def test_what_the_transformation_refuses_is_a_dead_letter_as_on_any_road(self, feed):
        feed.send(order("A1", company_id=9), order("A2", number=1, amounts=["1.23456"]))
        feed.consume()
        reasons = [reason for _table, _document, reason in feed.letters()]
        assert any("company_id 9 is not mapped" in reason for reason in reasons)
        assert any("more than 4 decimals" in reason for reason in reasons), reasons

    def test_text_of_every_kind_arrives(self, feed):
        text = 'tab\t line\n back\\slash \\N \\. "quoted" ☕ \x7f \u2028'
        feed.send(order("A\\1\t", channel=text))
        feed.consume()
        assert feed.letters() == []
        assert _channel(feed, "A\\1\t") == text

    def test_an_event_that_is_too_large_is_refused(self, feed):
        feed.send(order("A1", channel="x" * 3000), order("A2"))
        feed.consume(event_bytes=2000)
        assert feed.orders() == {"A2"}
        assert "at most 2000 are read" in feed.letters()[0][2]


class TestPoison:
    def test_what_the_store_cannot_take_is_found_and_the_others_are_loaded(self, feed):
        feed.send(*orders(40))
        store = Store(feed, before=_refusing("A13", psycopg2.DataError("too odd")))
        result = feed.consume(open_store=store)
        assert result.state == "done"
        assert feed.orders() == set(keys(40)) - {"A13"}
        [(table, document, reason)] = feed.letters()
        assert (table, document) == ("processed_order", "A13")
        assert reason == "cannot be loaded: too odd"
        assert feed.pending() == 0
        # By halves: nothing like forty loads.
        assert len(store.sizes) < 10

    def test_several_are_found(self, feed):
        bad = {"A0", "A7", "A8", "A39"}
        feed.send(*orders(40))

        def refuse(chunk):
            if bad & set(chunk.keys.get("order", ())):
                raise StoreError("no") from psycopg2.errors.ProgramLimitExceeded("big")

        assert feed.consume(open_store=Store(feed, before=refuse)).state == "done"
        assert feed.orders() == set(keys(40)) - bad
        assert {document for _table, document, _reason in feed.letters()} == bad

    def test_an_event_that_fails_for_no_known_reason_is_found_too(self, feed):
        feed.send(*orders(4))
        store = Store(feed, before=_refusing("A2", ZeroDivisionError("oops")))
        assert feed.consume(open_store=store).state == "done"
        assert feed.orders() == {"A0", "A1", "A3"}
        [(_table, document, reason)] = feed.letters()
        assert (document, reason) == ("A2", "cannot be loaded: oops")

    def test_a_fault_of_ours_makes_no_dead_letters_of_a_whole_stream(self, feed):
        feed.send(*orders(200))
        for _ in range(8):
            store = Store(feed, before=_failing(None, ZeroDivisionError("oops")))
            result = feed.consume(open_store=store)
            assert result.state == "failed"
            assert "ZeroDivisionError: oops (a fault of ours" in result.message
        assert feed.letters() == []
        assert feed.consume().state == "done"
        assert feed.orders() == set(keys(200))

    def test_a_single_event_that_fails_is_tried_some_times_first(
        self, feed, monkeypatch
    ):
        monkeypatch.setattr("core.consume.LONGEST_PAUSE", 0.01)
        tries = []

        def fail(chunk):
            if chunk.keys:
                tries.append(chunk)
                raise ZeroDivisionError("oops")

        with feed.running(open_store=Store(feed, before=fail)):
            feed.send(*orders(1))
            until(lambda: feed.letters())
            until(lambda: feed.pending() == 0)
        # Each time as a batch, and taken apart.
        assert len(tries) == 10

    def test_a_single_event_that_fails_in_every_drain_is_refused_in_the_end(
        self, feed
    ):
        feed.send(*orders(1))
        failing = _failing(None, ZeroDivisionError("oops"), only_documents=True)
        for _ in range(5):
            stream = feed.stream(claim_after=0)
            result = feed.consume(stream, open_store=Store(feed, before=failing))
            assert result.state == "failed"
        store = Store(feed, before=failing)
        assert feed.consume(feed.stream(claim_after=0), open_store=store)
        [(_table, document, reason)] = feed.letters()
        assert document == "A0"
        assert "handed out 5 times without success" in reason
        assert feed.pending() == 0

    def test_a_missing_table_makes_no_dead_letters(self, feed):
        feed.send(*orders(4))
        missing = psycopg2.errors.UndefinedTable("no such table")
        for _ in range(8):
            result = feed.consume(open_store=Store(feed, before=_failing(missing)))
            assert result.state == "failed"
        assert feed.consume().state == "done"
        assert feed.orders() == set(keys(4))
        assert feed.letters() == []


def _refusing(key, error):
    def refuse(chunk):
        if key in chunk.keys.get("order", ()):
            raise error

    return refuse


def _failing(cause, error=None, only_documents=False):
    def fail(chunk):
        if chunk.keys or not only_documents:
            raise error or StoreError("It is not there.") from cause

    return fail


class TestRunning:
    def test_events_are_loaded_as_they_come(self, feed):
        with feed.running() as results:
            for n in range(5):
                feed.send(*orders(1, start=n))
                began = time.monotonic()
                until(lambda n=n: f"A{n}" in feed.orders())
                assert time.monotonic() - began < 2
            assert not results
        [result] = results
        assert result.state == "done"
        assert result.counts.documents_changed == 5

    def test_stopping_takes_seconds_and_finishes_what_is_being_loaded(self, feed):
        feed.send(*orders(1000))
        begun = threading.Event()

        def slow(_chunk):
            begun.set()
            time.sleep(1)

        store = Store(feed, before=slow)
        with feed.running(open_store=store, events=100):
            assert begun.wait(10)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        loaded = sum(store.sizes)
        assert len(feed.orders()) == loaded
        # What was read beyond it is for whoever comes next, at once.
        assert feed.consume(feed.stream(claim_after=0.1)).state == "done"
        assert feed.orders() == set(keys(1000))
        assert feed.pending() == 0

    def test_the_next_batch_is_read_while_one_is_loaded(self, feed):
        feed.send(*orders(300))
        read_meanwhile = []

        def slow(_chunk):
            time.sleep(0.5)
            read_meanwhile.append(feed.pending())

        feed.consume(open_store=Store(feed, before=slow), events=100)
        assert read_meanwhile[0] == 200

    def test_the_run_log_is_kept_up_to_date(self, feed, monkeypatch):
        monkeypatch.setattr("core.consume.NOTE_EVERY", 0.1)
        feed.send(*orders(3))
        with feed.running():
            until(lambda: feed.runs() and feed.runs()[0]["documents_read"] == 3)
            [run] = feed.runs()
            assert run["state"] == "running"
        [run] = feed.runs()
        assert run["state"] == "done"

    def test_what_odoo_tells_is_asked_again(self, feed, monkeypatch):
        monkeypatch.setattr("core.consume.NOTE_EVERY", 0.05)
        mapping = {}
        with feed.running(configuration=lambda: configuration() | {"mapping": mapping}):
            feed.send(order("A1"))
            until(lambda: feed.letters())
            mapping[1] = 1
            time.sleep(0.5)
            feed.send(order("A1", version=2))
            until(lambda: feed.orders() == {"A1"})

    def test_two_consumers_side_by_side_load_everything_once(self, feed):
        with feed.running(events=50), feed.running(events=50):
            for start in range(0, 1000, 100):
                feed.send(*orders(100, start=start))
            until(lambda: len(feed.orders()) == 1000)
        assert feed.pending() == 0
        assert feed.letters() == []
        assert {run["state"] for run in feed.runs()} == {"done"}
        assert sum(run["documents_changed"] for run in feed.runs()) == 1000


class TestCallbacks:
    def test_loads_that_changed_something_are_told_at_most_once_a_second(self, feed):
        told = []
        with feed.running(
            events=10, on_load=lambda result: told.append((time.monotonic(), result))
        ):
            feed.send(*orders(200))
            until(lambda: sum(r.counts.documents_changed for _, r in told) == 200)
        assert len(told) < 20
        times = [at for at, _result in told]
        assert all(b - a > 0.9 for a, b in zip(times, times[1:], strict=False))

    def test_what_is_left_to_tell_is_told_at_the_end(self, feed):
        told = []
        feed.send(*orders(20))
        feed.consume(events=5, on_load=told.append)
        assert sum(r.counts.documents_changed for r in told) == 20

    def test_loads_that_changed_nothing_are_not_told(self, feed):
        feed.send(*orders(5))
        feed.consume()
        feed.send(*orders(5))
        told = []
        feed.consume(on_load=told.append)
        assert told == []

    def test_a_callback_that_fails_stops_nothing(self, feed):
        feed.send(*orders(5))
        assert feed.consume(on_load=_raise).state == "done"
        assert feed.orders() == set(keys(5))

    def test_lost_entries_are_reported_and_the_source_is_asked(self, feed):
        feed.send(*orders(10))
        feed.client.xtrim(feed.name, maxlen=4, approximate=False)
        refilled = []
        result = feed.consume(refill=refilled.append)
        [[lost]] = refilled
        assert lost.count == 6
        assert "6 entries behind 0-0 were removed" in result.message
        assert feed.runs()[0]["message"] == result.message
        assert len(feed.orders()) == 4

    def test_a_refill_that_failed_is_asked_for_again(self, feed):
        feed.send(*orders(3))
        feed.client.xtrim(feed.name, maxlen=1, approximate=False)
        asked = []

        def refill(lost):
            asked.append(lost)
            if len(asked) == 1:
                raise RuntimeError("not now")

        with feed.running(refill=refill):
            until(lambda: len(asked) == 2)
        assert asked[0] == asked[1]
        assert len(asked) == 2

    def test_a_stream_that_vanished_is_reported_once(self, feed):
        feed.send(*orders(3))
        feed.consume()
        feed.client.delete(feed.name)
        refilled = []
        feed.consume(refill=refilled.append)
        feed.consume(refill=refilled.append)
        assert len(refilled) == 1
        feed.send(*orders(2, start=3))
        feed.consume(refill=refilled.append)
        assert len(refilled) == 1
        assert feed.orders() == set(keys(5))


def _raise(_argument):
    raise RuntimeError("no")


class TestServicesAway:
    def test_a_drain_without_the_reporting_database_leaves_all_pending(self, feed):
        feed.send(*orders(3))
        for _ in range(8):
            away = Store(feed, before=_failing(psycopg2.OperationalError("away")))
            result = feed.consume(open_store=away)
            assert (result.state, result.message) == ("failed", "It is not there.")
        assert feed.consume().state == "done"
        assert feed.orders() == set(keys(3))
        assert feed.letters() == []

    def test_a_drain_where_nothing_can_be_reached_tells_what(self, feed):
        result = feed.consume(feed.stream("redis://:secret@127.0.0.1:1/0"))
        assert result.state == "failed"
        assert "Redis cannot be reached" in result.message
        assert "secret" not in result.message
        assert feed.runs()[0]["message"] == result.message
        dead = Feed(feed.url, "postgresql://u:secret@127.0.0.1:1/x").consume()
        assert dead.state == "failed"
        assert "The reporting database failed" in dead.message

    def test_a_consumer_waits_for_the_reporting_database_and_goes_on(
        self, feed, monkeypatch
    ):
        monkeypatch.setattr("core.consume.LONGEST_PAUSE", 0.05)
        monkeypatch.setattr("core.consume.NOTE_EVERY", 0.05)
        away = threading.Event()
        away.set()

        def fail(_chunk):
            if away.is_set():
                raise StoreError("It is away.") from psycopg2.OperationalError("away")

        store = Store(feed, before=fail)
        with feed.running(open_store=store):
            feed.send(*orders(10))
            until(lambda: any("It is away" in (r["message"] or "") for r in feed.runs()))
            assert feed.orders() == set()
            away.clear()
            until(lambda: feed.orders() == set(keys(10)))
            feed.send(*orders(5, start=10))
            until(lambda: feed.orders() == set(keys(15)))
        assert store.opened > 1
        assert feed.letters() == []
        assert feed.pending() == 0

    def test_connections_that_break_are_made_again(self, feed, monkeypatch):
        monkeypatch.setattr("core.consume.LONGEST_PAUSE", 0.05)
        monkeypatch.setattr("core.consume.NOTE_EVERY", 0.05)
        with feed.running():
            feed.send(*orders(5))
            until(lambda: feed.orders() == set(keys(5)))
            databases.execute(
                feed.report,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            for client in feed.client.client_list():
                if client["name"] == "loyalty_reporting":
                    feed.client.client_kill_filter(_id=client["id"])
            feed.send(*orders(5, start=5))
            until(lambda: feed.orders() == set(keys(10)))
            until(lambda: feed.pending() == 0)
        assert feed.runs()[-1]["state"] == "done"

    def test_a_stream_that_fails_now_and_then_loses_nothing(self, feed, monkeypatch):
        monkeypatch.setattr("core.consume.LONGEST_PAUSE", 0.01)
        stream = feed.stream()
        calls = Counter()
        for name in ("eval", "xack"):
            _fail_now_and_then(stream._client, name, calls, monkeypatch)
        with feed.running(stream, events=10):
            feed.send(*orders(200))
            until(lambda: feed.orders() == set(keys(200)))
            until(lambda: feed.pending() == 0)
        assert calls["eval failed"] > 3 and calls["xack failed"] > 3


def _fail_now_and_then(client, name, calls, monkeypatch):
    real, chance = getattr(client, name), random.Random(name)

    def call(*arguments):
        calls[name] += 1
        if chance.random() < 0.3:
            calls[f"{name} failed"] += 1
            raise redis.ConnectionError("broken")
        return real(*arguments)

    monkeypatch.setattr(client, name, call)


class TestKilled:
    def test_a_consumer_killed_at_any_time_leaves_nothing_out(self, feed):
        feed.send(*orders(2000, points=1))
        kills = 0
        for seconds in (0.3, 0.5, 0.7, 0.9):
            command = [sys.executable, SCRIPT, feed.url, feed.name, feed.report]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                assert process.stdout.readline() == b"ready\n"
                time.sleep(seconds)
                process.kill()
                kills += 1
        result = feed.consume(feed.stream(claim_after=0))
        assert result.state == "done"
        assert feed.orders() == set(keys(2000))
        assert feed.pending() == 0
        assert feed.letters() == []
        assert databases.value(
            feed.report, "SELECT count(*) FROM point_analytics_data"
        ) == 2000

    def test_a_signal_ends_it_in_seconds(self, feed):
        feed.send(*orders(3))
        command = [sys.executable, SCRIPT, feed.url, feed.name, feed.report]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            until(lambda: feed.orders() == set(keys(3)))
            process.terminate()
            began = time.monotonic()
            told = json.loads(process.stdout.read())
        assert time.monotonic() - began < 5
        assert told == ["done", 3]
        assert feed.pending() == 0
