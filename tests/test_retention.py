import tempfile
from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import config, mute_logger
from psycopg2 import IntegrityError

from ..core.records import RunResult
from ..core.retention import policy, run

USER = "loyalty_reporting.group_loyalty_reporting_user"
POINTS = "loyalty_reporting.group_loyalty_reporting_points"
MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"


@tagged("post_install", "-at_install")
class TestRetention(TransactionCase):
    """Policies, what they would take out, and the archive's screen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "archiving", f"base.group_user,{MANAGER}")
        cls.reader = new_test_user(cls.env, "reading", f"base.group_user,{USER}")
        cls.detail = cls.env.ref("loyalty_reporting.retention_detail")
        cls.folder = tempfile.mkdtemp()

    def archived(self, state="archived", tier="detail"):
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive (month, tier, state, generation,"
            " location, manifest) VALUES ('2017-03-01', %s, %s, 2, '/archives', '{}')"
            " RETURNING id",
            [tier, state],
        )
        archive_id = self.env.cr.fetchone()[0]
        for table, rows in (("point_analytics_data", 7), ("customer_order_data", 5)):
            self.env.cr.execute(
                "INSERT INTO loyalty_reporting_archive_file (archive_id, table_name,"
                " generation, path, rows, bytes, sha256)"
                " VALUES (%s, %s, 2, %s, %s, 5000000000, 'x')",
                [archive_id, table, f"{table}/{table}_201703.2.parquet", rows],
            )
        return self.env["loyalty.reporting.archive"].browse(archive_id)

    def reports(self, *companies):
        """Give companies a fact each."""
        for company in companies:
            self.env.cr.execute(
                "INSERT INTO loyalty_reporting_company VALUES (%s, 'UTC', 'USD', 2)"
                " ON CONFLICT DO NOTHING",
                [company.id],
            )
            self.env.cr.execute(
                "INSERT INTO point_day_data VALUES (%s, 0, '2001-02-01', 'earn', 1, 1, 0,"
                " 0, 0, 1)",
                [company.id],
            )

    def old_month(self):
        """Make a month of no other test: their partitions may be here still."""
        self.env.cr.execute(
            "CREATE TABLE point_analytics_data_200102 PARTITION OF point_analytics_data"
            " FOR VALUES FROM ('2001-02-01') TO ('2001-03-01')"
        )

    def scheduled(self):
        """Do what the scheduled action does, but for its commit."""
        with patch.object(self.env.registry["ir.cron"], "_commit_progress"):
            self.env["loyalty.reporting.archive"]._cron_archive()

    def test_policies_are_installed_inactive(self):
        found = self.env["loyalty.reporting.retention"].with_context(active_test=False)
        kept = {(p.tier, p.days, p.active) for p in found.search([])}
        expected = {("detail", 90), ("aggregate", 730), ("archive", 1826)}
        self.assertEqual(kept, {(*policy, False) for policy in expected})
        with patch.object(run, "run") as archive:
            self.assertEqual(self.env["loyalty.reporting.archive"]._run().state, "done")
        archive.assert_not_called()

    def test_a_month_on_its_way_out_is_gone_on_with_under_no_policy(self):
        self.archived(state="leaving")
        with patch.object(run, "run", return_value=RunResult("done")) as archive:
            self.env["loyalty.reporting.archive"]._run()
        _dsn, policies, _today, location = archive.call_args.args
        self.assertEqual((policies, location), ([], ""))

    def test_a_policy_of_detail_says_where_files_go(self):
        with self.assertRaisesRegex(ValidationError, "where the archive files"):
            self.detail.active = True
        self.detail.write({"active": True, "location": self.folder})
        other = {"tier": "detail", "active": True, "company_id": self.env.company.id}
        with self.assertRaisesRegex(ValidationError, "the same location"):
            self.detail.create({**other, "location": "/elsewhere"})

    def test_the_location_is_that_of_companies_that_one_does_not_see(self):
        other = self.env["res.company"].create({"name": "Other"})
        one = {"tier": "detail", "active": True, "location": self.folder}
        self.detail.create({**one, "company_id": other.id})
        mine = {"company_id": self.manager.company_id.id, "location": "/elsewhere"}
        with self.assertRaisesRegex(ValidationError, "the same location"):
            self.detail.with_user(self.manager).create({**one, **mine})

    def test_tiers_go_one_after_the_other(self):
        aggregate = self.env.ref("loyalty_reporting.retention_aggregate")
        archive = self.env.ref("loyalty_reporting.retention_archive")
        with self.assertRaisesRegex(ValidationError, "needs one of the detail"):
            aggregate.active = True
        self.detail.write({"active": True, "location": self.folder})
        (aggregate + archive).active = True
        for policy_of, days in ((self.detail, 731), (aggregate, 89), (archive, 729)):
            with self.assertRaisesRegex(ValidationError, "cannot go before"):
                policy_of.days = days
        company = self.env.company.id
        with self.assertRaisesRegex(ValidationError, "Aggregates cannot go before"):
            self.detail.copy({"active": True, "company_id": company, "days": 800})

    def pivot(self, model, domain=(), groupby=(), measure="__count"):
        """What a pivot of a model shows."""
        return self.env[model].formatted_read_grouping_sets(
            [*domain], [[*groupby]], [measure]
        )

    def test_a_pivot_of_what_is_archived_says_since_when_it_is_here(self):
        self.registry_enter_test_mode()
        self.env.company.loyalty_reporting_tz = "Asia/Jakarta"
        self.archived()
        later = [("date", ">=", "2017-04-02")]
        for model, groupby in (
            ("promotion.report.detail", ["shop_key"]),
            ("point.analytics", ["card_key"]),
        ):
            with self.assertRaisesRegex(UserError, "from 2017-04-02 on"):
                self.pivot(model, groupby=groupby)
            with self.assertRaisesRegex(UserError, "2017-03 to 2017-03 is archived"):
                self.pivot(model, [("date", ">=", "2017-03-31")], groupby)
            self.pivot(model, later, groupby)
            self.pivot(model, [("date", "<", "2017-02-28")], groupby)
        # Orders by program and the days of customers are aggregates, and sums by day stay.
        self.pivot("promotion.order", groupby=["shop_key"])
        self.pivot("membership.analytics", groupby=["customer_key"])
        self.pivot("point.analytics", groupby=["program_key"])

        self.archived(tier="aggregate")
        for model, groupby in (
            ("promotion.order", ["shop_key"]),
            ("membership.analytics", ["customer_key"]),
        ):
            # Days of customers leave by business day.
            day = 2 if model == "promotion.order" else 1
            with self.assertRaisesRegex(UserError, f"from 2017-04-0{day} on"):
                self.pivot(model, groupby=groupby)
            self.pivot(model, later, groupby)
        self.pivot(
            "membership.analytics", groupby=["date:month"], measure="members:max"
        )

    @mute_logger("odoo.sql_db")
    def test_a_tier_of_a_company_has_one_active_policy(self):
        self.detail.write({"active": True, "location": self.folder})
        with self.assertRaises(IntegrityError):
            self.detail.copy({"active": True})

    def test_the_job_gets_the_active_policies(self):
        self.detail.write({"active": True, "location": self.folder})
        done = RunResult("done")
        with patch.object(run, "run", return_value=done) as archive:
            self.env["loyalty.reporting.archive"]._run()
        _dsn, policies, _today, location = archive.call_args.args
        expected = [policy.Policy(policy.Tier.DETAIL, 90)]
        self.assertEqual((policies, location), (expected, self.folder))

    def test_the_job_is_told_when_its_worker_is_killed(self):
        self.detail.write({"active": True, "location": self.folder})
        archive = self.env["loyalty.reporting.archive"]
        real = {"limit_time_real": 300, "limit_time_real_cron": 200}
        for limits, of_cron, of_button in (
            ({**real, "workers": 2, "limit_time_cpu": 900}, 190, 290),
            ({**real, "workers": 2, "limit_time_cpu": 60}, 60, 60),
            ({**real, "workers": 0, "limit_time_cpu": 60}, 190, 290),
            ({**real, "limit_time_real_cron": -1, "workers": 0}, 290, 290),
            (
                {"limit_time_real_cron": 0, "limit_time_real": 0, "workers": 0},
                None,
                None,
            ),
        ):
            with (
                self.subTest(limits=limits),
                patch.dict(config.options, limits),
                patch.object(run, "run", return_value=RunResult("done")) as running,
            ):
                self.scheduled()
                archive.action_run()
                archive._run()
            found = [call.kwargs["limit"] for call in running.call_args_list]
            self.assertEqual(found, [of_cron, of_button, None])

    def test_a_run_that_is_not_done_goes_on_in_a_slot_of_its_own(self):
        self.detail.write({"active": True, "location": self.folder})
        cron = self.env.ref("loyalty_reporting.ir_cron_archive")
        triggers = self.env["ir.cron.trigger"].search_count
        for state, more in (("done", 0), ("failed", 0), ("partial", 1)):
            before = triggers([("cron_id", "=", cron.id)])
            with patch.object(run, "run", return_value=RunResult(state)):
                self.scheduled()
            self.assertEqual(triggers([("cron_id", "=", cron.id)]) - before, more)

    def test_inactive_policies_count_nowhere(self):
        # The list shows them, and asks in a context that does.
        of_list = self.detail.with_context(active_test=False)
        aggregate = self.env.ref("loyalty_reporting.retention_aggregate")
        of_list.write({"active": True, "location": self.folder, "days": 800})
        self.assertFalse(aggregate.active)
        self.assertEqual(of_list._policies(), [policy.Policy(policy.Tier.DETAIL, 800)])
        other = {"tier": "detail", "active": False, "location": "elsewhere"}
        of_list.create(other)
        self.assertEqual(of_list._location(), self.folder)

    def test_a_dry_run_shows_what_would_go(self):
        self.detail.write({"active": True, "location": self.folder, "days": 30_000})
        self.old_month()
        self.reports(self.env.company)
        with self.assertRaisesRegex(UserError, "Nothing would go"):
            self.detail.with_user(self.manager).action_dry_run()
        self.detail.days = 90
        action = self.detail.with_user(self.manager).action_dry_run()
        lines = self.env[action["res_model"]].search(action["domain"])
        line = lines.filtered(lambda each: each.month == date(2001, 2, 1))
        self.assertEqual(line.display_name, "2001-02")
        self.assertEqual((line.table_name, line.rows), ("point_analytics_data", 0))
        self.assertGreater(line.bytes, 0)
        with self.assertRaises(AccessError):
            self.detail.with_user(self.reader).action_dry_run()

    def test_a_dry_run_says_which_company_keeps_everything(self):
        branch = self.env["res.company"].create({"name": "Branch"})
        branch.active = False
        self.reports(self.env.company, branch)
        self.detail.write({"active": True, "location": self.folder})
        kept = r"Detail: all months stay, as no policy is active for Branch\."
        self.detail.company_id = self.env.company
        with self.assertRaisesRegex(UserError, f"Nothing would go.*\\n\n{kept}"):
            self.detail.action_dry_run()
        self.old_month()
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive (month, state)"
            " VALUES ('2001-02-01', 'leaving')"
        )
        shown = self.detail.action_dry_run()
        self.assertRegex(shown["params"]["message"], kept)
        self.assertEqual(
            shown["params"]["next"]["res_model"], "loyalty.reporting.retention.step"
        )

    def test_an_archived_month_shows_its_files(self):
        archive = self.archived().with_user(self.reader)
        self.assertEqual(archive.display_name, "2017-03")
        self.assertEqual((archive.rows, archive.bytes), (12, 1e10))

    def test_readers_are_told_since_when_rows_are_here(self):
        self.reader.company_id.loyalty_reporting_tz = "UTC"
        health = self.env["loyalty.reporting.health"]
        self.assertEqual(health.with_user(self.reader).horizon(), [])
        self.archived()
        points = new_test_user(self.env, "p", f"base.group_user,{POINTS}")
        for user, action in ((self.manager, True), (points, False)):
            [notice] = health.with_user(user).horizon()
            self.assertEqual(notice["message"], "Rows before 04/01/2017 are archived.")
            self.assertEqual(bool(notice["action"]), action)
            self.assertEqual("Restore" in notice["reason"], action)
        nobody = new_test_user(self.env, "nobody", "base.group_user")
        with self.assertRaises(AccessError):
            health.with_user(nobody).horizon()
        self.env.cr.execute("UPDATE loyalty_reporting_archive SET state = 'restored'")
        self.assertEqual(health.with_user(self.reader).horizon(), [])

    def test_a_location_without_password_is_asked_for(self):
        with self.assertRaisesRegex(ValidationError, "fsspec"):
            self.detail.write({"active": True, "location": "sftp://me:pw@server/a"})

    def test_only_managers_verify_restore_and_archive(self):
        archive = self.archived()
        for action in ("action_verify", "action_restore", "action_run"):
            with self.assertRaises(AccessError):
                getattr(archive.with_user(self.reader), action)()
        done = RunResult("done")
        with patch.object(run, "verify", return_value=done) as verify:
            shown = archive.with_user(self.manager).action_verify()
        self.assertEqual(verify.call_args.args[1], [date(2017, 3, 1)])
        self.assertEqual(shown["params"]["type"], "success")
