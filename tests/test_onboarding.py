"""The first steps: how each of them stands, and to whom that is told."""

import os
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..core.database import sql
from ..core.errors import SourceError
from ..core.sources import EnginePgSource
from ..core.stores.fragments import buckets, days
from ..core.stores.partitions import ensure
from .common import FACTS, ReportingCase

DSN = "postgresql://reader:very-secret@engine.example:5432/engine"
SERVICES = ("ENGINE_DSN", "STREAM_URL", "CLICKHOUSE_URL", "REDIS_URL")
RUN = """
    INSERT INTO loyalty_reporting_run
        (job, source_name, state, message, documents_read, rows_loaded)
    VALUES ('sync', %s, %s, %s, 1200, 3400)
"""
CURSOR = """
    INSERT INTO loyalty_reporting_cursor (source_name, position) VALUES (%s, %s)
    ON CONFLICT (source_name) DO UPDATE SET position = excluded.position
"""
LETTER = """
    INSERT INTO loyalty_reporting_dead_letter
        (source_name, source, table_name, reason, raw)
    VALUES ('engine', 'engine', 'processed_order', 'company 9 is not mapped', '{}')
"""


@tagged("post_install", "-at_install")
class TestOnboarding(ReportingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine = cls.env.ref("loyalty_reporting.source_engine")
        cls.company = cls.companies["a"]
        cls.manager = cls.user("steps_manager", group="manager")
        cls.manager.tz = "Asia/Jakarta"
        cls.env.cr.execute("DELETE FROM loyalty_reporting_run")
        cls.env.cr.execute("DELETE FROM loyalty_reporting_cursor")
        cls.company.loyalty_reporting_system = "engine"
        cls.company.loyalty_reporting_tz = "Asia/Jakarta"
        cls.engine.company_map_ids.company_id = cls.company

    def setUp(self):
        super().setUp()
        self.address(**dict.fromkeys(SERVICES, ""))

    def address(self, **settings):
        variables = {f"LOYALTY_REPORTING_{name}": v for name, v in settings.items()}
        patcher = patch.dict(os.environ, variables)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.env.invalidate_all()

    def onboarding(self, user=None):
        return self.env["loyalty.reporting.onboarding"].with_user(user or self.manager)

    def look(self, user=None, company=None):
        self.env.invalidate_all()
        return self.onboarding(user).look((company or self.company).id)

    def states(self, **more):
        return {step["name"]: step["state"] for step in self.look(**more)["steps"]}

    def text(self, name, **more):
        [found] = [s["text"] for s in self.look(**more)["steps"] if s["name"] == name]
        return found

    def ran(self, state, message="", code="engine"):
        self.env.cr.execute(RUN, [code, state, message])

    # ------------------------------------------------------------ the states

    def test_where_nothing_is_configured_everything_is_to_be_done(self):
        self.assertEqual({*self.states().values()}, {"todo"})
        self.assertIn(self.company.name, self.text("source"))

    def test_a_configured_engine_is_connected_and_shown_without_its_password(self):
        self.address(ENGINE_DSN=DSN)
        self.assertEqual(self.states()["source"], "done")
        self.assertIn("reader:***@engine.example", self.text("source"))
        self.assertNotIn("very-secret", str(self.look()))

    def test_a_company_that_no_source_names_is_told(self):
        self.address(ENGINE_DSN=DSN)
        self.engine.company_map_ids.company_id = self.companies["b"]
        self.assertEqual(self.states()["company"], "trouble")
        self.assertIn(self.company.name, self.text("company"))

    def test_days_in_utc_are_to_be_looked_at_by_who_is_elsewhere(self):
        self.address(ENGINE_DSN=DSN)
        self.company.loyalty_reporting_tz = "UTC"
        self.assertEqual(self.states()["company"], "todo")
        self.assertIn("Asia/Jakarta", self.text("company"))
        self.manager.tz = "UTC"
        self.assertEqual(self.states()["company"], "done")

    def test_a_source_is_tried_and_its_faults_are_told(self):
        self.address(ENGINE_DSN=DSN)
        self.assertEqual(self.states()["test"], "todo")
        for answer, state, words in (
            ([[]], "done", "offers what is needed"),
            ([["program.name is missing"]], "trouble", "program.name is missing"),
            (SourceError("The server is away."), "trouble", "The server is away."),
        ):
            with patch.object(EnginePgSource, "check", side_effect=answer):
                step = self.onboarding().try_source(self.company.id)
            self.assertEqual((step["name"], step["state"]), ("test", state))
            self.assertIn(words, step["text"])

    def test_a_failed_run_tells_its_reason(self):
        self.address(ENGINE_DSN=DSN)
        self.ran("failed", "The engine's database does not answer.")
        states = self.states()
        self.assertEqual((states["test"], states["load"]), ("trouble", "trouble"))
        self.assertEqual(self.text("load"), "The engine's database does not answer.")

    def test_a_load_that_goes_on_tells_how_far_it_is(self):
        self.address(ENGINE_DSN=DSN)
        months = '{"phase": "first", "months": ["2024-01-01", "2024-02-01"]}'
        self.env.cr.execute(CURSOR, ["engine", months])
        for state in ("running", "partial"):
            self.env.cr.execute("DELETE FROM loyalty_reporting_run")
            self.ran(state)
            self.assertEqual(self.states()["load"], "running")
            for number in ("2 months", "1,200", "3,400"):
                self.assertIn(number, self.text("load"))

    def test_a_scheduled_action_that_is_off_is_told(self):
        self.address(ENGINE_DSN=DSN)
        self.env.ref("loyalty_reporting.ir_cron_sync").active = False
        self.assertEqual(self.states()["load"], "trouble")

    def test_where_all_is_loaded_all_is_done(self):
        self.address(ENGINE_DSN=DSN)
        self.ran("done")
        self.add(*FACTS)
        self.roll_up()
        self.assertEqual({*self.states().values()}, {"done"})
        self.assertIn("12/31/2023", self.text("figures"))

    def test_what_was_read_and_tells_nothing_of_the_company_is_told(self):
        self.address(ENGINE_DSN=DSN)
        self.ran("done")
        self.assertEqual(self.states()["figures"], "trouble")
        self.assertIn("nothing of", self.text("figures"))
        self.env.cr.execute(LETTER)
        self.assertIn("refused: 1", self.text("figures"))

    def test_a_neutralized_copy_says_that_it_is_one(self):
        self.address(ENGINE_DSN=DSN)
        self.env["ir.config_parameter"].set_param("loyalty_reporting.neutralized", "1")
        self.assertEqual(self.states()["source"], "trouble")
        self.assertIn("neutralized", self.text("source"))

    def test_odoo_is_read_where_it_was_chosen(self):
        with patch.object(type(self.env["ir.cron"]), "_trigger") as woken:
            self.onboarding().choose(self.company.id, "odoo")
        self.assertTrue(woken.called)
        self.assertEqual(self.company.loyalty_reporting_system, "odoo")
        states = self.states()
        self.assertEqual((states["source"], states["company"]), ("done", "done"))

    def test_a_source_that_was_deleted_is_made_anew(self):
        self.env.ref("loyalty_reporting.source_odoo").unlink()
        with patch.object(type(self.env["ir.cron"]), "_trigger"):
            self.onboarding().choose(self.company.id, "odoo")
        self.assertEqual(self.states()["source"], "done")

    def test_events_need_senders_and_then_events(self):
        source = self.env["loyalty.reporting.source"].create(
            {"name": "Shop", "code": "shop", "type": "push", "system": "engine"}
        )
        self.assertEqual(self.states()["load"], "todo")
        source.sender_ids = self.manager
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_pushed_event"
            " (source_name, event_source, event_id, digest) VALUES ('shop','s','1','')"
        )
        states = self.states()
        self.assertEqual((states["test"], states["load"]), ("done", "done"))

    def test_a_paused_source_is_named(self):
        self.address(ENGINE_DSN=DSN)
        self.ran("done")
        self.engine.active = False
        self.assertEqual(self.states()["source"], "trouble")
        self.assertIn(self.engine.name, self.text("source"))
        opened = self.onboarding().open_step(self.company.id, "source")
        self.assertEqual(opened["res_id"], self.engine.id)

    def test_what_is_optional_is_looked_up_too(self):
        self.address(REDIS_URL="redis://:hidden@house:6379/0")
        more = {step["name"]: step for step in self.look()["more"]}
        self.assertEqual(more["clickhouse"]["state"], "todo")
        self.assertEqual(more["redis"]["state"], "done")
        self.assertEqual(more["people"]["state"], "done")
        self.assertNotIn("hidden", str(more))

    # ------------------------------------------------------------ where they are done

    def test_every_place_that_a_step_names_can_be_opened(self):
        self.address(ENGINE_DSN=DSN)
        self.manager.group_ids += self.env.ref("base.group_system")
        for place in ("source", "engine", "push", "zone", "test", "runs", "letters"):
            action = self.onboarding().open_step(self.company.id, place)
            self.assertEqual(action["type"], "ir.actions.act_window", place)
            self.assertTrue(action["views"], place)
        for place in ("cron", "clickhouse", "people"):
            action = self.onboarding().open_step(self.company.id, place)
            self.assertEqual(action["type"], "ir.actions.act_window", place)
            self.assertTrue(action["views"], place)
        with self.assertRaises(UserError):
            self.onboarding().open_step(self.company.id, "elsewhere")

    def test_the_steps_can_be_hidden_and_are_not_forgotten(self):
        self.onboarding().hide(self.company.id, True)
        self.assertTrue(self.look()["is_hidden"])
        self.assertTrue(self.look()["steps"])
        self.onboarding().hide(self.company.id, False)
        self.assertFalse(self.look()["is_hidden"])

    # ------------------------------------------------------------ rights

    def test_who_is_no_manager_is_told_whom_to_ask_and_nothing_else(self):
        self.address(ENGINE_DSN=DSN)
        reader = self.user("steps_reader")
        found = self.look(user=reader)
        self.assertEqual([*found], ["managers"])
        self.assertIn(self.manager.name, found["managers"])
        onboarding = self.onboarding(reader)
        for work in (
            lambda: onboarding.choose(self.company.id, "odoo"),
            lambda: onboarding.open_step(self.company.id, "source"),
            lambda: onboarding.try_source(self.company.id),
            lambda: onboarding.hide(self.company.id, True),
        ):
            with self.assertRaises(AccessError):
                work()

    def test_who_reads_nothing_learns_nothing(self):
        with self.assertRaises(AccessError):
            self.look(user=self.user("steps_nobody", group=None))

    def test_another_company_is_none_of_the_user(self):
        with self.assertRaises(AccessError):
            self.look(company=self.companies["b"])
        with self.assertRaises(AccessError):
            self.onboarding().choose(self.companies["b"].id, "odoo")

    def test_each_company_has_steps_of_its_own(self):
        self.address(ENGINE_DSN=DSN)
        self.ran("done")
        other = self.companies["b"]
        other.loyalty_reporting_system = "engine"
        self.manager.company_ids += other
        self.assertEqual(self.states(company=self.company)["company"], "done")
        self.assertEqual(self.states(company=other)["company"], "trouble")

    def roll_up(self):
        cr = self.env.cr
        cr.execute(
            "SELECT DISTINCT date_trunc('month', date)::date FROM promotion_order_data"
        )
        ensure(cr, "promotion_performance_data", [m for (m,) in cr.fetchall()])
        values = {"company_id": self.company.id, "load_id": 1}
        cr.execute(sql("stores/sql/rebuild.sql", **buckets(), **days()), values)
