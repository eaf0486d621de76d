from dataclasses import replace
from unittest.mock import patch

import psycopg2
from odoo.tests import TransactionCase, tagged
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families

from ..core.guard import counters, health
from ..models.loyalty_reporting_pipeline import NEUTRALIZED
from .test_guard import REPORTS, GuardCase
from .test_rest import YEARS

HEALTH, METRICS = "/api/v1/health", "/api/v1/metrics"
AWAY = "redis://:hidden@127.0.0.1:1/0"


@tagged("post_install", "-at_install")
class TestHealth(GuardCase):
    """Fit to answer?"""

    def setUp(self):
        super().setUp()
        health.PROBES.clear()

    def test_a_live_process_says_so_to_anybody(self):
        answer = self.get(key=False, url=f"{HEALTH}/live")
        self.assertEqual(
            (answer.status_code, answer.json()), (200, {"status": "alive"})
        )

    def test_what_is_not_configured_is_not_missed(self):
        for url in (HEALTH, f"{HEALTH}/ready"):
            answer = self.get(key=False, url=url)
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(answer.json()["status"], "ready")
            self.assertEqual(
                answer.json()["dependencies"],
                {
                    "postgresql": "up",
                    "redis": "not configured",
                    "clickhouse": "not configured",
                },
            )
            self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_a_service_that_is_away_degrades_and_addresses_stay_hidden(self):
        self.settings = replace(
            self.settings,
            redis_url=AWAY,
            clickhouse_url="clickhouse://u:hidden@127.0.0.1:1/d",
        )
        answer = self.get(key=False, url=HEALTH)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json()["status"], "degraded")
        self.assertEqual(answer.json()["dependencies"]["redis"], "away")
        self.assertEqual(answer.json()["dependencies"]["clickhouse"], "away")
        self.assertNotIn("127.0.0.1", answer.text)
        self.assertNotIn("details", answer.json())

    def test_managers_are_told_more_and_users_are_not(self):
        self.settings = replace(self.settings, redis_url=AWAY)
        manager = self.api_key(self.user("guard_manager", group="manager"))
        details = self.get(key=manager, url=HEALTH).json()["details"]
        self.assertIn("reason", details["services"]["redis"])
        self.assertNotIn("hidden", str(details))
        self.assertTrue(details["postgresql_version"])
        self.assertTrue(details["schema_version"].endswith(".sql"))
        self.assertNotIn("details", self.get(url=HEALTH).json())

    def test_a_wrong_key_is_told_so(self):
        self.assert_problem(self.get(key="wrong", url=HEALTH), 401)

    def test_late_data_degrade(self):
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_cursor (source_name, position, saved_at)"
            " VALUES ('guard', '{\"phase\": \"sweep\"}', now() - interval '1 day')"
        )
        answer = self.get(key=False, url=HEALTH).json()
        self.assertEqual((answer["status"], answer["data"]), ("degraded", "late"))
        self.settings = replace(self.settings, late_after=0)
        answer = self.get(key=False, url=HEALTH).json()
        self.assertEqual((answer["status"], answer["data"]), ("ready", "fresh"))

    def test_a_database_that_was_not_updated_is_not_fit(self):
        self.env.cr.execute(
            "DELETE FROM loyalty_reporting_schema WHERE name ="
            " (SELECT max(name) FROM loyalty_reporting_schema)"
        )
        answer = self.get(key=False, url=HEALTH)
        self.assertEqual(answer.status_code, 503)
        self.assertEqual(answer.json()["schema"], "outdated")

    def test_a_postgresql_that_fails_is_not_fit(self):
        error = psycopg2.OperationalError("gone from 192.0.2.1")
        with patch.object(health, "state", side_effect=error):
            answer = self.get(key=False, url=HEALTH)
        self.assertEqual(answer.status_code, 503)
        self.assertEqual(answer.json()["dependencies"], {"postgresql": "away"})
        self.assertNotIn("192.0.2.1", answer.text)


@tagged("post_install", "-at_install")
class TestMetrics(GuardCase):
    """What Prometheus reads."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(counters, "_tally", counters.Tally()))
        self.settings = replace(self.settings, metrics_token="scrape-me")

    def scrape(self, **options):
        answer = self.get(key="scrape-me", url=METRICS, **options)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer

    def samples(self):
        """Return {(name, labels without the process): value}."""
        return {
            (
                s.name,
                *sorted(v for k, v in s.labels.items() if k != "process"),
            ): s.value
            for family in text_string_to_metric_families(self.scrape().text)
            for s in family.samples
        }

    def requests(self):
        """Return how many requests were counted."""
        name = "loyalty_reporting_request_duration_seconds_count"
        return sum(v for (found, *_), v in self.samples().items() if found == name)

    def test_requests_answers_and_failures_are_counted(self):
        for _request in range(2):
            self.get(**YEARS, group_by="year")
        self.get(key="wrong" * 8, url=REPORTS)
        self.until(lambda: self.requests() == 3)
        samples = self.samples()
        prefix = "loyalty_reporting_"
        route = "/api/v1/reports/<path:slug>"
        durations = f"{prefix}request_duration_seconds"
        self.assertEqual(samples[f"{durations}_count", route, "200", "GET"], 2)
        self.assertEqual(samples[f"{durations}_bucket", "+Inf", route, "200", "GET"], 2)
        self.assertGreater(samples[f"{durations}_sum", route, "200", "GET"], 0)
        self.assertEqual(samples[f"{durations}_count", REPORTS, "401", "GET"], 1)
        self.assertEqual(samples[f"{prefix}auth_failures_total",], 1)
        self.assertEqual(
            samples[f"{prefix}answers_total", "postgresql", "promotions/performance"], 2
        )
        self.assertEqual(samples[f"{prefix}cache_hits_total",], 0)
        self.assertEqual(samples[f"{prefix}counters_up",], 1)

    def test_the_pipeline_is_gauged(self):
        self.env.cr.execute(
            """
            INSERT INTO loyalty_reporting_run
                (job, source_name, state, finished_at, lag_seconds)
                VALUES ('sync', 'engine', 'done', '2026-01-01', 2),
                       ('sync', 'engine', 'failed', '2026-01-02', 3);
            INSERT INTO loyalty_reporting_dead_letter
                (source_name, source, table_name, reason, raw)
                VALUES ('engine', 'engine', 'orders', 'x', '1');
            INSERT INTO loyalty_reporting_cursor (source_name, position, saved_at)
                VALUES ('engine', '{"phase": "sweep"}', '2026-01-01');
            UPDATE fact_load SET load_id = 9;
            UPDATE loyalty_reporting_clickhouse SET watermark = 4
            """
        )
        self.settings = replace(self.settings, clickhouse_url="clickhouse://h/d")
        samples = self.samples()
        prefix, new_year = "loyalty_reporting_", 1767225600
        self.assertEqual(
            samples[f"{prefix}last_success_timestamp_seconds", "engine", "sync"],
            new_year,
        )
        self.assertEqual(samples[f"{prefix}source_lag_seconds", "engine", "sync"], 3)
        self.assertEqual(samples[f"{prefix}dead_letters_open", "engine"], 1)
        self.assertEqual(samples[f"{prefix}data_as_of_timestamp_seconds",], new_year)
        self.assertEqual(samples[f"{prefix}watermark_lag_loads",], 5)

    def test_open_metrics_is_spoken_to_those_who_ask(self):
        asked = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = self.scrape(headers=asked)
        self.assertIn("openmetrics-text", answer.headers["Content-Type"])
        self.assertTrue(list(open_metrics(answer.text)))

    def test_it_is_for_the_token_and_for_users_only(self):
        self.assertEqual(self.get(url=METRICS).status_code, 200)
        self.assert_problem(self.get(key=False, url=METRICS), 401)
        self.assert_problem(self.get(key="wrong", url=METRICS), 401)
        stranger = self.api_key(self.user("guard_stranger", group=None))
        self.assert_problem(self.get(key=stranger, url=METRICS), 403, "group")
        self.settings = replace(self.settings, metrics_token="")
        self.assert_problem(self.get(key="scrape-me", url=METRICS), 401)

    def test_the_token_opens_nothing_else(self):
        self.assert_problem(self.get(key="scrape-me", url=REPORTS), 401)

    def test_counters_that_cannot_be_read_are_left_out(self):
        self.settings = replace(self.settings, redis_url="redis://127.0.0.1:1/0")
        self.get(url=REPORTS)
        samples = self.samples()
        self.assertEqual(samples["loyalty_reporting_counters_up",], 0)
        self.assertFalse([name for name, *_ in samples if name.endswith("_count")])


@tagged("post_install", "-at_install")
class TestNeutralized(TransactionCase):
    """A copy for tests keeps no secret and opens no door."""

    def test_a_neutralized_copy_has_no_token_and_no_origins(self):
        variables = {
            "LOYALTY_REPORTING_METRICS_TOKEN": "scrape-me",
            "LOYALTY_REPORTING_CORS_ORIGINS": "https://a.example",
        }
        pipeline = self.env["loyalty.reporting.pipeline"]
        with patch.dict("os.environ", variables):
            self.assertEqual(pipeline._settings().metrics_token, "scrape-me")
            self.env["ir.config_parameter"].set_param(NEUTRALIZED, "1")
            self.assertEqual(pipeline._settings().metrics_token, "")
            self.assertEqual(pipeline._settings().cors_origins, "")
