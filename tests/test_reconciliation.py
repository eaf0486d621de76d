import json
from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, TransactionCase, new_test_user, tagged

from ..core.reconcile import months, repair, run
from ..core.records import RunResult

USER = "loyalty_reporting.group_loyalty_reporting_user"
MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"
DONE = RunResult("done")


@tagged("post_install", "-at_install")
class TestReconciliation(TransactionCase):
    """The screen of what was compared, and the rows that differ."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env, "reconciling", f"base.group_user,{MANAGER}"
        )
        cls.reader = new_test_user(cls.env, "reading", f"base.group_user,{USER}")
        cls.company = cls.env.company
        cls.reader.company_ids = [Command.set(cls.company.ids)]

    def day(self, state="different", day="2017-03-10"):
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_reconciliation (run_id, source_name, level,"
            " table_name, date_from, date_to, day, state, rows_expected, rows_kept,"
            " sums_expected, sums_kept, checksum_expected, checksum_kept, differences)"
            " VALUES (1, 'engine', 'source', 'promotion_report_detail_data',"
            " '2017-03-01', '2017-04-30', %s, %s, 2, 2, %s, %s, '1', '2', 1)"
            " RETURNING id",
            [
                day,
                state,
                json.dumps({"amount": "9.98"}),
                json.dumps({"amount": "9.99"}),
            ],
        )
        return self.env["loyalty.reporting.reconciliation"].browse(
            self.env.cr.fetchone()[0]
        )

    def row(self, state="open", day="2017-03-10", age=0):
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_difference (run_id, source_name, level,"
            " table_name, date_from, date_to, day, kind, row_key, expected, kept, state,"
            " found_at) VALUES (1, 'engine', 'source', 'promotion_report_detail_data',"
            " '2017-03-01', '2017-04-30', %s, 'different', 'line_id=1', %s, %s, %s,"
            " now() AT TIME ZONE 'UTC' - %s * interval '1 day') RETURNING id",
            [
                day,
                json.dumps({"qty": "1", "amount": "123456789012345.6789"}),
                json.dumps({"qty": "1", "amount": "123456789012345.6889"}),
                state,
                age,
            ],
        )
        return self.env["loyalty.reporting.difference"].browse(
            self.env.cr.fetchone()[0]
        )

    def test_the_screens_open_for_a_manager(self):
        for record in (self.day(), self.row()):
            with Form(record.with_user(self.manager)) as form:
                self.assertEqual(form.state, record.state)

    def test_a_row_shows_what_differs_with_all_digits(self):
        row = self.row()
        self.assertEqual(
            row.change, "amount: 123456789012345.6789 / 123456789012345.6889"
        )
        self.assertIn("qty: 1 / 1", row.row)

    def test_a_day_shows_the_sums_of_both_sides(self):
        self.assertEqual(self.day().sums, "amount: 9.98 / 9.99")

    def test_a_day_leads_to_its_rows(self):
        mine, other = self.row(), self.row(day="2017-03-11")
        found = self.env["loyalty.reporting.difference"].search(
            self.day().action_open_differences()["domain"]
        )
        self.assertIn(mine, found)
        self.assertNotIn(other, found)

    def test_repair_works_on_the_months_of_the_rows(self):
        rows = self.row() | self.row(day="2017-03-11") | self.row(day="2017-04-02")
        with patch.object(repair, "repair", return_value=DONE) as repaired:
            shown = rows.with_user(self.manager).action_repair()
        [call] = repaired.call_args_list
        self.assertEqual(call.args[3], [date(2017, 3, 1), date(2017, 4, 1)])
        self.assertEqual(shown["params"]["type"], "success")

    def test_a_day_can_be_repaired_too(self):
        with patch.object(repair, "repair", return_value=DONE) as repaired:
            self.day().with_user(self.manager).action_repair()
        self.assertEqual(repaired.call_args.args[3], [date(2017, 3, 1)])

    def test_a_repair_that_fails_says_why(self):
        failed = RunResult("failed", message="The engine is away.")
        with patch.object(repair, "repair", return_value=failed):
            shown = self.row().with_user(self.manager).action_repair()
        self.assertEqual(shown["params"]["type"], "danger")
        self.assertIn("The engine is away.", shown["params"]["message"])

    def test_what_is_reported_is_not_repaired(self):
        with self.assertRaisesRegex(UserError, "nothing to repair"):
            self.row(state="reported").action_repair()

    def test_only_managers_reconcile_and_repair(self):
        day = self.day().with_user(self.reader)
        self.assertEqual(day.rows_kept, 2)
        with self.assertRaises(AccessError):
            day.action_repair()
        with self.assertRaises(AccessError):
            self.row().with_user(self.reader).read(["row_key"])
        with self.assertRaises(AccessError):
            self.env["loyalty.reporting.reconcile"].with_user(self.reader).create({})
        with self.assertRaises(AccessError):
            day._reconcile_period(date(2017, 3, 1), date(2017, 3, 2))

    def test_nobody_changes_what_was_found(self):
        with self.assertRaises(AccessError):
            self.row().with_user(self.manager).write({"state": "settled"})
        with self.assertRaises(AccessError):
            self.day().with_user(self.manager).unlink()

    def test_reconcile_now_compares_the_months_of_a_period(self):
        different = RunResult("done", message="3 rows differ.")
        sources = self.env["loyalty.reporting.reconciliation"]._sources()
        period = self.env["loyalty.reporting.reconcile"].create(
            {"date_from": "2017-03-10", "date_to": "2017-04-01"}
        )
        with (
            patch.object(run, "reconcile_source", return_value=DONE) as of_source,
            patch.object(run, "reconcile_stores", return_value=different) as of_stores,
        ):
            shown = period.with_user(self.manager).action_reconcile()
        expected = [date(2017, 3, 1), date(2017, 4, 1)]
        self.assertEqual(of_source.call_count, len(sources))
        self.assertEqual(of_stores.call_args.kwargs["months"], expected)
        self.assertEqual(shown["params"]["type"], "warning")
        self.assertIn("3 rows differ.", shown["params"]["message"])

    def test_each_night_compares_the_last_days_and_another_month(self):
        with (
            patch.object(run, "reconcile_source", return_value=DONE),
            patch.object(run, "reconcile_stores", return_value=DONE) as of_stores,
        ):
            self.env.ref("loyalty_reporting.ir_cron_reconcile").method_direct_trigger()
        self.assertGreaterEqual(len(of_stores.call_args.kwargs["months"]), 2)

    def test_two_years_of_nights_compare_every_month_of_them(self):
        nights = [date(2017, 3, 8).toordinal() + n for n in range(24)]
        found = {m for n in nights for m in months.nightly(date.fromordinal(n))}
        self.assertEqual(len(found), 24 + 1)

    def test_old_differences_are_forgotten_but_open_ones(self):
        kept = self.row(age=100) | self.row("reported", age=1)
        gone = self.row("reported", age=100)
        self.env["loyalty.reporting.reconciliation"]._gc_reconciliations()
        self.env.invalidate_all()
        self.assertEqual((kept | gone).exists(), kept)
