"""Events that are as they should be, and every way in which they may not be."""

import json

import pytest
from event_samples import AT, encoded, envelope, event

from core.events.cloudevents import parse
from core.events.types import TYPES


def only_document(payload, **options):
    """The only document of a payload that is accepted."""
    parsed = parse([payload], **options)
    assert not parsed.rejects, parsed.rejects
    [document] = parsed.documents
    return document


def only_reject(payload, **options):
    """The only dead letter of a payload that is refused."""
    parsed = parse([payload], **options)
    assert not parsed.documents
    [reject] = parsed.rejects
    return reject


def changed(path, value, kind="order"):
    """An event with one value changed; ``...`` takes the member away."""
    whole = envelope(kind)
    target = whole
    for step in path[:-1]:
        target = target[step]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return encoded(whole)


def fields(document, stage):
    """Rows of a document for a staging table, split into columns."""
    return [
        text.rstrip("\n").split("\t") for name, text in document.rows if name == stage
    ]


def test_an_order_becomes_a_document_with_all_its_rows():
    document = only_document(event())
    assert (document.kind, document.key, document.version) == ("order", "A1", 1)
    assert fields(document, "stage_order") == [
        ["A1", "7", "1", "pos", "2017-03-10T15:20:00Z", "19.99", "USD", "False", "done"]
        + [r"\N", "1", "1"]
    ]
    assert fields(document, "stage_line") == [
        ["11", "A1", "1", "5", "2", "12.3400", "0.5", "0", "0", "1"]
    ]
    assert fields(document, "stage_evaluation") == [
        ["21", "A1", "1", "7", "2017-03-10T15:20:00Z", "eligible", r"\N", "1"]
    ]
    assert fields(document, "stage_point")[0][:7] == (
        ["31", "1", "7", "7", "3", "earn", "12"]
    )


@pytest.mark.parametrize(
    ("kind", "key", "stage"),
    [
        ("membership", "41", "stage_membership_event"),
        ("points", "32", "stage_point"),
        ("program", "1", "stage_program"),
    ],
)
def test_other_events_are_a_row_each(kind, key, stage):
    document = only_document(event(kind))
    assert (document.kind, document.key, document.version) == (kind, key, 1)
    assert [name for name, _text in document.rows] == [stage]


def test_there_is_an_event_for_each_type_of_the_contract():
    assert [t.__struct_config__.tag for t in TYPES] == [
        "engine.order.processed.v1",
        "engine.membership.changed.v1",
        "engine.points.changed.v1",
        "engine.program.changed.v1",
    ]


def test_an_array_is_a_number_of_events():
    payload = b" [%s,\n %s ]" % (event(id="A1"), event(id="A2"))
    assert [d.key for d in parse([payload, event(id="A3")]).documents] == [
        "A1",
        "A2",
        "A3",
    ]


def test_a_bad_event_in_an_array_leaves_the_others():
    payload = b"[%s, 17, %s]" % (event(id="A1"), event(id="A2"))
    parsed = parse([payload])
    assert [d.key for d in parsed.documents] == ["A1", "A2"]
    [reject] = parsed.rejects
    assert reject.reason == "Expected `object`, got `int`"
    assert reject.raw == "17"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("12345678901234.5678", "12345678901234.5678"),
        ('"12345678901234.5678"', "12345678901234.5678"),
        ("0.1", "0.1"),
        ("-3", "-3"),
        ("1.10", "1.10"),
        ("1e3", "1E+3"),
        ("2.5E-7", "2.5E-7"),
        ("null", r"\N"),
    ],
)
def test_numbers_stay_exact(number, text):
    payload = event().replace(b"19.99", number.encode())
    assert fields(only_document(payload), "stage_order")[0][5] == text


@pytest.mark.parametrize("extra", ["datacontenttype", "subject", "time", "traceparent"])
def test_members_that_we_do_not_read_are_ignored(extra):
    whole = envelope() | {extra: {"any": [1, 2.5, None]}}
    whole["data"]["order"]["cashier_id"] = "whatever"
    whole["data"]["more"] = [[]]
    assert only_document(encoded(whole)).key == "A1"


def test_type_may_come_last():
    whole = envelope()
    whole["type"] = whole.pop("type")
    assert only_document(encoded(whole)).key == "A1"


def test_the_source_of_an_event_is_no_identity():
    first = only_document(encoded(envelope(source="/a")))
    assert only_document(encoded(envelope(source="/b"))).data == first.data


def test_a_row_need_not_name_its_document():
    payload = changed(["data", "lines", 0, "order_id"], ...)
    assert fields(only_document(payload), "stage_line")[0][1] == "A1"


def test_columns_may_be_absent_where_the_transformation_judges_them():
    payload = changed(["data", "order", "ordered_at"], ...)
    assert fields(only_document(payload), "stage_order")[0][4] == r"\N"


def test_instants_keep_their_zone():
    payload = changed(["data", "order", "ordered_at"], "2017-03-10T10:20:00.5-05:00")
    text = fields(only_document(payload), "stage_order")[0][4]
    assert text == "2017-03-10T10:20:00.500000-05:00"


@pytest.mark.parametrize(
    ("given", "copied"),
    [
        ("a\tb\nc\rd\\e", r"a\tb\nc\rd\\e"),
        (r"\N", r"\\N"),
        (r"\.", r"\\."),
        ("None", "None"),
        ("", ""),
        ("Größe ☕ 😀", "Größe ☕ 😀"),
        ("\x85\u2028\x0b\x1f\x7f", "\x85\u2028\x0b\x1f\x7f"),
    ],
)
def test_texts_are_escaped_for_copy(given, copied):
    for dumped in (json.dumps, lambda e: json.dumps(e, ensure_ascii=False)):
        whole = envelope()
        whole["data"]["order"]["channel"] = given
        document = only_document(dumped(whole).encode())
        assert fields(document, "stage_order")[0][3] == copied


def test_a_key_is_not_escaped():
    assert only_document(event(id="a\\b\tc")).key == "a\\b\tc"


BAD_ORDERS = {
    "no specversion": (["specversion"], ..., "missing required field `specversion`"),
    "old specversion": (["specversion"], "0.3", "`$.specversion`"),
    "no id": (["id"], ..., "missing required field `id`"),
    "empty id": (["id"], "", "length >= 1 - at `$.id`"),
    "numeric id": (["id"], 5, "Expected `str`, got `int` - at `$.id`"),
    "no source": (["source"], ..., "missing required field `source`"),
    "no type": (["type"], ..., "missing required field `type`"),
    "another type": (["type"], "engine.order.processed.v2", "the types read are"),
    "type is no text": (["type"], [], "`$.type`"),
    "no data": (["data"], ..., "missing required field `data`"),
    "null data": (["data"], None, "Expected `object`, got `null` - at `$.data`"),
    "text data": (["data"], "…", "Expected `object`, got `str` - at `$.data`"),
    "no order": (["data", "order"], ..., "missing required field `order`"),
    "no lines": (["data", "lines"], ..., "missing required field `lines`"),
    "null lines": (["data", "lines"], None, "Expected `array`, got `null`"),
    "no points": (["data", "points"], ..., "missing required field `points`"),
    "no order id": (["data", "order", "id"], ..., "missing required field `id`"),
    "null order id": (["data", "order", "id"], None, "`$.data.order.id`"),
    "empty order id": (["data", "order", "id"], "", "`$.data.order.id`"),
    "numeric order id": (["data", "order", "id"], 7, "`$.data.order.id`"),
    "no version": (["data", "order", "version"], ..., "field `version`"),
    "beyond bigint": (["data", "order", "store_id"], 2**63, "<= 9223372036854775807"),
    "below bigint": (["data", "order", "store_id"], -(2**63) - 1, "`$.data.order.st"),
    "far beyond": (["data", "order", "store_id"], 10**4000, "`$.data.order.store_id`"),
    "fraction": (["data", "order", "store_id"], 1.5, "got `float`"),
    "text for integer": (["data", "order", "store_id"], "1", "got `str`"),
    "boolean for integer": (["data", "order", "store_id"], True, "got `bool`"),
    "integer for boolean": (["data", "order", "is_first_order"], 1, "got `int`"),
    "object for text": (["data", "order", "channel"], {}, "got `object`"),
    "boolean for number": (["data", "order", "amount_total"], True, "got `bool`"),
    "no number": (["data", "order", "amount_total"], "ten", "Invalid decimal"),
    "text NaN": (["data", "order", "amount_total"], "NaN", "amount_total is no usable"),
    "signalling NaN": (["data", "order", "amount_total"], "sNaN", "no usable number"),
    "infinity": (["data", "order", "amount_total"], "-Infinity", "no usable number"),
    "exponent": (["data", "order", "amount_total"], "1e999999", "no usable number"),
    "tiny": (["data", "order", "amount_total"], "1e-99999", "no usable number"),
    "digits": (["data", "order", "amount_total"], "9" * 5000, "no usable number"),
    "bad line amount": (
        ["data", "lines", 0, "amount"],
        "NaN",
        "order_promotion_line.a",
    ),
    "local time": (["data", "order", "ordered_at"], "2017-03-10T15:20:00", "timezone"),
    "no such day": (["data", "order", "ordered_at"], "2017-02-30T00:00:00Z", "RFC3339"),
    "epoch": (["data", "order", "ordered_at"], 1489159200, "Expected `datetime"),
    "a row is no object": (["data", "lines", 0], 5, "`$.data.lines[0]`"),
    "line of another": (["data", "lines", 0, "order_id"], "B", "names the order 'B'"),
    "evaluation of another": (
        ["data", "evaluations", 0, "order_id"],
        "B",
        "a row of evaluations (id 21) names the order 'B', its document is that of 'A1'",
    ),
    "points of another": (["data", "points", 0, "order_id"], "", "names the order ''"),
    "NUL": (["data", "order", "channel"], "a\0b", "data.order.channel has a NUL"),
    "NUL in a line": (["data", "points", 0, "origin"], "\0", "data.points[0].origin"),
    "NUL in the key": (["data", "order", "id"], "A\0", "data.order.id has a NUL"),
    "surrogate": (["data", "order", "channel"], "\ud800", "surrogate"),
    "late surrogate": (["data", "order", "channel"], "\udfff", "surrogate"),
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_a_malformed_order_is_refused_with_the_reason(name):
    path, value, reason = BAD_ORDERS[name]
    reject = only_reject(changed(path, value))
    assert reason in reject.reason
    assert "\0" not in reject.raw + (reject.document_key or "")


BAD_ROWS = {
    "membership without id": ("membership", "id", ..., "field `id`"),
    "membership without version": ("membership", "version", ..., "field `version`"),
    "membership with text id": ("membership", "id", "41", "`$.data.id`"),
    "points beyond bigint": ("points", "seq", 2**63, "`$.data.seq`"),
    "points NaN": ("points", "points_amount", "nan", "points_amount is no usable"),
    "program with an instant": ("program", "valid_from", AT, "`$.data.valid_from`"),
    "program with NUL": ("program", "name", "\0", "data.name has a NUL"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_malformed_row_is_refused_with_the_reason(name):
    kind, column, value, reason = BAD_ROWS[name]
    assert reason in only_reject(changed(["data", column], value, kind)).reason


PAYLOADS = {
    "empty": (b"", "truncated"),
    "blank": (b"  \n", "truncated"),
    "no JSON": (b"hello", "JSON is malformed"),
    "half": (event()[:-40], "truncated"),
    "two": (event() + event(), "trailing characters"),
    "JSON's NaN": (event().replace(b"19.99", b"NaN"), "invalid character"),
    "number": (b"5", "Expected `object`"),
    "null": (b"null", "Expected `object`"),
    "empty array": (b"[]", "empty array"),
    "array of arrays": (b"[[{}]]", "array of arrays"),
    "half an array": (b"[%s" % event(), "truncated"),
    "latin1": (event().replace(b"pos", b"caf\xe9"), "no valid UTF-8"),
    "latin1 where ignored": (event().replace(b"line_no", b"\xe9"), "no valid UTF-8"),
    "encoded surrogate": (event().replace(b"pos", b"\xed\xa0\x80"), "no valid UTF-8"),
    "UTF-16": (event().decode().encode("utf-16"), "no valid UTF-8"),
    "control character": (event().replace(b"pos", b"a\nb"), "JSON is malformed"),
    "raw NUL": (event().replace(b"pos", b"a\0b"), "JSON is malformed"),
    "bomb of arrays": (b"[" * 500_000, "nested too deeply"),
    "bomb of objects": (b'{"a":' * 100_000, "nested too deeply"),
    "bomb inside": (
        event().replace(b'"cashier_id": null', b'"x":' + b"[" * 99999 + b"]" * 99999),
        "nested too deeply",
    ),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_no_event_is_refused_with_the_reason(name):
    payload, reason = PAYLOADS[name]
    reject = only_reject(payload)
    assert reason in reject.reason
    assert "\0" not in reject.raw


def test_an_event_that_is_too_large_is_refused():
    reject = only_reject(event(), limit=200)
    size = len(event())
    assert reject.reason == f"has {size} bytes; at most 200 are read"
    assert (reject.document_key, reject.kind) == ("A1", "order")


def test_a_large_array_of_small_events_is_read():
    payload = b"[" + b",".join([event()] * 5) + b"]"
    assert len(parse([payload], limit=len(event())).documents) == 5
    reject = only_reject(b"[" + b",".join([event()] * 15) + b"]", limit=len(event()))
    assert "at most" in reject.reason


def test_what_is_kept_of_a_refused_event_has_an_end():
    reject = only_reject(b"x" * 3_000_000)
    assert len(reject.raw) < 101_000
    assert reject.raw.endswith("(3000000 bytes)")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            changed(["data", "lines", 0, "qty"], "two"),
            ("processed_order", "A1", "A1", "order"),
        ),
        (
            changed(["data", "seq"], "two", "points"),
            ("point_transaction", "32", "32", "points"),
        ),
        (
            changed(["data", "order_id"], 5, "membership"),
            ("membership_event", "41", "41", "membership"),
        ),
        (changed(["data", "active"], 5, "program"), ("program", None, "1", None)),
        (changed(["data", "order"], 5), ("event", None, "/engine/1 e1", None)),
        (changed(["type"], "new.v1"), ("event", None, "/engine/1 e1", None)),
        (changed(["data"], ...), ("event", None, "/engine/1 e1", None)),
        (changed(["source"], ...), ("processed_order", "A1", "A1", "order")),
        (encoded({"id": 5}), ("event", None, None, None)),
        (b"hello", ("event", None, None, None)),
        (b"[" * 100_000, ("event", None, None, None)),
    ],
)
def test_a_dead_letter_names_the_document_or_else_the_event(payload, expected):
    reject = only_reject(payload)
    assert (
        reject.table_name,
        reject.document_key,
        reject.row_key,
        reject.kind,
    ) == expected


def test_numbers_beyond_everything_do_not_hide_the_name():
    payload = event().replace(b"19.99", b"1e99999999999999999999999")
    assert only_reject(payload).document_key == "A1"


def test_each_event_of_a_batch_is_judged_alone():
    good = [event(id=f"A{n}") for n in range(20)]
    bad = [payload for payload, _reason in PAYLOADS.values()]
    mixed = [p for pair in zip(good, bad, strict=True) for p in pair]
    parsed = parse(mixed)
    assert [d.key for d in parsed.documents] == [f"A{n}" for n in range(20)]
    assert len(parsed.rejects) == len(bad)
