import json
import logging
import time
import uuid
from dataclasses import replace
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.http import root
from odoo.tests import tagged
from odoo.tools import config

from ..core.errors import TooMany
from ..core.guard.keys import Keys
from ..core.settings import Settings
from ..models import loyalty_reporting_guard as guard
from ..models.loyalty_reporting_reader import LoyaltyReportingReader
from .test_rest import REPORT, YEARS, RestCase

REPORTS = "/api/v1/reports"
ACCESS = "odoo.addons.loyalty_reporting.access"
DASHBOARD = "https://dashboard.example"


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class GuardCase(RestCase):
    """A process that knows no keys yet, and its own clock."""

    def setUp(self):
        super().setUp()
        self.clock = Clock()
        self.startPatcher(patch.object(guard, "KEYS", Keys(clock=self.clock)))
        guard.BUCKETS.clear()
        self.addCleanup(guard.BUCKETS.clear)

    def status(self, **options):
        return self.get(url=REPORTS, **options).status_code

    def options(self, url=REPORTS, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.opener.options(self.base_url() + url, headers=named, timeout=12)

    def until(self, condition):
        """Wait for what the server does once the answer is sent."""
        end = time.monotonic() + 10
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)
        self.assertTrue(condition())

    def lines(self, *asks):
        """Return the lines that some requests log, one each, parsed."""
        with self.assertLogs(ACCESS, logging.INFO) as logs:
            for ask in asks:
                ask()
            self.until(lambda: len(logs.records) >= len(asks))
        texts = [record.getMessage() for record in logs.records]
        self.assertFalse([text for text in texts if not text.isprintable()])
        self.assertEqual(len(texts), len(asks))
        return [json.loads(text) for text in texts]

    def line(self, ask):
        """Return the line that one request logs, parsed."""
        [line] = self.lines(ask)
        return line


@tagged("post_install", "-at_install")
class TestKeys(GuardCase):
    """Whose key it is, and until when it is believed."""

    def drop_keys(self):
        keys = self.env["res.users.apikeys"].sudo()
        keys.search([("user_id", "=", self.reader.id)]).unlink()
        self.env.flush_all()

    def test_a_revoked_key_is_refused_within_five_seconds(self):
        self.assertEqual(self.status(), 200)
        self.drop_keys()
        self.clock.now += 4.9
        self.assertEqual(self.status(), 200)
        self.clock.now += 0.1
        self.assert_problem(self.get(url=REPORTS), 401, "revoked")

    def test_an_expired_key_and_an_archived_user_are_refused_within_five_seconds(self):
        self.assertEqual(self.status(), 200)
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = now() - interval '1 s'"
            " WHERE user_id = %s RETURNING id",
            [self.reader.id],
        )
        self.clock.now += 5
        self.assertEqual(self.status(), 401)
        other = self.user("guard_other")
        key = self.api_key(other)
        self.assertEqual(self.status(key=key), 200)
        other.active = False
        self.env.flush_all()
        self.clock.now += 5
        self.assertEqual(self.status(key=key), 401)

    def test_a_key_that_still_holds_is_checked_in_full_once(self):
        keys = type(self.env["res.users.apikeys"])
        with patch.object(
            keys,
            "_check_credentials",
            autospec=True,
            side_effect=keys._check_credentials,
        ) as check:
            for _request in range(3):
                self.assertEqual(self.status(), 200)
                self.clock.now += 60
        self.assertEqual(check.call_count, 1)

    def test_the_key_itself_is_nowhere_kept(self):
        self.assertEqual(self.status(), 200)
        kept = repr(vars(guard.KEYS)) + repr(guard.BUCKETS.__dict__)
        self.assertNotIn(self.key_of_reader, kept)

    def test_one_method_serves_every_surface(self):
        model = self.env["loyalty.reporting.guard"]
        self.assertEqual(model._verify(self.key_of_reader, "192.0.2.1"), self.reader.id)
        for wrong in (
            "",
            "wrong",
            "x" * 40,
            self.key_of_reader + "0",
            "\0" * 40,
            "é" * 9,
        ):
            self.assertIsNone(model._verify(wrong, "192.0.2.1"), wrong)

    def test_a_key_of_a_narrower_scope_opens_nothing(self):
        keys = self.env["res.users.apikeys"].with_user(self.reader).sudo()
        key = keys._generate("mail", "narrow", None)
        self.assertEqual(self.status(key=key), 401)

    def test_wrong_keys_are_slowed_down_but_known_ones_are_not(self):
        self.settings = replace(self.settings, auth_failures=3)
        self.assertEqual(self.status(), 200)
        self.assertEqual([self.status(key="wrong" * 8) for _ in range(3)], [401] * 3)
        refused = self.get(key="wrong" * 8, url=REPORTS)
        self.assert_problem(refused, 429, "wrong API keys")
        self.assertGreater(int(refused.headers["Retry-After"]), 0)
        self.assertEqual(refused.json()["violated-policies"], ["auth"])
        self.assertEqual(self.status(), 200)
        with self.assertRaises(TooMany):
            self.env["loyalty.reporting.guard"]._verify("another" * 6, "127.0.0.1")
        self.env["loyalty.reporting.guard"]._verify("another" * 6, "192.0.2.9")

    def test_a_session_speaks_for_no_page_of_another_origin(self):
        self.reader.password = "rest_reader"
        self.authenticate("rest_reader", "rest_reader")
        own = {"Origin": self.base_url()}
        self.assertEqual(self.status(key=False, headers=own), 200)
        for origin in (DASHBOARD, "null"):
            self.assertEqual(self.status(key=False, headers={"Origin": origin}), 401)


@tagged("post_install", "-at_install")
class TestLimits(GuardCase):
    """How often one may ask."""

    def test_each_answer_tells_what_is_left(self):
        self.settings = replace(self.settings, rate_limit=60, rate_burst=3)
        answers = [self.get(url=url) for url in (REPORTS, "/api/v1/reports/none")]
        for left, answer in zip((2, 1), answers, strict=True):
            self.assertEqual(answer.headers["RateLimit-Policy"], '"default";q=3;w=3')
            self.assertRegex(answer.headers["RateLimit"], rf'^"default";r={left};t=\d$')

    def test_whoever_asks_too_often_must_wait(self):
        self.settings = replace(self.settings, rate_limit=1, rate_burst=2)
        self.assertEqual([self.status(), self.status()], [200, 200])
        refused = self.get(url=REPORTS)
        self.assert_problem(refused, 429, "wait")
        wait = int(refused.headers["Retry-After"])
        self.assertLessEqual(wait, 60)
        self.assertEqual(refused.headers["RateLimit"], f'"default";r=0;t={wait}')
        self.assertEqual(refused.json()["violated-policies"], ["default"])
        other = self.api_key(self.user("guard_other"))
        self.assertEqual(self.status(key=other), 200)

    def test_a_second_key_of_a_user_has_a_quota_of_its_own(self):
        self.settings = replace(self.settings, rate_limit=1, rate_burst=1)
        self.assertEqual([self.status(), self.status()], [200, 429])
        self.assertEqual(self.status(key=self.api_key(self.reader)), 200)

    def test_sessions_of_a_user_share_a_quota(self):
        self.settings = replace(self.settings, rate_limit=1, rate_burst=1)
        self.reader.password = "rest_reader"
        answers = []
        for _session in range(2):
            self.authenticate("rest_reader", "rest_reader")
            answers.append(self.status(key=False))
        self.assertEqual(answers, [200, 429])

    def test_health_is_not_counted(self):
        self.settings = replace(self.settings, rate_limit=1, rate_burst=1)
        health = [self.get(url="/api/v1/health").status_code for _ in range(3)]
        self.assertEqual(health, [200] * 3)
        self.assertEqual(self.status(), 200)

    def test_zero_means_no_limit(self):
        answers = [self.get(url=REPORTS) for _ in range(3)]
        self.assertEqual([a.status_code for a in answers], [200] * 3)
        self.assertNotIn("RateLimit", answers[0].headers)

    def test_a_redis_that_is_away_does_not_lift_the_limit(self):
        self.settings = replace(
            self.settings, redis_url="redis://127.0.0.1:1/0", rate_limit=1, rate_burst=2
        )
        self.assertEqual([self.status() for _ in range(3)], [200, 200, 429])


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
