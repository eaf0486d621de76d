import os
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.modules.neutralize import get_installed_modules, get_neutralization_queries
from odoo.tests import TransactionCase, tagged

from ..core import sync
from ..core.records import Counts, RunResult
from ..core.stores import materialized, push

ADDRESSES = {
    "LOYALTY_REPORTING_ENGINE_DSN": "postgresql://u:p@engine/e",
    "LOYALTY_REPORTING_CLICKHOUSE_URL": "clickhouse://u:p@house/c",
    "LOYALTY_REPORTING_REDIS_URL": "redis://house/0",
}
NO_ADDRESSES = dict.fromkeys(ADDRESSES, "")
DONE = RunResult("done")


@tagged("post_install", "-at_install")
class TestPipeline(TransactionCase):
    """What Odoo tells the data path, and when it runs it."""

    def setUp(self):
        super().setUp()
        self.pipeline = self.env["loyalty.reporting.pipeline"]
        self.environment(ADDRESSES)

    def environment(self, variables):
        patcher = patch.dict(os.environ, variables)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.env.invalidate_all()

    def run_cron(self, name):
        """Run a scheduled action as the scheduler would."""
        cron = self.env.ref(f"loyalty_reporting.{name}")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        return self.env["ir.cron.progress"].search(
            [("cron_id", "=", cron.id)], limit=1, order="id desc"
        )

    def test_every_minute_each_active_source_is_read(self):
        source = self.env.ref("loyalty_reporting.source_engine")
        with patch.object(sync, "run", return_value=DONE) as run:
            self.run_cron("ir_cron_sync")
        [call] = run.call_args_list
        self.assertEqual(call.kwargs["source_name"], source.code)
        self.assertEqual(
            call.kwargs["mapping"], {1: self.env.ref("base.main_company").id}
        )
        self.assertEqual(call.args[0].dsn, ADDRESSES["LOYALTY_REPORTING_ENGINE_DSN"])

    def test_a_paused_source_is_not_read(self):
        self.env["loyalty.reporting.source"].search([]).active = False
        with patch.object(sync, "run") as run:
            self.run_cron("ir_cron_sync")
        run.assert_not_called()

    def test_without_an_address_nothing_runs_and_nothing_fails(self):
        self.environment(NO_ADDRESSES)
        with patch.object(sync, "run") as run, patch.object(push, "push") as pushed:
            self.run_cron("ir_cron_sync")
            self.run_cron("ir_cron_push")
        run.assert_not_called()
        pushed.assert_not_called()

    def test_a_run_that_outlasts_its_slot_goes_on_at_once(self):
        results = [RunResult("partial"), RunResult("partial"), DONE]
        with patch.object(sync, "run", side_effect=results) as run:
            self.run_cron("ir_cron_sync")
        self.assertEqual(run.call_count, 3)

    def test_a_failed_run_does_not_stop_the_schedule(self):
        failed = RunResult("failed", message="The engine is away.")
        with patch.object(sync, "run", return_value=failed) as run:
            self.run_cron("ir_cron_sync")
        self.assertEqual(run.call_count, 1)
        self.assertTrue(self.env.ref("loyalty_reporting.ir_cron_sync").active)

    def test_what_was_loaded_is_pushed_at_once(self):
        loaded = RunResult("done", Counts(documents_changed=1, rows_read=1))
        with patch.object(sync, "run", return_value=loaded):
            self.run_cron("ir_cron_sync")
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("loyalty_reporting.ir_cron_push").id)]
        )
        self.assertTrue(trigger)

    def test_the_other_jobs_run(self):
        with (
            patch.object(push, "push", return_value=DONE) as pushed,
            patch.object(materialized, "refresh", return_value={}) as refreshed,
        ):
            self.run_cron("ir_cron_push")
            self.run_cron("ir_cron_refresh")
        pushed.assert_called_once()
        refreshed.assert_called_once_with(self.pipeline._dsn())

    def test_a_neutralized_copy_reaches_no_service(self):
        for query in get_neutralization_queries(["loyalty_reporting"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        settings = self.pipeline._settings()
        self.assertFalse(settings.engine_dsn or settings.clickhouse_url)
        self.assertFalse(settings.redis_url)
        self.assertFalse(self.env["loyalty.reporting.source"].search([]))
        self.assertIn("loyalty_reporting", get_installed_modules(self.env.cr))

    def test_companies_are_described(self):
        company = self.env.company
        company.loyalty_reporting_tz = "America/New_York"
        [mine] = [c for c in self.pipeline._companies() if c.id == company.id]
        self.assertEqual(mine.timezone, "America/New_York")
        self.assertEqual(mine.currency, company.currency_id.name)
        self.assertEqual(mine.digits, company.currency_id.decimal_places)

    def test_a_new_company_reports_in_the_zone_of_its_contact(self):
        partner = self.env["res.partner"].create({"name": "X", "tz": "Asia/Jakarta"})
        company = self.env["res.company"].create(
            {"name": "X", "partner_id": partner.id}
        )
        self.assertEqual(company.loyalty_reporting_tz, "Asia/Jakarta")
        partner.tz = "UTC"
        self.assertEqual(company.loyalty_reporting_tz, "Asia/Jakarta")

    def test_a_zone_that_postgresql_does_not_know_is_refused(self):
        selection = type(self.env["res.company"])._fields["loyalty_reporting_tz"]
        with (
            patch.object(selection, "get_values", return_value=["Mars/Base"]),
            self.assertRaises(ValidationError),
        ):
            self.env.company.loyalty_reporting_tz = "Mars/Base"

    def test_a_zone_stays_once_days_cannot_be_cut_anew(self):
        company = self.env["res.company"].create({"name": "X"})
        company.loyalty_reporting_tz = "Asia/Jakarta"
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_company VALUES (%s, 'Asia/Jakarta', 'USD', 2)",
            [company.id],
        )
        company.loyalty_reporting_tz = "UTC"
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive (month, tier, state)"
            " VALUES ('2015-01-01', 'detail', 'expired')"
        )
        with self.assertRaisesRegex(ValidationError, "must stay Asia/Jakarta"):
            company.loyalty_reporting_tz = "Asia/Tokyo"
        # What was set before, and not cut yet, can be set back.
        company.loyalty_reporting_tz = "Asia/Jakarta"
        # Nothing of a company that has no facts is to be cut.
        other = self.env["res.company"].create({"name": "Y"})
        other.loyalty_reporting_tz = "Asia/Tokyo"

    def test_old_runs_are_forgotten_but_never_the_last(self):
        old = fields.Datetime.now() - timedelta(days=100)
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_run (job, source_name, state, started_at)"
            " VALUES ('sync', 'old', 'failed', %s), ('sync', 'old', 'done', %s)",
            [old, old],
        )
        self.env["loyalty.reporting.run"]._gc_runs()
        kept = self.env["loyalty.reporting.run"].search([("source_name", "=", "old")])
        self.assertEqual(kept.mapped("state"), ["done"])
