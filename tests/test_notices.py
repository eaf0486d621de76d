"""What stands above the figures when they are not what they should be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..core.errors import NotFound
from ..core.guard import health
from .test_guard import GuardCase

LONG_AGO = timedelta(hours=5)
AWAY = "redis://:hidden@127.0.0.1:1/0"


@tagged("post_install", "-at_install")
class TestNotices(GuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = cls.env["loyalty.reporting.source"].create(
            {
                "name": "Till server",
                "code": "till_server",
                "company_map_ids": [
                    (0, 0, {"external_id": 77, "company_id": cls.companies["a"].id})
                ],
            }
        )
        cls.operator = cls.user("notices_user", group="user")
        cls.reader = cls.user("notices_points", group="points")

    def setUp(self):
        super().setUp()
        health.PROBES.clear()

    def run_log(self, state, age=timedelta(), message="", lag=0.0):
        at = datetime.now(UTC).replace(tzinfo=None) - age
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_run (job, source_name, state, started_at,"
            " finished_at, message, lag_seconds) VALUES ('sync', 'till_server', %s, %s,"
            " %s, %s, %s)",
            [state, at, at if state in ("done", "partial") else None, message, lag],
        )
        self.env.invalidate_all()

    def notices(self, user=None, company=None):
        """Return the notices that name our source, or a service."""
        model = self.env["loyalty.reporting.health"].with_user(user or self.operator)
        return model.notices((company or self.companies["a"]).id)

    def test_while_all_is_well_nothing_is_said(self):
        self.run_log("done")
        self.assertEqual(self.notices(), [])

    def test_a_source_that_fails_is_named_with_its_reason(self):
        self.run_log("done", LONG_AGO)
        self.run_log("failed", message="The source's database cannot be read: refused.")
        [told] = self.notices()
        self.assertEqual(told["level"], "danger")
        self.assertIn("Till server cannot be read: figures are as of", told["message"])
        self.assertIn("refused", told["reason"])
        self.assertTrue(self.env.ref(told["action"]))

    def test_readers_are_told_what_but_neither_why_nor_where(self):
        self.run_log("failed", message="password of 192.0.2.1 refused")
        [told] = self.notices(self.reader)
        self.assertEqual(told["message"], "Till server cannot be read.")
        self.assertEqual((told["reason"], told["action"]), ("", ""))

    def test_days_that_cannot_be_cut_in_the_new_zone_are_told(self):
        self.run_log("done")
        company = self.companies["a"]
        company.loyalty_reporting_tz = "Asia/Jakarta"
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_company VALUES (%s, 'UTC', 'USD', 2)",
            [company.id],
        )
        # The next synchronisation cuts them.
        self.assertEqual(self.notices(), [])
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive (month, tier, state, problem)"
            " VALUES ('2015-01-01', 'detail', 'archived', 'No such file.')"
        )
        [told] = self.notices()
        self.assertEqual(told["message"], "Days are cut in UTC, not in Asia/Jakarta.")
        self.assertIn("set the company's reporting time zone back", told["reason"])
        [told] = self.notices(self.reader)
        self.assertEqual((told["reason"], told["action"]), ("", ""))
        company.loyalty_reporting_tz = "UTC"
        self.assertEqual(self.notices(), [])

    def test_a_source_that_nobody_reads_is_late_and_the_cron_is_named(self):
        self.run_log("done", LONG_AGO)
        [told] = self.notices()
        self.assertEqual(told["level"], "warning")
        self.assertIn("Till server was last read at", told["message"])
        self.assertIn("not configured any more", told["reason"])
        self.env.ref("loyalty_reporting.ir_cron_sync").active = False
        [told] = self.notices()
        self.assertIn("switched off", told["reason"])

    def test_how_late_is_late_is_a_setting(self):
        self.run_log("done", LONG_AGO)
        self.settings = replace(self.settings, late_after=6 * 3600)
        self.assertEqual(self.notices(), [])
        self.settings = replace(self.settings, late_after=0)
        self.assertEqual(self.notices(), [])

    def test_a_source_read_once_a_day_is_not_late_after_an_hour(self):
        self.run_log("done", LONG_AGO)
        self.source.interval_minutes = 24 * 60
        self.assertEqual(self.notices(), [])

    def test_an_open_transaction_at_the_source_is_told(self):
        self.run_log("done", lag=7200.0)
        [told] = self.notices()
        self.assertIn("Till server is held up", told["message"])
        self.assertIn("transaction", told["reason"])

    def test_a_pause_is_told(self):
        self.run_log("done", LONG_AGO)
        self.source.active = False
        [told] = self.notices()
        self.assertEqual(told["level"], "info")
        self.assertIn("Till server is paused", told["message"])

    def test_other_companies_sources_are_not_told(self):
        self.run_log("failed", message="no")
        stranger = self.user("notices_b", group="user", company="b")
        self.assertEqual(self.notices(stranger, self.companies["b"]), [])
        with self.assertRaises(NotFound):
            self.notices(stranger, self.companies["a"])

    def test_who_may_read_no_report_is_told_nothing(self):
        nobody = self.env["res.users"].create(
            {"name": "Nobody", "login": "notices_nobody"}
        )
        with self.assertRaises(AccessError):
            self.notices(nobody)

    def test_a_service_that_is_away_is_told_to_operators_without_its_password(self):
        self.run_log("done")
        self.settings = replace(self.settings, redis_url=AWAY)
        [told] = self.notices()
        self.assertEqual(told["level"], "info")
        self.assertIn("Redis cannot be reached", told["message"])
        self.assertNotIn("hidden", str(told))
        self.assertEqual(self.notices(self.reader), [])

    def test_managers_are_told_of_rows_that_wait(self):
        self.run_log("done")
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_dead_letter (source_name, source, table_name,"
            " reason, raw) VALUES ('till_server', 'engine', 'orders', 'no shop', '{}')"
        )
        manager = self.user("notices_manager", group="manager")
        told = self.notices(manager)
        self.assertTrue(any("could not be counted" in one["message"] for one in told))
        self.assertEqual(self.notices(), [])


@tagged("post_install", "-at_install")
class TestConnections(GuardCase):
    """The buttons of the settings."""

    def tried(self, service, **settings):
        model = self.env["res.config.settings"].with_user(
            self.env.ref("base.user_admin")
        )
        self.settings = replace(self.settings, **settings)
        asked = model.with_context(loyalty_reporting_service=service)
        return asked.create({}).action_loyalty_reporting_test()["params"]

    def test_an_engine_that_is_not_there_is_told_without_its_password(self):
        told = self.tried(
            "engine", engine_dsn="postgresql://u:hidden@127.0.0.1:1/engine"
        )
        self.assertEqual(told["type"], "danger")
        self.assertIn("postgresql://u:***@127.0.0.1:1/engine", told["message"])
        self.assertNotIn("hidden", told["message"])

    def test_the_faults_of_an_engine_are_told(self):
        dsn = self.env["loyalty.reporting.pipeline"]._dsn()
        told = self.tried("engine", engine_dsn=dsn)
        self.assertEqual(told["type"], "danger")

    def test_services_that_are_not_there_are_told(self):
        told = self.tried("redis", redis_url=AWAY)
        self.assertEqual(told["type"], "danger")
        self.assertNotIn("hidden", told["message"])
        url = "clickhouse://u:hidden@127.0.0.1:1/d"
        told = self.tried("clickhouse", clickhouse_url=url)
        self.assertIn("ClickHouse at 127.0.0.1:1", told["message"])
        self.assertNotIn("hidden", told["message"])

    def test_an_address_that_is_none_does_not_show_its_password(self):
        told = self.tried("redis", redis_url="redis://:hid#den@host:port/0")
        self.assertEqual(told["type"], "danger")
        self.assertNotIn("hid", told["message"])
