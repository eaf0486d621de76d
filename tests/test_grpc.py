import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from unittest.mock import MagicMock, patch

import psycopg2
from odoo.tests import get_db_name, tagged

from ..cli import loyalty_grpc
from ..controllers import grpc_sessions
from ..core.api.grpc import loyalty_reporting_pb2 as pb2
from ..core.api.grpc import names
from ..core.api.grpc.server import Server
from ..core.guard.keys import Keys
from ..core.queries import REPORTS
from ..core.settings import Settings
from ..models import loyalty_reporting_guard as guard
from .test_rest import YEARS, RestCase

HERE = Path(__file__).parent
PROTO = HERE.parent / "core" / "api" / "grpc" / "loyalty_reporting.proto"


class Client:
    """A process of its own that was built of the .proto alone: see ``grpc_client``."""

    def __init__(self, address, ca=None):
        self.address, self.ca = address, ca
        self._process = subprocess.Popen(
            [sys.executable, HERE / "grpc_client.py", PROTO],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def call(self, method, key=None, timeout=30, **request):
        """Return what a call answers."""
        self.send(method, key, timeout, **request)
        return self.receive()

    def send(self, method, key=None, timeout=30, **request):
        asked = {
            "address": self.address, "method": method, "request": request, "key": key,
            "timeout": timeout, "ca": self.ca and str(self.ca),
        }  # fmt: skip
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def receive(self):
        return json.loads(self._process.stdout.readline())


def comparable(row):
    """Return a row of either surface: numbers as decimals, without what is empty."""
    return {
        name: Decimal(str(value)) if _is_number(value) else value
        for name, value in row.items()
        if value is not None
    }


def _is_number(value):
    if isinstance(value, str):
        return value.lstrip("-").replace(".", "", 1).isdigit()
    return True


class GrpcCase(RestCase):
    """A server of gRPC in the test's own transaction, and a client outside."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sessions = grpc_sessions.Sessions(get_db_name())
        cls.server = Server(
            Settings(grpc_address="127.0.0.1:0"),
            sessions,
            grpc_sessions.document_of,
            lambda: True,
        )
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        client = Client(f"127.0.0.1:{cls.server.port}")
        cls.client = cls.enterClassContext(client)

    @contextmanager
    def serving(self):
        with self.allow_requests(all_requests=True):
            yield

    def call(self, method="PromotionsPerformance", key=None, **request):
        if method != "Catalogue":
            request = {**YEARS, **request}
        with self.serving():
            key = self.key_of_reader if key is None else key
            return self.client.call(method, key, **request)

    def message(self, *args, **request):
        answer = self.call(*args, **request)
        self.assertIn("messages", answer)
        [message] = answer["messages"]
        return message

    def assert_refused(self, answer, code, *words, parameter=None):
        self.assertEqual(answer.get("code"), code, answer)
        self.assertEqual(answer["details"], answer["problem"]["detail"])
        for word in words:
            self.assertIn(word, answer["details"])
        self.assertEqual(answer["problem"].get("parameter"), parameter)


def refused_by(report):
    """Return the dimensions that some measure is one number over."""
    return {name for measure in report.measures for name in measure.not_by}


@tagged("post_install", "-at_install")
class TestGrpc(GrpcCase):
    """The reports over gRPC, beside REST."""

    def test_every_report_gives_rest_s_figures(self):
        for slug, report in REPORTS.items():
            asked, rest = {}, {}
            for name in ("dimensions", "measures"):
                if hasattr(report, name):
                    known = [one.name for one in getattr(report, name)]
                    known = [one for one in known if one not in refused_by(report)]
                    asked[name] = [f"{name}_{one}".upper() for one in known]
                    rest[name] = ",".join(known)
            with self.subTest(slug):
                url = f"/api/v1/reports/{slug}"
                expected = self.data(url=url, **rest)
                found = self.message(names.method(slug), **asked)
                self.assertEqual(
                    [comparable(row) for row in found["rows"]],
                    [comparable(row) for row in expected["data"]],
                )
                self.assertEqual(
                    comparable(found["pagination"]), comparable(expected["pagination"])
                )
                self.assertEqual(found["meta"]["basis"], report.basis)

    def test_there_are_figures_to_compare_and_money_keeps_its_decimals(self):
        rows = self.message(group_by="GROUP_BY_DAY")["rows"]
        self.assertIn("100.10", {row["total_amount"] for row in rows})
        self.assertEqual(len(rows), self.data(group_by="day")["pagination"]["total"])

    def test_hours_are_instants(self):
        rows = self.message(group_by="GROUP_BY_HOUR")["rows"]
        self.assertEqual(rows[0]["hour"], "2023-12-31T12:00:00Z")

    def test_streamed_messages_concatenate_to_the_whole(self):
        whole = self.message(group_by="GROUP_BY_DAY")
        parts = self.call(
            "StreamPromotionsPerformance", group_by="GROUP_BY_DAY", per_page=2
        )["messages"]
        self.assertGreater(len(parts), 2)
        self.assertEqual(sum((p["rows"] for p in parts), []), whole["rows"])

    def test_the_catalogue_has_what_the_user_may_read(self):
        found = self.message("Catalogue")["reports"]
        expected = self.get(url="/api/v1/reports").json()["data"]
        self.assertEqual(
            [report["slug"] for report in found], [r["slug"] for r in expected]
        )

    def test_without_a_valid_key_nobody_gets_in(self):
        for key in ("", "wrong"):
            self.assert_refused(self.call(key=key), "UNAUTHENTICATED", "API key")

    def test_expired_and_revoked_keys_and_inactive_users_are_refused(self):
        keys = self.env["res.users.apikeys"].sudo()
        clock = count(step=5)  # a verdict stands for so many seconds
        known = Keys(clock=lambda: next(clock))
        self.startPatcher(patch.object(guard, "KEYS", known))
        user = self.user("grpc_leaving")
        key = self.api_key(user)
        self.assertIn("messages", self.call(key=key))
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = %s WHERE user_id = %s",
            [datetime.now() - timedelta(days=1), user.id],
        )
        self.assert_refused(self.call(key=key), "UNAUTHENTICATED", "expired")
        key = self.api_key(user)
        user.active = False
        self.env.flush_all()
        self.assert_refused(self.call(key=key), "UNAUTHENTICATED")
        user.active = True
        self.env.flush_all()
        self.assertIn("messages", self.call(key=key))
        keys.search([("user_id", "=", user.id)]).unlink()
        self.assert_refused(self.call(key=key), "UNAUTHENTICATED", "revoked")

    def test_a_key_of_another_scope_is_refused(self):
        expires = datetime.now() + timedelta(days=1)
        keys = self.env["res.users.apikeys"].with_user(self.reader).sudo()
        key = keys._generate("other", "test", expires)
        self.assert_refused(self.call(key=key), "UNAUTHENTICATED")

    def test_a_user_without_our_group_is_refused(self):
        key = self.api_key(self.user("grpc_nobody", group=None))
        self.assert_refused(self.call(key=key), "PERMISSION_DENIED", "group")
        self.assert_refused(self.call("Catalogue", key=key), "PERMISSION_DENIED")

    def test_another_company_and_its_program_are_not_there(self):
        other = self.companies["b"].id
        answer = self.call(company_id=other)
        self.assert_refused(answer, "NOT_FOUND", str(other), parameter="company_id")
        self.env.cr.execute(
            "SELECT external_id FROM loyalty_reporting_program WHERE name = 'Other'"
        )
        [foreign] = self.env.cr.fetchone()
        answers = [self.call(program_id=[n]) for n in (foreign, 987654)]
        for answer in answers:
            self.assert_refused(answer, "NOT_FOUND", parameter="program_id")
        texts = [a["details"].replace(str(foreign), "987654") for a in answers]
        self.assertEqual(*texts)

    def test_each_bad_parameter_is_named(self):
        for name, value in (
            ("date_from", "2025-01-01"),
            ("date_from", "2024-02-30"),
            ("date_to", ""),
            ("per_page", 1_000_000),
            ("page", -1),
        ):
            with self.subTest(name=name, value=value):
                answer = self.call(**{name: value})
                self.assert_refused(answer, "INVALID_ARGUMENT", name, parameter=name)

    def test_clickhouse_that_is_away_does_not_matter(self):
        expected = self.message(group_by="GROUP_BY_YEAR")["rows"]
        self.settings = Settings(
            clickhouse_url="clickhouse://nobody:secret@127.0.0.1:1/none",
            redis_url="redis://127.0.0.1:1/0",
        )
        self.env.cr.execute("UPDATE loyalty_reporting_clickhouse SET watermark = 1")
        found = self.message(group_by="GROUP_BY_YEAR")
        self.assertEqual(found["rows"], expected)
        self.assertEqual(found["meta"]["store"], "postgresql")

    def test_a_database_that_is_away_is_told(self):
        away = psycopg2.OperationalError("could not connect to server: secret")
        with patch.object(self.registry, "check_signaling", side_effect=away):
            answer = self.call()
        self.assert_refused(answer, "UNAVAILABLE", "does not answer")
        self.assertIn("messages", self.call())

    def test_queries_get_no_more_time_than_the_caller_waits(self):
        seen = []
        reader = type(self.env["loyalty.reporting.reader"])
        hurried = reader._hurried

        def watched(reader, settings):
            found = hurried(reader, settings)
            seen.append(found.query_timeout)
            return found

        with patch.object(reader, "_hurried", watched), self.serving():
            self.client.call("PromotionsPerformance", self.key_of_reader, 5, **YEARS)
            self.client.call("PromotionsPerformance", self.key_of_reader, None, **YEARS)
        self.assertLessEqual(seen[0], 5)
        self.assertEqual(seen[1], Settings().query_timeout)

    def test_the_command_refuses_to_listen_to_others_without_tls(self):
        address = {"LOYALTY_REPORTING_GRPC_ADDRESS": "0.0.0.0:0"}
        pipeline = type(self.env["loyalty.reporting.pipeline"])
        with (
            patch.dict(os.environ, address),
            patch.object(pipeline, "_settings", lambda _self: Settings.read()),
            self.assertRaises(SystemExit) as ended,
        ):
            loyalty_grpc._server(get_db_name())
        self.assertIn("loyalty_reporting_grpc_tls_certificate", str(ended.exception))

    def test_the_command_needs_one_database(self):
        for databases in ((), ("one", "two")):
            config = MagicMock()
            config.__getitem__.return_value = list(databases)
            with (
                patch.object(loyalty_grpc, "config", config),
                self.assertRaises(SystemExit) as ended,
            ):
                loyalty_grpc.Loyalty_Grpc().run([])
            self.assertIn("-d DATABASE", str(ended.exception))

    def test_the_proto_is_to_be_had_from_the_server(self):
        url = "/api/v1/loyalty_reporting.proto"
        answer = self.get(url=url)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.content, PROTO.read_bytes())
        self.assert_problem(self.get(key=False, url=url), 401)

    def test_our_modules_are_imported_as_part_of_odoo(self):
        self.assertTrue(pb2.__name__.startswith("odoo.addons.loyalty_reporting.core."))
