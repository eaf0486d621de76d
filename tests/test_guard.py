import json
import logging
import time
from dataclasses import replace
from unittest.mock import patch

from odoo.tests import tagged

from ..core.errors import TooMany
from ..core.guard.keys import Keys
from ..models import loyalty_reporting_guard as guard
from .test_rest import RestCase

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
