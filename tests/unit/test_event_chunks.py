"""From documents to a chunk: versions, repeats, and rows that belong elsewhere."""

import io
import itertools

import pytest
from event_samples import encoded, envelope, event

from core.events.chunks import chunk_of
from core.events.cloudevents import parse
from core.records import Road
from core.sources.contract import STAGES, TABLES


def chunk(*payloads, position=None):
    """The chunk of some events."""
    return chunk_of(parse(payloads), position)


def copied(found, stage="stage_order"):
    """Rows that a chunk writes for a staging table, as lists of columns."""
    if stage not in found.tables:
        return []
    file = io.BytesIO()
    found.tables[stage](file)
    lines = file.getvalue().decode().removesuffix("\n").split("\n")
    return [line.split("\t") for line in lines]


def column(found, name, table="processed_order"):
    """One column of a table as a chunk writes it."""
    place = list(TABLES[table]).index(name)
    return [row[place] for row in copied(found, STAGES[table])]


def order(version=1, change=None):
    """An order's event; `change` gets its data."""
    whole = envelope()
    whole["data"]["order"]["version"] = version
    if change:
        change(whole["data"])
    return encoded(whole)


def test_a_chunk_says_by_which_road_and_where_to_go_on():
    found = chunk(event(), position={"entry": "1-0"})
    assert (found.road, found.position) == (Road.EVENT, {"entry": "1-0"})
    assert not found.stands


def test_keys_are_those_of_the_documents_by_kind():
    found = chunk(
        event(id="A1"),
        event(id="A2"),
        event("membership"),
        event("points"),
        event("program"),
    )
    assert found.keys == {
        "order": ("A1", "A2"),
        "membership": ("41",),
        "points": ("32",),
    }
    assert set(found.tables) == {
        "stage_order",
        "stage_line",
        "stage_evaluation",
        "stage_point",
        "stage_membership_event",
        "stage_program",
    }
    assert [row[0] for row in copied(found, "stage_point")] == ["31", "31", "32"]


def test_rows_have_the_columns_of_the_contract():
    found = chunk(event(), event("membership"), event("program"))
    for table, stage in STAGES.items():
        for row in copied(found, stage):
            assert len(row) == len(TABLES[table]) - 1


def test_writers_can_be_called_again():
    found = chunk(event())
    assert copied(found) == copied(found) != []


def test_nothing_makes_an_empty_chunk():
    found = chunk()
    assert (found.tables, found.keys, found.rejects) == ({}, {}, ())


def test_what_is_refused_is_carried_along_and_is_no_key():
    found = chunk(event(), b"hello", event(id="A2", channel=5))
    assert found.keys == {"order": ("A1",)}
    assert [(r.table_name, r.row_key) for r in found.rejects] == [
        ("event", None),
        ("processed_order", "A2"),
    ]


@pytest.mark.parametrize("versions", list(itertools.permutations((1, 2, 3))))
def test_of_several_versions_the_highest_stays(versions):
    found = chunk(*(event(version=v, channel=f"v{v}") for v in versions))
    assert column(found, "channel") == ["v3"]
    assert len(copied(found, "stage_line")) == 1
    assert found.keys == {"order": ("A1",)}
    assert found.rejects == ()


@pytest.mark.parametrize("kind", ["order", "membership", "points", "program"])
def test_a_repeat_collapses(kind):
    found = chunk(*[event(kind)] * 3)
    assert sum(map(len, found.keys.values())) == (kind != "program")
    assert found.rejects == ()
    for stage in found.tables:
        assert len(copied(found, stage)) == 1


def test_a_repeat_may_be_written_otherwise():
    def other(data):
        data["order"]["amount_total"] = "19.990"
        data["order"]["ordered_at"] = "2017-03-10T10:20:00-05:00"
        data["lines"].append(data["lines"][0] | {"id": 12})
        data["lines"].reverse()
        data["lines"][0].pop("order_id")

    def one(data):
        data["lines"].append(data["lines"][0] | {"id": 12})

    found = chunk(order(change=one), order(change=other))
    assert found.rejects == ()
    assert len(copied(found)) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["order"].update(channel="web"),
        lambda data: data["order"].update(amount_total=20),
        lambda data: data["lines"][0].update(amount="12.3401"),
        lambda data: data["lines"].append({}),
        lambda data: data["lines"].clear(),
        lambda data: data["lines"].append(data["lines"][0]),
        lambda data: data["evaluations"][0].update(outcome="applied"),
        lambda data: data["points"][0].update(id=99),
    ],
)
def test_an_equal_version_with_other_content_is_refused_if_it_comes_later(change):
    found = chunk(event(), order(change=change), event())
    [reject] = found.rejects
    assert reject.reason == "equal version, other content"
    assert (reject.table_name, reject.document_key, reject.row_key, reject.kind) == (
        ("processed_order", "A1", "A1", "order")
    )
    assert reject.raw.encode() == order(change=change)
    assert column(found, "channel") == ["pos"]
    assert column(found, "amount_total") == ["19.99"]


@pytest.mark.parametrize(
    ("kind", "table", "key"),
    [
        ("membership", "membership_event", "41"),
        ("points", "point_transaction", "32"),
        ("program", "program", None),
    ],
)
def test_rows_that_contradict_each_other_are_refused_too(kind, table, key):
    found = chunk(event(kind), event(kind, active=None, partner_id=5, name="X"))
    [reject] = found.rejects
    assert (reject.table_name, reject.document_key) == (table, key)
    assert reject.reason == "equal version, other content"


def test_a_contradiction_is_settled_by_a_higher_version():
    found = chunk(event(), event(channel="web"), event(version=2, channel="app"))
    assert found.rejects == ()
    assert column(found, "channel") == ["app"]


def test_a_lower_version_is_ignored_without_a_word():
    found = chunk(event(version=2), event(version=1, channel="web"))
    assert (column(found, "channel"), found.rejects) == (["pos"], ())


def test_the_same_number_is_another_key_in_another_kind():
    found = chunk(event("membership", id=5), event("points", id=5), event(id="5"))
    assert found.keys == {"membership": ("5",), "points": ("5",), "order": ("5",)}


def test_a_booking_of_an_order_waits_for_the_orders_document():
    found = chunk(event("points", order_id="A9"))
    assert (found.tables, found.keys) == ({}, {})
    [reject] = found.rejects
    assert (reject.table_name, reject.document_key, reject.row_key, reject.kind) == (
        ("point_transaction", "A9", "32", "order")
    )
    assert "belongs to order A9, whose document must bring it" in reject.reason


def test_a_booking_that_its_orders_document_brings_is_no_matter():
    booking = event("points", id=31, order_id="A1")
    for payloads in ([booking, event()], [event(), booking]):
        found = chunk(*payloads)
        assert found.rejects == ()
        assert len(copied(found, "stage_point")) == 1


def test_a_booking_that_is_newer_than_its_orders_document_waits():
    assert chunk(event(), event("points", id=31, order_id="A1", version=2)).rejects
    assert chunk(event(), event("points", id=33, order_id="A1")).rejects


def test_a_long_name_does_not_make_a_long_reason():
    [reject] = chunk(event("points", order_id="A" * 5000)).rejects
    assert len(reject.reason) < 250
    assert len(reject.document_key) == 5000
