from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation

from ..core.records import Counts, RunResult

RUN = """
    INSERT INTO loyalty_reporting_run (job, source_name, state, started_at)
    VALUES ('sync', 'engine', %s, %s)
"""


@tagged("post_install", "-at_install")
class TestSourceSchedule(TransactionCase):
    """When a source is read, and read again."""

    def setUp(self):
        super().setUp()
        self.source = self.env.ref("loyalty_reporting.source_engine")
        self.env.cr.execute("DELETE FROM loyalty_reporting_run")

    def is_due(self, state, seconds):
        """Return whether it is, so many seconds after a run that ended so."""
        started = fields.Datetime.now() - timedelta(seconds=seconds)
        self.env.cr.execute(RUN, [state, started])
        self.env.invalidate_all()
        return self.source._is_due()

    def test_a_source_that_was_never_read_is_due(self):
        self.assertTrue(self.source._is_due())

    def test_a_source_is_read_at_its_interval(self):
        self.source.interval_minutes = 5
        for state in ("done", "failed"):
            self.assertFalse(self.is_due(state, 4 * 60))
            self.assertTrue(self.is_due(state, 5 * 60))

    def test_each_minute_does_not_mean_on_the_second(self):
        self.assertFalse(self.is_due("done", 20))
        self.assertTrue(self.is_due("done", 59))

    def test_a_run_that_did_not_end_goes_on_at_once(self):
        self.source.interval_minutes = 60
        for state in ("partial", "interrupted"):
            self.assertTrue(self.is_due(state, 1))

    def test_an_interval_is_a_minute_at_least(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.source.interval_minutes = 0
            self.source.flush_recordset()

    # ------------------------------------------------------------ backfill

    def backfill(self, result, since="2017-04-01"):
        """Start one as the form does; returns its calls and what is shown."""
        action = self.source.action_backfill()
        wizard = (
            self.env[action["res_model"]]
            .with_context(**action["context"])
            .create({"since": since})
        )
        pipeline = type(self.env["loyalty.reporting.pipeline"])
        with patch.object(pipeline, "_backfill", return_value=result) as started:
            shown = wizard.action_start()
        return started.call_args_list, shown["params"]

    def triggers(self):
        cron = self.env.ref("loyalty_reporting.ir_cron_sync")
        return self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])

    def test_reading_again_begins_and_leaves_the_rest_to_the_schedule(self):
        before = self.triggers()
        [call], shown = self.backfill(RunResult("partial"))
        source, since = call.args
        self.assertEqual(source, self.source)
        self.assertEqual(since, fields.Date.to_date("2017-04-01"))
        self.assertEqual(shown["type"], "info")
        self.assertGreater(self.triggers(), before)

    def test_reading_again_tells_what_it_did(self):
        result = RunResult("done", Counts(rows_loaded=3, rows_rejected=1))
        _calls, shown = self.backfill(result)
        self.assertEqual(shown["type"], "success")
        self.assertIn("3 rows loaded, 1 rejected", shown["message"])

    def test_reading_again_may_fail(self):
        result = RunResult("failed", message="The engine is away.")
        _calls, shown = self.backfill(result)
        self.assertEqual(shown["type"], "danger")
        self.assertIn("The engine is away.", shown["message"])

    def test_only_managers_have_a_source_read_again(self):
        reader = new_test_user(
            self.env,
            "reader_of_sources",
            groups="base.group_user,loyalty_reporting.group_loyalty_reporting_user",
        )
        with self.assertRaises(AccessError):
            self.source.with_user(reader).action_backfill()
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            self.env["loyalty.reporting.backfill"].with_user(reader).create(
                {"source_id": self.source.id}
            )
