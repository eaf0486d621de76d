"""A consumer whose services are away, whose events are odd, or that is killed."""

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
from stream_fixtures import Feed, Store, feed, keys, orders, until

from core.errors import StoreError

__all__ = ["feed"]
SCRIPT = Path(__file__).with_name("consuming.py")


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
            until(feed.letters)
            until(lambda: feed.pending() == 0)
        # Each time as a batch, and taken apart.
        assert len(tries) == 10

    def test_a_single_event_that_fails_in_every_drain_is_refused_in_the_end(self, feed):
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
            until(
                lambda: any("It is away" in (r["message"] or "") for r in feed.runs())
            )
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
            _fail_now_and_then(stream._group.client, name, calls, monkeypatch)
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
        assert (
            databases.value(feed.report, "SELECT count(*) FROM point_analytics_data")
            == 2000
        )

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
