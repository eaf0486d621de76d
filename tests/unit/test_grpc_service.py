import json
import logging
import tracemalloc

import grpc
import psycopg2
import pytest
from google.rpc import error_details_pb2
from grpc_world import (
    KEY,
    World,
    asked,
    connected,
    details_of,
    key,
    refused,
    row,
    serving,
)

from core.api.grpc import failures, service
from core.api.grpc import loyalty_reporting_pb2 as pb2
from core.api.problems import TITLES, problem
from core.errors import BadQuery, ConfigurationError, NotFound, StoreError, TooMany

Status = grpc.StatusCode


@pytest.fixture
def world():
    return World(rows=[row(program_id=number) for number in range(2500)])


def test_a_page_is_answered(world):
    with serving(world) as server, connected(server) as stub:
        message = stub.PromotionsPerformance(asked(page=25), metadata=key())
    assert [r.program_id for r in message.rows] == list(range(2400, 2500))
    assert message.pagination.total == 2500
    assert world.open == 0


def test_a_stream_has_every_row_once_in_big_pages(world):
    with serving(world) as server, connected(server) as stub:
        messages = list(stub.StreamPromotionsPerformance(asked(), metadata=key()))
    assert [len(m.rows) for m in messages] == [1000, 1000, 500]
    assert [r.program_id for m in messages for r in m.rows] == list(range(2500))


def test_a_stream_may_begin_later_and_have_smaller_messages(world):
    with serving(world) as server, connected(server) as stub:
        request = asked(page=5, per_page=500)
        [message] = stub.StreamPromotionsPerformance(request, metadata=key())
    assert [r.program_id for r in message.rows] == list(range(2000, 2500))


def test_a_stream_of_nothing_still_says_what_it_is_of(world):
    world.rows = []
    with serving(world) as server, connected(server) as stub:
        [message] = stub.StreamPromotionsPerformance(asked(), metadata=key())
    assert not message.rows and message.meta.currency == "USD"


def test_the_catalogue_is_answered(world):
    with serving(world) as server, connected(server) as stub:
        reports = stub.Catalogue(pb2.CatalogueRequest(), metadata=key()).reports
    assert "promotions/performance" in {r.slug for r in reports}


def test_a_report_with_a_cursor_goes_on_from_it():
    class Asked:
        name = "cursor"

    class Page:
        page, per_page = 1, 1000

    class Answer:
        total, next_cursor = 5000, "after"

    given = {"date_from": "2017-01-01", "page": "1", "totals": "true"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(service, "parameters", lambda _report: (Asked,))
        following = service._following(None, given, Page, Answer)
        assert following == {"date_from": "2017-01-01", "cursor": "after"}
        Answer.next_cursor = None
        assert service._following(None, following, Page, Answer) is None
        patched.setattr(service, "parameters", lambda _report: ())
        assert service._following(None, given, Page, Answer)["page"] == "2"


def test_memory_does_not_grow_with_the_stream(world):
    class Rows(list):
        """As many rows as one likes, none of them kept."""

        def __len__(self):
            return self.length

        def __getitem__(self, part):
            return [
                row(program_id=n) for n in range(part.start, min(part.stop, len(self)))
            ]

    def peak(length):
        world.rows = Rows()
        world.rows.length = length
        tracemalloc.start()
        stream = stub.StreamPromotionsPerformance(asked(), metadata=key())
        assert sum(len(message.rows) for message in stream) == length
        _now, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    with serving(world) as server, connected(server) as stub:
        peak(1000)
        assert peak(40_000) < 3 * peak(4_000)


@pytest.mark.parametrize(
    "metadata", [(), key("wrong"), (("authorization", f"Basic {KEY}"),)]
)
def test_without_a_valid_key_nobody_gets_in(world, metadata):
    with serving(world) as server, connected(server) as stub:
        for call in (
            lambda: stub.PromotionsPerformance(asked(), metadata=metadata),
            lambda: list(stub.StreamPromotionsPerformance(asked(), metadata=metadata)),
            lambda: stub.Catalogue(pb2.CatalogueRequest(), metadata=metadata),
        ):
            assert refused(call).code() is Status.UNAUTHENTICATED
    assert not world.asked


def test_a_fault_names_its_field_in_the_details(world):
    with serving(world) as server, connected(server) as stub:
        error = refused(
            lambda: stub.PromotionsPerformance(asked(per_page=0), metadata=key())
        )
    assert error.code() is Status.INVALID_ARGUMENT
    found = details_of(error)
    [violation] = found[error_details_pb2.BadRequest].field_violations
    assert violation.field == found[pb2.Problem].parameter == "per_page"
    assert found[pb2.Problem].status == 400
    assert found[pb2.Problem].detail == error.details()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("program_id", "There is no program 5 in this company."), Status.NOT_FOUND),
        (BadQuery("page", "é€" * 5000), Status.INVALID_ARGUMENT),
        (TooMany("Wait.", 30), Status.RESOURCE_EXHAUSTED),
        (StoreError("The report took too long."), Status.UNAVAILABLE),
        (ConfigurationError("Bad setting."), Status.INTERNAL),
        (psycopg2.OperationalError("server closed the connection"), Status.UNAVAILABLE),
        (psycopg2.InterfaceError("connection already closed"), Status.UNAVAILABLE),
        (KeyError("secret"), Status.INTERNAL),
    ],
)  # fmt: skip
def test_every_error_has_its_status_on_pages_and_streams(world, error, code):
    world.error = error
    with serving(world) as server, connected(server) as stub:
        for call in (
            lambda: stub.PromotionsPerformance(asked(), metadata=key()),
            lambda: list(stub.StreamPromotionsPerformance(asked(), metadata=key())),
        ):
            found = refused(call)
            assert found.code() is code
            assert "secret" not in found.details()
            assert pb2.Problem in details_of(found)
    assert world.open == 0


def test_who_must_wait_is_told_how_long(world):
    world.error = TooMany("Wait.", 30)
    with serving(world) as server, connected(server) as stub:
        error = refused(lambda: stub.PromotionsPerformance(asked(), metadata=key()))
    assert details_of(error)[error_details_pb2.RetryInfo].retry_delay.seconds == 30


def test_every_status_of_a_problem_has_one_of_grpc():
    client_side = {405, 406, 415}  # methods, formats and content types: HTTP's own
    for status in TITLES.keys() - client_side:
        code = failures.code_of(problem(status, ""))
        assert (code is Status.INTERNAL) == (status == 500), status


def test_a_request_that_is_too_large_is_refused(world):
    with serving(world, grpc_message_bytes=10_000) as server, connected(server) as stub:
        request = asked(channel=["x" * 20_000])
        error = refused(lambda: stub.PromotionsPerformance(request, metadata=key()))
        assert error.code() is Status.RESOURCE_EXHAUSTED
        assert stub.PromotionsPerformance(asked(), metadata=key()).rows


def test_a_call_has_an_id_and_one_line_in_the_log_without_its_key(world, caplog):
    caplog.set_level(logging.INFO, "core.api.grpc.calls")
    with serving(world) as server, connected(server) as stub:
        metadata = (*key(), ("x-request-id", "mine-1"))
        _answer, call = stub.PromotionsPerformance.with_call(asked(), metadata=metadata)
        assert ("x-request-id", "mine-1") in [
            tuple(m) for m in call.trailing_metadata()
        ]
        bad = (*key("not-the-key"), ("x-request-id", "a b"))
        error = refused(lambda: stub.PromotionsPerformance(asked(), metadata=bad))
    made = dict(error.trailing_metadata())["x-request-id"]
    first, second = (json.loads(r.message) for r in caplog.records)
    assert (first["request_id"], first["code"], first["rows"], first["user"]) == (
        "mine-1", "OK", 100, 7,
    )  # fmt: skip
    assert (second["request_id"], second["code"]) == (made, "UNAUTHENTICATED")
    assert KEY not in caplog.text and "not-the-key" not in caplog.text
