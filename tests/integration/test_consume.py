"""From a stream into PostgreSQL: small batches, acknowledged after their commit."""

import threading
import time

import databases
from stream_fixtures import (
    Store,
    configuration,
    event,
    feed,
    joined,
    keys,
    order,
    orders,
    point,
    until,
)

__all__ = ["feed"]


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

    def test_a_bad_event_takes_no_good_one_of_its_document_along(self, feed):
        feed.send(
            order("A1", number=1),
            order("A1", number=1, version=2, store_id="x"),
            order("A2", number=2),
            order("A2", number=2, channel="another"),
            event("membership.changed", joined(7)),
            event("membership.changed", joined(7, version=2, partner_id="x")),
        )
        result = feed.consume()
        assert result.counts.rows_rejected == 3
        assert feed.orders() == {"A1", "A2"}
        assert ("membership", "7") in feed.documents()
        assert {(table, key) for table, key, _reason in feed.letters()} == {
            ("processed_order", "A1"),
            ("membership_event", "7"),
            ("processed_order", "A2"),
        }

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

    def test_what_the_transformation_refuses_is_a_dead_letter_as_on_any_road(
        self, feed
    ):
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
            until(feed.letters)
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
