"""The live replay's events: their form, and the order in which they come."""

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import simplejson

from dev.reference_engine.replay import Delivery, Rates, cloud_event, steps
from dev.reference_engine.replay.delivery import Event, Outgoing
from dev.reference_engine.replay.rows import Document, Step

INSTANT = datetime(2026, 3, 1, 12, 30, 5, 250_000, tzinfo=UTC)
EVENTFUL = Rates(refunds=0.2, voids=0.1, corrections=0.2, campaigns=0.05)


def delivered(orders=300, **options):
    """What `Outgoing` gives out of a replay of an order per second."""
    outgoing = Outgoing(Delivery(**options), random.Random(5))
    things = []
    for now, step in enumerate(steps(2, rates=EVENTFUL, orders=orders)):
        outgoing.plan(step, now)
        things += outgoing.due(now)
    return [*things, *outgoing.due(None)]


def plain(value):
    """Numbers as exact text; a float would betray itself. Instants as in events."""
    assert not isinstance(value, float)
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return None if value is None else str(value)


def parsed(things):
    return [json.loads(thing.text) for thing in things if isinstance(thing, Event)]


class TestCloudEvents:
    def test_attributes_are_those_of_version_1(self):
        document = Document("engine.program.changed.v1", "7", {"id": 7})
        assert json.loads(cloud_event(document, INSTANT, "e-1")) == {
            "specversion": "1.0",
            "id": "e-1",
            "source": "/engine",
            "type": "engine.program.changed.v1",
            "subject": "7",
            "time": "2026-03-01T12:30:05.250000Z",
            "datacontenttype": "application/json",
            "data": {"id": 7},
        }

    @pytest.mark.parametrize(
        "number", ["0.10", "12345678901234567890.123456", "-0.01", "100", "0.00"]
    )
    def test_a_decimal_keeps_all_its_digits(self, number):
        text = cloud_event(Document("t", "1", {"amount": Decimal(number)}), INSTANT)
        assert f'"amount":{number}}}' in text
        assert simplejson.loads(text, use_decimal=True)["data"]["amount"] == Decimal(
            number
        )

    def test_instants_end_in_z_days_are_days_and_null_is_null(self):
        data = {
            "at": INSTANT.replace(microsecond=0),
            "day": date(2026, 3, 1),
            "no": None,
        }
        text = cloud_event(Document("t", "1", data), INSTANT)
        assert json.loads(text)["data"] == {
            "at": "2026-03-01T12:30:05Z",
            "day": "2026-03-01",
            "no": None,
        }

    def test_what_a_replay_sends_comes_back_with_the_same_values(self):
        for step in steps(2, rates=EVENTFUL, orders=200):
            for document in step.documents:
                text = cloud_event(document, step.instant)
                sent = simplejson.loads(text, use_decimal=True)["data"]
                assert plain(sent) == plain(document.data)


class TestOrder:
    def test_undisturbed_each_event_follows_its_transaction(self):
        told = set()
        for thing in delivered():
            if isinstance(thing, Step):
                told |= {document.subject for document in thing.documents}
            else:
                assert json.loads(thing.text)["subject"] in told

    def test_disorder_lets_events_overtake_each_other_and_the_database(self):
        things = delivered(disorder=5)
        times = [event["time"] for event in parsed(things)]
        assert times != sorted(times)
        seen, early = set(), 0
        for thing in things:
            if isinstance(thing, Step):
                seen |= {document.subject for document in thing.documents}
            else:
                early += json.loads(thing.text)["subject"] not in seen
        assert early

    def test_the_database_gets_the_steps_in_their_order_all_the_same(self):
        written = [thing for thing in delivered(disorder=5) if isinstance(thing, Step)]
        assert written == list(steps(2, rates=EVENTFUL, orders=300))

    def test_disorder_loses_nothing(self):
        def content(things):
            texts = [
                json.dumps([e["time"], e["type"], e["data"]]) for e in parsed(things)
            ]
            return sorted(texts)

        assert content(delivered(disorder=60)) == content(delivered())


class TestDuplicates:
    def test_without_them_every_id_is_unique(self):
        ids = [event["id"] for event in parsed(delivered(disorder=5))]
        assert len(ids) == len(set(ids))

    def test_their_share_is_as_asked_and_most_are_the_same_event(self):
        things = delivered(1500, duplicates=0.2)
        events = [thing for thing in things if isinstance(thing, Event)]
        again = [event for event in events if event.again]
        first = {event.text for event in events if not event.again}
        same = [event for event in again if event.text in first]
        assert len(again) / len(first) == pytest.approx(0.2, abs=0.03)
        assert len(same) / len(again) == pytest.approx(0.75, abs=0.08)
        contents = {json.dumps(event["data"]) for event in parsed(things)}
        others = parsed([event for event in again if event.text not in first])
        assert all(json.dumps(event["data"]) in contents for event in others)

    @pytest.mark.parametrize(
        "options", [{"duplicates": 2}, {"speed": -1}, {"disorder": -1}, {"maxlen": -1}]
    )
    def test_an_impossible_delivery_is_refused(self, options):
        with pytest.raises(ValueError):
            Delivery(**options)
