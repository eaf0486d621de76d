"""The body of a request for an export: values as a query string would give them."""

import json

import pytest

from core.api.exports import asked, key_of
from core.errors import BadQuery


def body(**members):
    return json.dumps({"report": "a/b", "format": "csv", **members}).encode()


def test_values_become_lists_of_texts():
    given = {"a": "x", "b": 12.0, "c": True, "d": ["x", 3], "e": [], "f": None}
    found = asked(body(parameters=given))
    assert (found.slug, found.file_format) == ("a/b", "csv")
    assert found.given == {
        "a": ["x"], "b": ["12"], "c": ["true"], "d": ["x", "3"], "e": [],
    }  # fmt: skip


def test_without_parameters_there_are_none():
    assert asked(body()).given == {}


def test_the_digest_is_the_same_for_the_same_request_only():
    one = asked(body(parameters={"a": 1, "b": "x"}))
    same = asked(body(parameters={"b": ["x"], "a": "1"}))
    other = asked(body(parameters={"a": 1, "b": "y"}))
    assert one.digest == same.digest != other.digest
    assert asked(body(format="xlsx")).digest != asked(body()).digest


@pytest.mark.parametrize("value", [1.5, {}, [[]], [None], "\0", "\ud800"])
def test_what_is_no_value_is_refused_by_its_name(value):
    with pytest.raises(BadQuery) as refused:
        asked(body(parameters={"a": value}))
    assert refused.value.parameter == "a"


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 10**5, b"1" * 10**4]
)
def test_what_is_no_object_is_refused(text):
    with pytest.raises(BadQuery, match="Send a JSON object"):
        asked(text)


def test_a_refusal_can_always_be_sent():
    for members in ({"\ud800": 1}, {"parameters": {"\ud800": 1}}, {"report": "\ud800"}):
        with pytest.raises(BadQuery) as refused:
            asked(body(**members))
        (str(refused.value) + refused.value.parameter).encode()


def test_a_key_is_printable_and_not_too_long():
    assert key_of(None) is None
    assert key_of("a" * 255) == "a" * 255
    for bad in ("", "a" * 256, "é", "a\x00"):
        with pytest.raises(BadQuery):
            key_of(bad)
