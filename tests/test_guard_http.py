import json
import logging
import uuid
from dataclasses import replace
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.http import root
from odoo.tests import tagged
from odoo.tools import config

from ..core.settings import Settings
from ..models.loyalty_reporting_reader import LoyaltyReportingReader
from .test_guard import DASHBOARD, REPORTS, GuardCase
from .test_rest import REPORT, YEARS


@tagged("post_install", "-at_install")
class TestTrace(GuardCase):
    """Request ids and the access log."""

    def test_a_sane_id_of_the_caller_is_kept_and_another_replaced(self):
        for given in ("abc-123", "4bf92f3577b34da6a3ce929d0e0e4736"):
            answer = self.get(url=REPORTS, headers={"X-Request-Id": given})
            self.assertEqual(answer.headers["X-Request-Id"], given)
        for given in ("", "a b", "x" * 65, "é", '"}', "-"):
            answer = self.get(
                url=REPORTS, headers={"X-Request-Id": given.encode("latin-1")}
            )
            made = answer.headers["X-Request-Id"]
            self.assertEqual(str(uuid.UUID(made)), made)

    def test_problems_carry_the_id(self):
        for answer in (
            self.get(key="wrong", url=REPORTS),
            self.get(url="/api/v1/nothing"),
            self.get(**YEARS, colour="red"),
        ):
            self.assertEqual(
                answer.json()["request_id"], answer.headers["X-Request-Id"]
            )

    def test_a_request_is_one_line_of_json(self):
        line = self.line(lambda: self.get(**YEARS, group_by="year", program_id="1001x"))
        self.assertEqual(line["status"], 400)
        line = self.line(lambda: self.get(**YEARS, group_by="year"))
        self.assertEqual(
            {k: line[k] for k in ("method", "route", "report", "status", "company")},
            {
                "method": "GET",
                "route": "/api/v1/reports/<path:slug>",
                "report": "promotions/performance",
                "status": 200,
                "company": self.companies["a"].id,
            },
        )
        self.assertEqual(line["parameters"]["date_from"], "2023-01-01")
        self.assertEqual(line["user"], self.reader.id)
        self.assertEqual(line["store"], "postgresql")
        self.assertGreater(line["rows"], 1)
        self.assertGreater(line["bytes"], 100)
        self.assertGreater(line["key"], 0)
        self.assertGreater(line["duration_ms"], 0)

    def test_neither_keys_nor_persons_are_logged(self):
        points = f"{REPORTS}/points/transactions"
        lines = self.lines(
            lambda: self.get(url=points, **YEARS, partner_id="4711", card_id="4712"),
            lambda: self.get(**YEARS, group_by="4711", secret="4713"),
            lambda: self.get(key="4714" * 10, url=REPORTS),
        )
        text = json.dumps(lines)
        self.assertIn("card_id", text)
        for hidden in ("4711", "4712", "4713", "4714", self.key_of_reader):
            self.assertNotIn(hidden, text)

    def test_a_hostile_value_cannot_forge_a_line(self):
        forged = "%0a2026-01-01%20INFO%20forged%e2%80%a8"
        line = self.line(
            lambda: self.get(url=f"/api/v1/{forged}", **{f"company_id{forged}": "1"})
        )
        self.assertEqual(line["status"], 404)
        self.assertNotIn("forged", json.dumps(line))

    def test_what_could_not_be_foreseen_is_logged_and_not_told(self):
        error = ValueError("secret of the database")
        with (
            patch.object(LoyaltyReportingReader, "_reports", side_effect=error),
            self.assertLogs("odoo", logging.ERROR) as logs,
        ):
            answer = self.get(url=REPORTS)
        self.assert_problem(answer, 500, "log")
        self.assertNotIn("secret", answer.text)
        self.assertIn(answer.json()["request_id"], "".join(logs.output))

    def test_what_odoo_refuses_is_told(self):
        error = ValidationError("This cannot be.")
        with patch.object(LoyaltyReportingReader, "_reports", side_effect=error):
            self.assert_problem(self.get(url=REPORTS), 422, "This cannot be.")


@tagged("post_install", "-at_install")
class TestOrigins(GuardCase):
    """Pages of other origins."""

    def setUp(self):
        super().setUp()
        self.settings = replace(
            self.settings, cors_origins=f"https://other.example, {DASHBOARD}/"
        )

    def test_a_browser_may_ask_first_without_a_key(self):
        answer = self.options(
            Origin=DASHBOARD,
            Access_Control_Request_Method="GET",
            Access_Control_Request_Headers="authorization",
        )
        self.assertEqual((answer.status_code, answer.content), (204, b""))
        headers = answer.headers
        self.assertEqual(headers["Access-Control-Allow-Origin"], DASHBOARD)
        self.assertIn("GET", headers["Access-Control-Allow-Methods"])
        self.assertIn("Authorization", headers["Access-Control-Allow-Headers"])
        self.assertIn("Origin", headers["Vary"])
        self.assertNotIn("Access-Control-Allow-Credentials", headers)
        events = self.options("/api/v1/events", Origin=DASHBOARD)
        self.assertEqual(events.headers["Allow"], "POST, OPTIONS")

    def test_answers_and_errors_can_be_read_there(self):
        for key, status in ((None, 200), ("wrong", 401)):
            answer = self.get(key=key, url=REPORTS, headers={"Origin": DASHBOARD})
            self.assertEqual(answer.status_code, status)
            headers = answer.headers
            self.assertEqual(headers["Access-Control-Allow-Origin"], DASHBOARD)
            for name in ("RateLimit", "Link", "ETag", "X-Request-Id", "Retry-After"):
                self.assertIn(name, headers["Access-Control-Expose-Headers"])
            self.assertNotIn("Access-Control-Allow-Credentials", headers)
            self.assertIn("Origin", headers["Vary"])

    def test_other_origins_are_told_nothing(self):
        for origin in ("https://evil.example", "null", f"{DASHBOARD}.evil", "*"):
            for answer in (
                self.options(Origin=origin),
                self.get(url=REPORTS, headers={"Origin": origin}),
            ):
                self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.settings = replace(self.settings, cors_origins="")
        answer = self.get(url=REPORTS, headers={"Origin": DASHBOARD})
        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)


@tagged("post_install", "-at_install")
class TestProblems(GuardCase):
    """Every error is a problem document."""

    def bearer(self):
        return {"Authorization": f"Bearer {self.key_of_reader}"}

    def test_a_method_that_an_address_does_not_take(self):
        for method, url, allowed in (
            ("DELETE", REPORT, "GET"),
            ("PUT", REPORTS, "GET"),
            ("GET", "/api/v1/events", "POST"),
            ("PATCH", "/api/v1/health", "GET"),
        ):
            answer = self.opener.request(
                method, self.base_url() + url, headers=self.bearer(), timeout=12
            )
            self.assert_problem(answer, 405)
            self.assertIn(allowed, answer.headers["Allow"])

    def test_an_unknown_address_whatever_the_method(self):
        for method in ("GET", "POST", "DELETE"):
            answer = self.opener.request(
                method, f"{self.base_url()}/api/v1/nothing", timeout=12
            )
            self.assert_problem(answer, 404, "no such address")

    def test_a_query_string_that_is_no_text(self):
        answer = self.get(url=REPORT, date_from="%ff")
        self.assert_problem(answer, 400, "UTF-8")
        self.assert_problem(self.get(url=REPORTS, x="%00"), 400, "zero byte")

    def test_an_endless_query_string(self):
        answer = self.get(url=REPORT, program_id="1," * 10_000)
        self.assert_problem(answer, 414, "bytes")

    def test_a_body_that_is_too_large(self):
        headers = {**self.bearer(), "Content-Type": "application/json"}
        answer = self.url_open(
            "/api/v1/events", data=b" " * 10_000_001, headers=headers
        )
        self.assert_problem(answer, 413)

    def test_head_answers_as_get_without_a_body(self):
        answer = self.opener.head(
            f"{self.base_url()}{REPORTS}", headers=self.bearer(), timeout=12
        )
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        self.assertTrue(answer.headers["X-Request-Id"])
        wrong = self.opener.head(f"{self.base_url()}{REPORTS}", timeout=12)
        self.assertEqual(wrong.status_code, 401)

    def test_a_setting_that_is_none_is_told(self):
        pipeline = type(self.env["loyalty.reporting.pipeline"])
        with (
            patch.dict("os.environ", LOYALTY_REPORTING_RATE_LIMIT="many"),
            patch.object(pipeline, "_settings", lambda _: Settings.read({})),
        ):
            answer = self.get(url=REPORTS)
        self.assert_problem(answer, 500, "loyalty_reporting_rate_limit")

    def test_without_a_database_the_server_wide_addon_answers_in_its_own_form(self):
        wide = ["base", "rpc", "web", "loyalty_reporting"]
        name = "server_wide_modules"
        self.addCleanup(root.__dict__.pop, "nodb_routing_map", None)
        self.addCleanup(config.__setitem__, name, config[name])
        config[name] = wide
        root.__dict__.pop("nodb_routing_map", None)
        nowhere = {"X-Odoo-Database": "no_such_database"}

        def ask(path):
            return self.get(key=False, url=f"/api/v1/{path}", headers=nowhere)

        self.assert_problem(ask("nothing"), 404, "no such address")
        self.assertEqual(ask("health").status_code, 503)
        self.assertEqual(ask("health").json()["status"], "unavailable")
        self.assertEqual(ask("health/live").status_code, 200)
