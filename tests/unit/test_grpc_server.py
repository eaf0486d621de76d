from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_world import (
    World,
    asked,
    connected,
    health_of,
    key,
    refused,
    row,
    serving,
    settings,
    wait_for,
)

from core.api.grpc import service
from core.api.grpc.server import Server, is_loopback
from core.errors import ConfigurationError
from core.settings import Settings

Status = grpc.StatusCode


@pytest.fixture
def world():
    return World(rows=[row(program_id=number) for number in range(2500)])


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
