"""The server: where it listens, with which certificate, and how it ends."""

import ipaddress
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from ...errors import ConfigurationError
from . import service
from .admission import Admission
from .calls import Calls

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
# Threads for those who are told that there is no place, and for health.
_SPARE = 4
_HEALTH_SECONDS = 1
# A client that vanished without a word is noticed and its call ended; one that reads
# a stream no further loses its connection in the end.
_CONNECTIONS = (
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 600_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


class Server:
    """A gRPC server of the reports.

    :param settings: :class:`~core.settings.Settings`
    :param sessions: see :class:`~core.api.grpc.calls.Calls`; likewise ``documents``
    :param answers: function that tells whether the database answers
    :raise ConfigurationError: it may not, or cannot, listen there
    """

    def __init__(self, settings, sessions, documents, answers):
        admission = Admission(settings.grpc_workers, settings.grpc_max_concurrent)
        threads = max(settings.grpc_workers, settings.grpc_max_concurrent) + _SPARE
        self._settings = settings
        self._answers = answers
        self._ended = threading.Event()
        self._server = grpc.server(
            ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
            handlers=[service.handler(Calls(sessions, documents, admission))],
            options=_options(settings),
            # What no thread could take is refused before it waits for one.
            maximum_concurrent_rpcs=2 * threads,
        )
        self._health = health.HealthServicer(
            experimental_non_blocking=True,
            experimental_thread_pool=ThreadPoolExecutor(1),
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.grpc_reflection:
            shown = (service.FULL_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(shown, self._server)
        self.port = listen(self._server, settings)

    def start(self):
        """Answer calls, and tell who asks whether the database does."""
        self._look()
        self._server.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self):
        """Take no new calls, let those that run end within the grace, cancel the rest."""
        self._ended.set()
        self._health.enter_graceful_shutdown()
        self._server.stop(self._settings.grpc_grace).wait()

    def _watch(self):
        while not self._ended.wait(_HEALTH_SECONDS):
            self._look()

    def _look(self):
        state = SERVING if self._answers() else NOT_SERVING
        for name in ("", service.FULL_NAME):
            self._health.set(name, state)


def listen(server, settings):
    """Have the server listen where the settings say; return its port.

    :raise ConfigurationError: not without TLS, not with these files, or not there
    """
    address = settings.grpc_address
    try:
        if credentials := tls(settings):
            return server.add_secure_port(address, credentials)
        if not (is_loopback(address) or settings.grpc_insecure):
            raise ConfigurationError(
                f"gRPC would listen at {address} without TLS, where others could read "
                "API keys. Set loyalty_reporting_grpc_tls_certificate and "
                "loyalty_reporting_grpc_tls_key, listen at 127.0.0.1, or, behind a "
                "proxy that does TLS, set loyalty_reporting_grpc_insecure."
            )
        return server.add_insecure_port(address)
    except RuntimeError as error:
        raise ConfigurationError(
            f"gRPC cannot listen at {address} (loyalty_reporting_grpc_address): the "
            "port is taken, the address is none of this machine's, or the certificate "
            "and its key do not go together."
        ) from error


def is_loopback(address):
    """Tell whether only this machine can reach an address ``host:port``."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tls(settings):
    """Return the server's credentials, or None if it has no certificate.

    :raise ConfigurationError: one of the files is missing or cannot be read
    """
    files = {
        "grpc_tls_certificate": settings.grpc_tls_certificate,
        "grpc_tls_key": settings.grpc_tls_key,
    }
    if not any(files.values()) and not settings.grpc_tls_client_ca:
        return None
    certificate, key = (_read(name, path) for name, path in files.items())
    ca = settings.grpc_tls_client_ca
    return grpc.ssl_server_credentials(
        [(key, certificate)],
        root_certificates=_read("grpc_tls_client_ca", ca) if ca else None,
        require_client_auth=bool(ca),
    )


def _read(name, path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        where = path or "it is not set"
        raise ConfigurationError(
            f"The file of loyalty_reporting_{name} cannot be read ({where}): TLS needs "
            "a certificate and its key."
        ) from error


def _options(settings):
    return (
        # A second server on the same port is an error, not a share of the calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", settings.grpc_message_bytes),
        *_CONNECTIONS,
    )
