"""GraphQL over HTTP: what a well-formed request is."""

import pytest
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from core.api.graphql.http import (
    JSON,
    RESPONSE,
    Request,
    media_type,
    of_address,
    of_body,
)
from core.errors import BadQuery


class TestRequests:
    def test_a_body(self):
        body = b'{"query": "{a}", "operationName": null, "variables": {"a": 1}}'
        assert of_body(body) == Request("{a}", None, {"a": 1})

    def test_an_address(self):
        arguments = {"query": ["{a}"], "variables": ['{"a": 1}'], "other": ["1", "2"]}
        assert of_address(arguments) == Request("{a}", None, {"a": 1})

    @pytest.mark.parametrize(
        ("body", "parameter"),
        [
            (b"", "body"),
            (b"NONSENSE", "body"),
            (b'{"query": "{a}"', "body"),
            (b'{"query": "\xff"}', "body"),
            ('{"query": "{a}"}'.encode("utf-16"), "body"),
            (b"[" * 100_000, "body"),
            (b'[{"query": "{a}"}]', "body"),
            (b'{"query": ' + b"1" * 5000 + b"}", "body"),
            (b"{}", "query"),
            (b'{"query": ""}', "query"),
            (b'{"query": 5}', "query"),
            (b'{"query": "\\ud800"}', "query"),
            (b'{"query": "{a}", "operationName": 0}', "operationName"),
            (b'{"query": "{a}", "operationName": "\\ud800"}', "operationName"),
            (b'{"query": "{a}", "variables": []}', "variables"),
            (b'{"query": "{a}", "variables": "{}"}', "variables"),
            (b'{"query": "{a}", "variables": false}', "variables"),
            (b'{"query": "{a}", "extensions": 0}', "extensions"),
        ],
    )
    def test_what_is_none_is_named(self, body, parameter):
        with pytest.raises(BadQuery) as caught:
            of_body(body)
        assert caught.value.parameter == parameter

    @pytest.mark.parametrize(
        ("arguments", "parameter"),
        [
            ({}, "query"),
            ({"query": ["{a}", "{b}"]}, "query"),
            ({"query": ["{a}"], "variables": ["{"]}, "variables"),
            ({"query": ["{a}"], "variables": ["[]"]}, "variables"),
            ({"query": ["{a}"], "extensions": ["1"]}, "extensions"),
        ],
    )
    def test_what_is_no_address_is_named(self, arguments, parameter):
        with pytest.raises(BadQuery) as caught:
            of_address(arguments)
        assert caught.value.parameter == parameter


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            (JSON, JSON),
            (RESPONSE, RESPONSE),
            (f"{RESPONSE}, {JSON}", RESPONSE),
            (f"{JSON}, {RESPONSE}", RESPONSE),
            (f"{JSON}, {RESPONSE};q=0.9", JSON),
            (f"{JSON};q=0.5, {RESPONSE};q=0.9", RESPONSE),
            (f"text/html, {RESPONSE}, */*;q=0.1", RESPONSE),
            ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
            ("text/html", None),
            (f"{JSON};q=0, {RESPONSE};q=0", None),
        ],
    )
    def test_the_one_that_is_liked_best_is_chosen(self, accept, expected):
        assert media_type(parse_accept_header(accept, MIMEAccept)) == expected
