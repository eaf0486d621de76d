import json
import logging
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import grpc
import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status
from grpc_world import KEY, World, asked, connected, key, row, serving, settings

from core.api.grpc import failures, service
from core.api.grpc import loyalty_reporting_pb2 as pb2
from core.api.grpc.admission import Admission
from core.api.grpc.server import Server, is_loopback
from core.api.problems import TITLES, problem
from core.errors import BadQuery, ConfigurationError, NotFound, StoreError, TooMany
from core.settings import Settings

Status = grpc.StatusCode


@pytest.fixture
def world():
    return World(rows=[row(program_id=number) for number in range(2500)])


def refused(call):
    """Return the error of a call that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value


def details_of(error):
    """Return {class: message} of the details of a status."""
    found = {}
    for packed in rpc_status.from_call(error).details:
        for kind in (
            pb2.Problem,
            error_details_pb2.BadRequest,
            error_details_pb2.RetryInfo,
        ):
            message = kind()
            if packed.Unpack(message):
                found[kind] = message
    return found


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


# ------------------------------------------------------------------ answers


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


# ------------------------------------------------------------------- errors


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
        (BadQuery("page", "é" * 5000), Status.INVALID_ARGUMENT),
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


# ----------------------------------------------------- deadlines, limits, the end


def test_a_call_whose_deadline_is_over_is_stopped(world):
    world.pause = threading.Event()
    with serving(world) as server, connected(server) as stub:
        call = lambda: stub.PromotionsPerformance(asked(), metadata=key(), timeout=0.3)  # noqa: E731
        assert refused(call).code() is Status.DEADLINE_EXCEEDED
        assert world.stopped.wait(5)
        wait_for(lambda: world.open == 0)


def test_a_call_whose_client_hangs_up_is_stopped(world, caplog):
    caplog.set_level(logging.INFO, "core.api.grpc.calls")
    world.pause = threading.Event()
    with serving(world) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        call.cancel()
        assert world.stopped.wait(5)
        wait_for(lambda: world.open == 0 and caplog.records)
    assert json.loads(caplog.records[0].message)["code"] == "CANCELLED"


def test_a_stream_that_is_given_up_closes_its_session(world):
    world.rows *= 100
    with serving(world) as server, connected(server) as stub:
        stream = stub.StreamPromotionsPerformance(asked(per_page=10), metadata=key())
        next(stream)
        stream.cancel()
        wait_for(lambda: world.open == 0)
        pages = len(world.asked)
        time.sleep(0.2)
        assert len(world.asked) == pages < 2500


def test_what_is_begun_after_the_client_hung_up_is_stopped_too(world):
    world.pause, world.deaf_for = threading.Event(), 3
    with serving(world) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        call.cancel()
        assert world.stopped.wait(5)
        wait_for(lambda: world.open == 0)
        stops = world.stops
        time.sleep(0.5)
        assert world.stops == stops, "its connection may serve another call by now"


def test_a_call_that_ended_well_is_not_stopped(world):
    with serving(world) as server, connected(server) as stub:
        stub.PromotionsPerformance(asked(), metadata=key(), timeout=5)
        list(stub.StreamPromotionsPerformance(asked(), metadata=key(), timeout=5))
    time.sleep(0.1)
    assert not world.stopped.is_set()


def test_who_finds_no_place_is_told_to_come_back_and_health_goes_on(world):
    world.pause = threading.Event()
    limits = {"grpc_workers": 1, "grpc_max_concurrent": 2}
    with serving(world, **limits) as server, connected(server) as stub:
        calls = [
            stub.PromotionsPerformance.future(asked(), metadata=key()) for _ in "ab"
        ]
        wait_for(lambda: world.asked)
        time.sleep(0.2)
        assert len(world.asked) == 1, "two at once, where one may work"
        error = refused(lambda: stub.PromotionsPerformance(asked(), metadata=key()))
        assert error.code() is Status.RESOURCE_EXHAUSTED
        assert error_details_pb2.RetryInfo in details_of(error)
        assert health_of(server) == health_pb2.HealthCheckResponse.SERVING
        world.pause.set()
        assert all(call.result(10).rows for call in calls)
        assert stub.PromotionsPerformance(asked(), metadata=key()).rows


def test_nobody_waits_for_a_turn_longer_than_the_deadline():
    admission = Admission(1, 5)
    with (
        admission.turn(None),
        pytest.raises(TooMany, match="busy"),
        admission.turn(0.05),
    ):
        pass
    with admission.turn(0.05):
        pass


def test_running_calls_may_end_when_the_server_stops(world):
    world.pause = threading.Event()
    with serving(world) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        threading.Timer(0.3, world.pause.set).start()
        server.stop()
        assert call.result(5).rows
        again = refused(lambda: stub.PromotionsPerformance(asked(), metadata=key()))
        assert again.code() is Status.UNAVAILABLE


def test_calls_that_outlast_the_grace_are_stopped(world):
    world.pause = threading.Event()
    with serving(world, grpc_grace=0) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        server.stop()
        assert world.stopped.wait(5)
        assert refused(lambda: call.result(5)).code() in (
            Status.UNAVAILABLE,
            Status.CANCELLED,
        )
        wait_for(lambda: world.open == 0)


# ------------------------------------------------------------ health, reflection


def health_of(server, name=""):
    with grpc.insecure_channel(f"localhost:{server.port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5).status


def test_health_follows_the_database(world):
    states = health_pb2.HealthCheckResponse
    with serving(world) as server:
        assert (
            health_of(server) == health_of(server, service.FULL_NAME) == states.SERVING
        )
        world.is_up = False
        wait_for(lambda: health_of(server) == states.NOT_SERVING)
        world.is_up = True
        wait_for(lambda: health_of(server, service.FULL_NAME) == states.SERVING)


def services_of(server):
    with grpc.insecure_channel(f"localhost:{server.port}") as channel:
        return set(ProtoReflectionDescriptorDatabase(channel).get_services())


def test_reflection_is_off_until_it_is_switched_on(world):
    with serving(world) as server:
        error = refused(lambda: services_of(server))
        assert error.code() is Status.UNIMPLEMENTED
    with serving(world, grpc_reflection=True) as server:
        assert service.FULL_NAME in services_of(server)


# ------------------------------------------------------------------- addresses


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the paths of a self-signed certificate of localhost, and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        private.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_with_a_certificate_calls_are_encrypted_and_others_get_nowhere(
    world, certificate
):
    chain, private = certificate
    files = {"grpc_tls_certificate": str(chain), "grpc_tls_key": str(private)}
    trusting = grpc.ssl_channel_credentials(chain.read_bytes())
    with serving(world, grpc_address="0.0.0.0:0", **files) as server:
        with connected(server, trusting) as stub:
            assert stub.PromotionsPerformance(asked(), metadata=key()).rows
        for credentials in (None, grpc.ssl_channel_credentials()):
            with connected(server, credentials) as stub:
                call = lambda s=stub: s.PromotionsPerformance(asked(), metadata=key())  # noqa: E731
                assert refused(call).code() is Status.UNAVAILABLE


def test_with_a_client_ca_clients_need_a_certificate(world, certificate):
    chain, private = certificate
    files = {
        "grpc_tls_certificate": str(chain),
        "grpc_tls_key": str(private),
        "grpc_tls_client_ca": str(chain),
    }
    ca = chain.read_bytes()
    with serving(world, **files) as server:
        with connected(server, grpc.ssl_channel_credentials(ca)) as stub:
            call = lambda: stub.PromotionsPerformance(asked(), metadata=key())  # noqa: E731
            assert refused(call).code() is Status.UNAVAILABLE
        own = grpc.ssl_channel_credentials(ca, private.read_bytes(), ca)
        with connected(server, own) as stub:
            assert stub.PromotionsPerformance(asked(), metadata=key()).rows


@pytest.mark.parametrize(
    "address", ["0.0.0.0:0", "[::]:0", "localhost.example:0", ":0"]
)
def test_without_tls_it_listens_to_this_machine_alone(world, address):
    with pytest.raises(ConfigurationError, match="grpc_tls_certificate"):
        Server(settings(grpc_address=address), world.sessions, None, None)


def test_without_tls_others_may_be_let_in_on_purpose(world):
    with (
        serving(world, grpc_address="0.0.0.0:0", grpc_insecure=True) as server,
        connected(server) as stub,
    ):
        assert stub.PromotionsPerformance(asked(), metadata=key()).rows


def test_which_addresses_are_this_machine_s():
    own = ("127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/run/x")
    assert all(map(is_loopback, own))
    assert not any(
        map(is_loopback, ("0.0.0.0:1", "10.0.0.1:1", "[::]:1", "host:1", ""))
    )


def test_a_port_that_is_taken_and_a_missing_file_are_told(world, tmp_path):
    with serving(world) as server, pytest.raises(ConfigurationError, match="is taken"):
        Server(settings(grpc_address=f"127.0.0.1:{server.port}"), None, None, None)
    missing = str(tmp_path / "none.pem")
    for files in (
        {"grpc_tls_certificate": missing, "grpc_tls_key": missing},
        {"grpc_tls_client_ca": missing},
    ):
        with pytest.raises(ConfigurationError, match="grpc_tls_certificate"):
            Server(settings(**files), None, None, None)


def test_switches_are_read_as_such():
    read = lambda text: Settings.read({"loyalty_reporting_grpc_reflection": text})  # noqa: E731
    assert read("True").grpc_reflection and read("1").grpc_reflection
    assert not read("false").grpc_reflection and not read("0").grpc_reflection
    with pytest.raises(ConfigurationError, match="grpc_reflection"):
        read("perhaps")
