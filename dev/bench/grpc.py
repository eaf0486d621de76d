"""gRPC's calls a second: a page of 100 rows, beside a bare server of the same bytes."""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import grpc

from core.api.grpc import loyalty_reporting_pb2 as pb2
from core.api.grpc import loyalty_reporting_pb2_grpc as pb2_grpc
from core.api.grpc import service
from core.api.grpc.server import Server
from core.queries import REPORTS
from core.queries.params import parse
from core.records import Company
from core.settings import Settings

SECONDS = float(os.environ.get("SECONDS", "3"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
CLIENTS = 4
COMPANY = Company(1, "UTC", "USD", 2)
ASKED = pb2.PromotionsPerformanceRequest(date_from="2017-01-01", date_to="2017-12-31")
METADATA = (("authorization", "Bearer key"),)


def main():
    """Calls a second through our service, whose answer is given, beside bare grpcio."""
    ours = Server(Settings(grpc_address="127.0.0.1:0"), _Given().session, dict, bool)
    ours.start()
    with _stub(ours.port) as stub:
        answered = stub.PromotionsPerformance(ASKED, metadata=METADATA)
    prebuilt = answered.SerializeToString()
    bare, port = _bare(prebuilt)
    print(
        f"{len(answered.rows)} rows, {len(prebuilt)} bytes, {CLIENTS} clients",
        flush=True,
    )
    rounds = [(_rate(ours.port), _rate(port)) for _round in range(ROUNDS)]
    own, plain = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    print(
        f"ours {own:8.0f} calls/s   bare grpcio {plain:8.0f} calls/s   ratio {own / plain:.2f}"
    )
    bare.stop(0).wait()
    ours.stop()


@dataclass(frozen=True)
class _Answer:
    rows: list
    total: int = 100
    tier: str = "rollup"
    store: str = "postgresql"
    as_of: object = None


class _Given:
    """A reader that has the answer: what is left is parsing, checking and writing."""

    _rows = [
        {
            "program_id": number, "program_name": f"Programme {number}",
            "date": "2017-01-31", "total_transactions": number,
            "total_amount": Decimal("12345.67"), "total_discount": Decimal("123.45"),
            "avg_transaction_value": Decimal("23.45"), "conversion_rate": 1 / 3,
        }
        for number in range(100)
    ]  # fmt: skip

    @contextmanager
    def session(self, _call):
        yield self

    def _query(self, slug, given):
        return parse(REPORTS[slug], COMPANY, given)

    def _answer(self, _query):
        return _Answer(self._rows)


def _bare(prebuilt):
    """Return a server that does nothing but send the bytes, and its port."""
    handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: prebuilt)
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler(
                service.FULL_NAME, {"PromotionsPerformance": handler}
            )
        ]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


@contextmanager
def _stub(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield pb2_grpc.ReportsStub(channel)


def _rate(port):
    """Return the calls a second of some clients at once."""
    end = time.perf_counter() + SECONDS / ROUNDS

    def call(_client):
        count = 0
        with _stub(port) as stub:
            while time.perf_counter() < end:
                stub.PromotionsPerformance(ASKED, metadata=METADATA)
                count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(call, range(CLIENTS))) / (SECONDS / ROUNDS)
