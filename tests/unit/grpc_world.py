"""A server of the real service over TCP, whose reader is given its answers."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from core.api.grpc import loyalty_reporting_pb2 as pb2
from core.api.grpc import loyalty_reporting_pb2_grpc as pb2_grpc
from core.api.grpc.server import Server
from core.api.problems import problem, problem_of
from core.queries import REPORTS
from core.queries.params import parse
from core.records import Company
from core.settings import Settings

COMPANY = Company(1, "America/New_York", "USD", 2)
KEY = "right"
YEAR = {"date_from": "2017-01-01", "date_to": "2017-12-31"}
PERFORMANCE = REPORTS["promotions/performance"]
TRANSACTIONS = REPORTS["points/transactions"]


@dataclass(frozen=True)
class Answer:
    """An answer as the reader gives it."""

    rows: list
    total: int | None
    tier: str = "rollup"
    store: str = "postgresql"
    as_of: object = None
    totals: dict | None = None
    next_cursor: str = ""


class Denied(Exception):
    """No key, or a wrong one."""


@dataclass
class World:
    """What the fake database holds and what was asked of it.

    :param rows: of the whole answer
    :param pause: what an answer waits for
    :param deaf_for: stops that come to nothing, as between two queries
    """

    rows: list = field(default_factory=list)
    error: Exception | None = None
    pause: threading.Event | None = None
    is_up: bool = True
    asked: list = field(default_factory=list)
    open: int = 0
    stops: int = 0
    deaf_for: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def sessions(self, call):
        """Open a session that counts itself, and that can be stopped."""
        self.open += 1
        try:
            with call.stopping(self._stop):
                if call.key != KEY:
                    raise Denied()
                call.user = 7
                yield self
        finally:
            self.open -= 1

    def _stop(self):
        self.stops += 1
        if self.stops < self.deaf_for:
            return
        self.stopped.set()
        if self.pause:
            self.pause.set()

    def documents(self, error):
        if isinstance(error, Denied):
            return problem(401, "Send a valid API key.")
        return problem_of(error)

    def answers(self):
        return self.is_up

    def _reports(self):
        return REPORTS

    def _query(self, slug, given):
        self.asked.append(given)
        return parse(REPORTS[slug], COMPANY, given)

    def _answer(self, query):
        if self.pause:
            self.pause.wait(20)
        if self.error:
            raise self.error
        start = (query.page - 1) * query.per_page
        rows = self.rows[start : start + query.per_page]
        return Answer(rows, len(self.rows))


def row(**values):
    """Return a row of the promotions report."""
    return {
        "program_id": 1, "program_name": "Spring", "date": "2017-01-01",
        "total_transactions": 2, "total_amount": Decimal("0.02"),
        "total_discount": Decimal("0.01"), "avg_transaction_value": Decimal("0.01"),
        "conversion_rate": 1 / 3, **values,
    }  # fmt: skip


def settings(**values):
    """Return settings of a server at a free port."""
    return Settings(**{"grpc_address": "127.0.0.1:0", "grpc_grace": 5, **values})


@contextmanager
def serving(world, **values):
    """Have a server run; yields it."""
    server = Server(settings(**values), world.sessions, world.documents, world.answers)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def connected(server, credentials=None, **options):
    """Yield a stub of a server."""
    address, options = f"localhost:{server.port}", list(options.items())
    if credentials:
        channel = grpc.secure_channel(address, credentials, options)
    else:
        channel = grpc.insecure_channel(address, options)
    with channel:
        yield pb2_grpc.ReportsStub(channel)


def key(text=KEY):
    """Return the metadata of a key."""
    return (("authorization", f"Bearer {text}"),)


def asked(**values):
    """Return a request for promotions of the year."""
    return pb2.PromotionsPerformanceRequest(**{**YEAR, **values})


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
    """Wait until something comes true."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def health_of(server, name=""):
    """Return how a service says it is."""
    with grpc.insecure_channel(f"localhost:{server.port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5).status
