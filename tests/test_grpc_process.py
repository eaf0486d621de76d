import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import psycopg2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from odoo.tests import HttpCase, get_db_name, tagged

from .history import committed_key, load_history, until
from .tcp_proxy import Proxy
from .test_grpc import Client, comparable
from .test_rest import REPORT

YEAR = {"date_from": "2017-01-01", "date_to": "2017-12-31"}
SERVING, NOT_SERVING = 1, 2


@tagged("post_install", "-at_install")
class TestGrpcProcess(HttpCase):
    """``odoo-bin loyalty_grpc``: another process, with TLS, on what is committed."""

    @classmethod
    def setUpClass(cls):
        cls.database = get_db_name()
        cls.dsn = load_history(cls, timezone="UTC", queries=until("2017-02-16"))
        cls.key = committed_key(cls, cls.dsn)
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.certificate = _certificate(cls.folder)
        cls.proxy = Proxy((cls.dsn["host"], int(cls.dsn["port"])))
        cls.addClassCleanup(cls.proxy.close)
        cls.process = cls.enterClassContext(cls.running())
        client = Client(cls.process.address, cls.certificate)
        cls.client = cls.enterClassContext(client)

    @classmethod
    @contextmanager
    def running(cls, **settings):
        """Have the command run; yields it with its ``address``."""
        chain = cls.certificate
        variables = {
            "address": "localhost:0",
            "tls_certificate": chain,
            "tls_key": chain.with_name("key.pem"),
            "grace": 20,
            **settings,
        }
        environment = {
            **os.environ,
            **{
                f"LOYALTY_REPORTING_GRPC_{n}".upper(): str(v)
                for n, v in variables.items()
            },
            # Both of them away: PostgreSQL answers alone.
            "LOYALTY_REPORTING_CLICKHOUSE_URL": "clickhouse://u:p@127.0.0.1:1/none",
            "LOYALTY_REPORTING_REDIS_URL": "redis://127.0.0.1:1/0",
        }
        command = [sys.executable, "-m", "odoo", "loyalty_grpc", "-d", cls.database]
        way = ["--db_host=127.0.0.1", f"--db_port={cls.proxy.port}"]
        log = (cls.folder / "log").open("a+")
        process = subprocess.Popen(
            [*command, *way],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            said = process.stdout.readline()
            found = re.search(r"serving at port (\d+)", said)
            assert found, (cls.folder / "log").read_text()[-3000:]
            process.address = f"localhost:{found[1]}"
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            log.close()

    def call(self, method="PromotionsPerformance", timeout=60, **request):
        return self.client.call(method, self.key, timeout, **{**YEAR, **request})

    def health(self):
        credentials = grpc.ssl_channel_credentials(self.certificate.read_bytes())
        with grpc.secure_channel(self.process.address, credentials) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            return stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status

    def wait_for(self, condition):
        end = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen")
            time.sleep(0.1)

    @contextmanager
    def blocked(self):
        """Have every query of the promotion report wait for a lock; yields its release."""
        with closing(psycopg2.connect(**self.dsn)) as connection:
            cr = connection.cursor()
            cr.execute("LOCK TABLE promotion_day_data IN ACCESS EXCLUSIVE MODE")
            yield connection.rollback

    def waiting(self):
        """Return how many queries of the process wait for that lock."""
        with closing(psycopg2.connect(**self.dsn)) as connection:
            cr = connection.cursor()
            cr.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE relation = 'promotion_day_data'::regclass AND NOT granted"
            )
            return cr.fetchone()[0]

    def test_figures_are_those_of_rest(self):
        headers = {"Authorization": f"Bearer {self.key}"}
        address = "&".join(f"{n}={v}" for n, v in {**YEAR, "per_page": 1000}.items())
        rest = json.loads(self.url_open(f"{REPORT}?{address}", headers=headers).text)
        [message] = self.call(per_page=1000)["messages"]
        self.assertGreater(len(message["rows"]), 200)
        self.assertEqual(
            [comparable(row) for row in message["rows"]],
            [comparable(row) for row in rest["data"]],
        )

    def test_many_rows_are_streamed_in_the_same_memory(self):
        def stream(**period):
            answer = self.call("StreamPointsTransactions", **period)
            ids = [
                (
                    r["card_id"],
                    r["transaction_date"],
                    r["points_amount"],
                    r.get("origin"),
                )
                for m in answer["messages"]
                for r in m["rows"]
            ]
            self.assertEqual(
                len(ids), int(answer["messages"][0]["pagination"]["total"])
            )
            return len(ids), self.memory()

        few, before = stream(date_to="2017-01-07")
        many, after = stream(date_to="2017-02-15")
        self.assertGreater(many, 4 * few)
        self.assertLess(after - before, 30_000, "kilobytes, for all rows at once")

    def memory(self):
        """Return the highest memory of the process, in kilobytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def test_a_query_whose_deadline_is_over_is_stopped(self):
        with self.blocked() as release:
            answer = self.call(timeout=1)
            self.assertEqual(answer["code"], "DEADLINE_EXCEEDED")
            self.wait_for(lambda: not self.waiting())
            release()
        self.assertIn("messages", self.call())

    def test_a_query_whose_client_has_gone_is_stopped(self):
        with self.blocked() as release:
            with Client(self.process.address, self.certificate) as leaving:
                leaving.send("PromotionsPerformance", self.key, 600, **YEAR)
                self.wait_for(self.waiting)
                leaving._process.kill()
            self.wait_for(lambda: not self.waiting())
            release()
        self.assertIn("messages", self.call())

    def test_a_database_that_goes_away_is_told_until_it_comes_back(self):
        self.wait_for(lambda: self.health() == SERVING)
        self.proxy.shut()
        self.assertEqual(self.call()["code"], "UNAVAILABLE")
        self.wait_for(lambda: self.health() == NOT_SERVING)
        self.assertEqual(self.call()["code"], "UNAVAILABLE")
        self.proxy.open()
        self.wait_for(lambda: self.health() == SERVING)
        for _again in range(5):
            self.assertIn("messages", self.call())

    def test_a_database_that_goes_away_amid_a_query_is_told(self):
        with self.blocked() as release:
            self.client.send("PromotionsPerformance", self.key, **YEAR)
            self.wait_for(self.waiting)
            self.proxy.shut()
            self.assertEqual(self.client.receive()["code"], "UNAVAILABLE")
            release()
        self.proxy.open()
        self.wait_for(lambda: "messages" in self.call())

    def test_sigterm_lets_a_running_call_end_and_no_new_one_begin(self):
        with self.running() as process, self.blocked() as release:
            with Client(process.address, self.certificate) as client:
                client.send("PromotionsPerformance", self.key, **YEAR)
                self.wait_for(self.waiting)
                process.send_signal(signal.SIGTERM)
                time.sleep(1)
                self.assertIsNone(process.poll())
                with Client(process.address, self.certificate) as late:
                    answer = late.call("PromotionsPerformance", self.key, 5, **YEAR)
                self.assertEqual(answer["code"], "UNAVAILABLE")
                release()
                self.assertIn("messages", client.receive())
            self.assertEqual(process.wait(20), 0)
            self.assertIn("stopped", process.stdout.read())

    def test_modules_that_another_process_updated_are_loaded_again(self):
        log, again = self.folder / "log", "Reloading the model registry"
        self.call()
        before = log.read_text().count(again)
        with closing(psycopg2.connect(**self.dsn)) as connection, connection:
            cr = connection.cursor()
            cr.execute("INSERT INTO orm_signaling_registry DEFAULT VALUES RETURNING id")
            [number] = cr.fetchone()
        # This process was not updated: it must not load its modules again, neither in
        # a later test. The class resets the number to what it was at its start.
        type(self).registry_start_sequence = self.registry.registry_sequence = number
        self.assertIn("messages", self.call())
        self.assertEqual(log.read_text().count(again), before + 1)
        self.assertIn("messages", self.call())
        self.assertEqual(log.read_text().count(again), before + 1)

    def test_the_log_has_a_line_for_a_call_and_no_key(self):
        self.call()
        log = (self.folder / "log").read_text()
        lines = [
            json.loads(text) for text in re.findall(r"\{.*\"request_id\".*\}", log)
        ]
        self.assertIn("PromotionsPerformance", {line["method"] for line in lines})
        self.assertNotIn(self.key, log)


def _certificate(folder):
    """Write a self-signed certificate of localhost and its key; return the first's path."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now, day = datetime.now(UTC), timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem))
    path.with_name("key.pem").write_bytes(
        private.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path
