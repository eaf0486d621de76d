"""Request ids, the access log, origins, settings: what is let in and what is shown."""

import json
import uuid

import pytest

from core.guard import access, origins, trace
from core.guard.counters import count
from core.queries import REPORTS
from core.settings import Settings

POINTS = REPORTS["points/transactions"]


@pytest.fixture(autouse=True)
def no_request():
    """Leave no request behind."""
    yield
    trace.end()


@pytest.mark.parametrize("given", ["a", "A-1._:x", "x" * 64])
def test_a_sane_request_id_is_kept(given):
    assert trace.begin(given).request_id == given


@pytest.mark.parametrize(
    "given", ["", None, "x" * 65, "a b", "a\n", "é", "-a", "a;b", "٣"]
)
def test_another_is_replaced(given):
    made = trace.begin(given).request_id
    assert str(uuid.UUID(made)) == made


def test_what_is_noted_outside_of_a_request_is_lost():
    trace.end()
    trace.note(report="x")
    trace.add("rows", 1)
    assert trace.current() is None


def test_a_line_is_one_line_of_plain_characters():
    traced = trace.begin("id-1")
    trace.note(report="a\nb\u2028\x00\u001b[31m")
    line = access.line(traced, method="GET", status=200, parameters=None)
    assert line.isascii() and line.isprintable()
    record = json.loads(line)
    assert record["report"] == "a\nb\u2028\x00\u001b[31m"
    assert record["request_id"] == "id-1"
    assert "parameters" not in record


def test_a_cached_answer_is_said_to_be():
    traced = trace.begin("id-1")
    assert "cache" not in json.loads(access.line(traced))
    count("cache_miss")
    assert json.loads(access.line(traced))["cache"] == "miss"
    count("cache_hit")
    assert json.loads(access.line(traced))["cache"] == "hit"


def test_only_values_that_can_be_none_of_a_person_are_shown():
    given = {
        "date_from": ["2024-01-01"],
        "date_to": ["Ann Smith"],
        "partner_id": ["4711"],
        "card_id": ["1", "2"],
        "transaction_type": ["earn", "redeem"],
        "page": ["2"],
        "per_page": ["Ann"],
        "company_id": ["3"],
        "format": ["csv"],
        "password": ["4711"],
        "Ann Smith": [""],
    }
    assert access.shown(POINTS, given) == {
        "date_from": "2024-01-01",
        "date_to": access.HIDDEN,
        "partner_id": access.HIDDEN,
        "card_id": access.HIDDEN,
        "transaction_type": "earn,redeem",
        "page": "2",
        "per_page": access.HIDDEN,
        "company_id": "3",
        "format": "csv",
        "unknown": 2,
    }


@pytest.mark.parametrize("slug", REPORTS)
def test_no_report_shows_who_is_asked_about(slug):
    given = {name: ["4711"] for name in ("partner_id", "card_id", "customer_id")}
    assert "4711" not in str(access.shown(REPORTS[slug], given))


def test_without_a_report_hardly_anything_is_shown():
    given = {"date_from": ["2024-01-01"], "company_id": ["x y"]}
    assert access.shown(None, given) == {"company_id": access.HIDDEN, "unknown": 1}


ALLOWED = origins.origins("https://a.example/, HTTPS://B.example:8443")


def test_origins_are_listed_with_commas_or_blanks():
    assert ALLOWED == ("https://a.example", "https://b.example:8443")
    assert origins.origins(" ") == ()


@pytest.mark.parametrize(
    "origin",
    ["", "null", "*", "http://a.example", "https://a.example.evil", "a.example"],
)
def test_other_origins_learn_nothing(origin):
    assert origins.headers(ALLOWED, origin) == {"Vary": "Origin"}
    assert origins.preflight(ALLOWED, origin, ["GET"]) == {"Vary": "Origin"}


def test_cookies_are_never_allowed():
    for answer in (
        origins.headers(ALLOWED, "https://a.example"),
        origins.preflight(ALLOWED, "https://a.example", ["GET"]),
    ):
        assert answer["Access-Control-Allow-Origin"] == "https://a.example"
        assert "Access-Control-Allow-Credentials" not in answer


def test_without_origins_nothing_is_said():
    assert origins.headers((), "https://a.example") == {}


@pytest.mark.parametrize(
    "origin,host,expected",
    [
        ("", "shop:8069", True),
        ("http://shop:8069", "shop:8069", True),
        ("https://Shop", "shop", True),
        ("null", "shop", False),
        ("http://shop.evil", "shop", False),
        ("http://evil", "shop", False),
    ],
)
def test_a_page_of_this_server_is_told_from_others(origin, host, expected):
    assert origins.is_own(origin, host) is expected


def test_settings_do_not_show_the_token():
    assert "hidden" not in repr(Settings(metrics_token="hidden"))
    assert "metrics_token=''" in repr(Settings())


def test_limits_of_clickhouse_refuse_and_never_cut():
    limits = Settings(clickhouse_rows=5, clickhouse_bytes=6).clickhouse_limits
    assert limits["max_result_rows"] == 5
    assert limits["max_bytes_to_read"] == 6
    assert "max_memory_usage" not in limits
    assert limits["result_overflow_mode"] == limits["read_overflow_mode"] == "throw"
