"""Events that external systems push: a verdict for each, and each counted once."""

import json

import databases
import pytest
from pipeline import NEW_YORK

from core.errors import BadQuery, TooMany
from core.events.intake import MOST_EVENTS, Intake

ORDERS = "SELECT order_id, sum(amount) FROM promotion_report_detail GROUP BY 1"
OPEN = "SELECT document_key, reason FROM loyalty_reporting_dead_letter"


def event(key, amount="9.99", event_id=None, **order):
    """A CloudEvent with an order of one line."""
    header = {"id": key, "partner_id": 7, "store_id": 1, "channel": "web"}
    header |= {"ordered_at": "2024-03-01T10:00:00Z", "amount_total": amount}
    header |= {"currency": "USD", "state": "done", "company_id": 1, "version": 1}
    line = {"id": abs(hash(key)) % 10**9, "order_id": key, "line_no": 1}
    line |= {"program_id": 5, "qty": 1, "amount": amount, "discount": "1.00"}
    line |= {"points_earned": 0, "points_redeemed": 0, "version": 1}
    return {
        "specversion": "1.0",
        "id": event_id or f"e-{key}",
        "source": "/shop",
        "type": "engine.order.processed.v1",
        "data": {
            "order": header | order,
            "lines": [line],
            "evaluations": [],
            "points": [],
        },
    }


def body(*events):
    """The body of a request with one event or several."""
    return json.dumps(events[0] if len(events) == 1 else events).encode()


@pytest.fixture
def intake(report):
    """An intake of the source ``shop`` into an empty reporting database."""
    return Intake(
        report,
        "shop",
        "engine",
        {"companies": [NEW_YORK], "mapping": {1: 1}},
        event_bytes=1_000_000,
        per_minute=5000,
    )


def verdicts(found):
    """[(id, verdict)] of an answer."""
    return [(v.name[1], v.verdict) for v in found]


def test_an_event_is_loaded_and_the_same_one_again_is_a_duplicate(intake):
    sent = body(event("S1"))
    assert verdicts(intake.receive(sent)) == [("e-S1", "accepted")]
    assert verdicts(intake.receive(sent)) == [("e-S1", "duplicate")]
    [(key, amount)] = databases.rows(intake.dsn, ORDERS)
    assert (key, str(amount)) == ("S1", "9.9900")


def test_another_event_under_a_known_name_is_refused(intake):
    intake.receive(body(event("S1")))
    [verdict] = intake.receive(body(event("S1", "5.00")))
    assert verdict.verdict == "refused"
    assert "another event was sent with this source and id" in verdict.reason
    [(_key, amount)] = databases.rows(intake.dsn, ORDERS)
    assert str(amount) == "9.9900"


def test_a_newer_version_under_a_new_name_corrects_the_order(intake):
    intake.receive(body(event("S1")))
    newer = event("S1", "5.00", "e-2", version=2)
    assert verdicts(intake.receive(body(newer))) == [("e-2", "accepted")]
    [(_key, amount)] = databases.rows(intake.dsn, ORDERS)
    assert str(amount) == "5.0000"


def test_each_event_of_a_batch_has_a_verdict_of_its_own(intake):
    twice = event("S2")
    broken = event("S3")
    broken["data"]["lines"][0]["amount"] = "much"
    unmapped = event("S4", company_id=9)
    nameless = {k: v for k, v in event("S5").items() if k != "id"}
    found = intake.receive(
        body(event("S1"), twice, twice, broken, unmapped, nameless, event("S6"))
    )
    assert [v.verdict for v in found] == [
        *("accepted", "accepted", "duplicate", "refused", "refused", "refused"),
        "accepted",
    ]
    assert "amount" in found[3].reason
    assert "company_id 9 is not mapped" in found[4].reason
    assert {key for key, _sum in databases.rows(intake.dsn, ORDERS)} == {
        *("S1", "S2", "S6")
    }
    # What the sender is told of at once needs nobody's attention here; what only the
    # database could tell is kept as any refused row is.
    letters = {key for key, _reason in databases.rows(intake.dsn, OPEN)}
    assert letters == {"S4"}


def test_what_contradicts_a_good_event_is_refused_alone(report, intake):
    good, other = event("A", "9.99"), event("A", "8.88", event_id="e-A2")
    verdicts = intake.receive(body(good, other))
    assert [v.verdict for v in verdicts] == ["accepted", "refused"]
    assert "other content" in verdicts[1].reason
    assert [(key, str(amount)) for key, amount in databases.rows(report, ORDERS)] == [
        ("A", "9.9900")
    ]


def test_a_refused_event_may_be_sent_again_once_it_is_right(intake):
    [verdict] = intake.receive(body(event("S1", state="quote")))
    assert verdict.verdict == "refused"
    assert verdicts(intake.receive(body(event("S1")))) == [("e-S1", "accepted")]


@pytest.mark.parametrize("text", [b"[", b"[]", b"[1,", b"[\xff]"])
def test_a_body_that_holds_no_events_is_said(intake, text):
    with pytest.raises(BadQuery):
        intake.receive(text)


@pytest.mark.parametrize("text", [b"", b"{", b"null", b"7", b'{"id": 1}', b"\xff\xfe"])
def test_what_is_no_event_is_refused(intake, text):
    [verdict] = intake.receive(text)
    assert verdict.verdict == "refused"
    assert verdict.reason


def test_too_many_events_in_a_request_are_said(intake):
    with pytest.raises(BadQuery, match="1 to 1000"):
        intake.receive(b"[" + b",".join([b"{}"] * (MOST_EVENTS + 1)) + b"]")


def test_more_than_a_minute_s_share_waits(report, intake):
    few = Intake(report, "shop", "engine", intake.configuration, 1_000_000, 2)
    assert len(few.receive(body(event("S1"), event("S2")))) == 2
    with pytest.raises(TooMany) as told:
        few.receive(body(event("S3")))
    assert told.value.seconds == 60
    assert len(databases.rows(report, ORDERS)) == 2
