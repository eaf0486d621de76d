import os
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tests import Form, TransactionCase, get_db_name, new_test_user, tagged
from odoo.tools import config

from ..core.erasure import run as running
from ..core.errors import StoreError
from ..core.records import RunResult
from ..models import loyalty_reporting_erasure as models
from .history import load_history, until

GROUP = "loyalty_reporting.group_loyalty_reporting_"
ADDRESSES = ("CLICKHOUSE_URL", "REDIS_URL", "STREAM_URL")
LAST = "2017-02-01"


@tagged("post_install", "-at_install")
class TestErasure(TransactionCase):
    """A privacy officer erases a customer, and has a certificate of it."""

    @classmethod
    def setUpClass(cls):
        load_history(cls, queries=until(LAST))
        super().setUpClass()
        variables = {f"LOYALTY_REPORTING_{name}": "" for name in ADDRESSES}
        variables["LOYALTY_REPORTING_ERASURE_SECRET"] = "a-secret-of-the-tests"
        cls.enterClassContext(patch.dict(os.environ, variables))
        cls.admin = cls.env.ref("base.user_admin")

    def customer(self, place=0):
        """Return a customer that was not erased by another test."""
        domain = [("external_id", ">", 0)]
        with self.committed() as env:
            found = env["loyalty.reporting.customer"].search(domain, offset=place)[0]
            return self.env["loyalty.reporting.customer"].browse(found.id), (
                found.external_id
            )

    @contextmanager
    def committed(self):
        """Give an environment that sees what was committed by now."""
        with db_connect(get_db_name()).cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})

    def wizard(self, customer, user=None, **values):
        chosen = {"active_model": customer._name, "active_ids": customer.ids}
        model = self.env["loyalty.reporting.erase"].with_user(user or self.admin)
        return model.with_context(**chosen).create(values)

    def erased(self, customer, **values):
        return self.wizard(customer, **values).action_erase()["res_id"]

    def test_it_is_certified_what_was_removed_where_and_not_who(self):
        customer, number = self.customer()
        wizard = self.wizard(customer, requester="authority", reference="GDPR-7")
        self.assertEqual(wizard.customer_ids, customer)
        self.assertIn("Customers: 1, cards: 1", wizard.summary)
        erasure = wizard.action_erase()["res_id"]
        with self.committed() as env:
            certificate = env["loyalty.reporting.erasure"].browse(erasure)
            self.assertEqual(certificate.state, "done")
            self.assertEqual(certificate.user_id, env.ref("base.user_admin"))
            self.assertEqual(
                (certificate.requester, certificate.reference),
                ("authority", "GDPR-7"),
            )
            steps = {step.place: step for step in certificate.step_ids}
            self.assertEqual([*steps], [*running.PLACES])
            self.assertGreater(steps["detail"].changed, 1)
            self.assertEqual(steps["clickhouse"].state, "none")
            known = certificate.digests.splitlines()
            self.assertEqual(
                [line.partition(":")[0] for line in known],
                ["customer (engine)", "card (engine)"],
            )
            renamed = env["loyalty.reporting.customer"].browse(customer.id)
            self.assertEqual(renamed.external_id, -customer.id)
            self.assertEqual(renamed.display_name, f"Erased customer {customer.id}")
            html, _kind = env["ir.actions.report"]._render_qweb_html(
                "loyalty_reporting.erasure_certificate", [erasure]
            )
            text = html.decode()
            for shown in ("GDPR-7", "Orders, memberships and points", known[0]):
                self.assertIn(shown, text)
            env.cr.execute(
                "SELECT row_to_json(e)::text FROM loyalty_reporting_erasure e"
                " WHERE id = %s",
                [erasure],
            )
            self.assertIn('"identifiers":null', env.cr.fetchone()[0])
            self.assertFalse(
                env["loyalty.reporting.customer"].search([("external_id", "=", number)])
            )

    def test_the_form_says_whom_it_is_about(self):
        customer, _number = self.customer(2)
        chosen = {"active_model": customer._name, "active_ids": customer.ids}
        model = self.env["loyalty.reporting.erase"].with_user(self.admin)
        with Form(model.with_context(**chosen)) as form:
            self.assertIn("Customers: 1", form.summary)
            self.assertEqual(form.requester, "person")

    def test_customers_are_those_of_the_contact_and_never_linked_again(self):
        customer, _number = self.customer(3)
        partner = self.env["res.partner"].create({"name": "Ada"})
        model = self.env["loyalty.reporting.erase"].with_context(
            active_model="res.partner", active_ids=partner.ids
        )
        with self.assertRaisesRegex(UserError, "no customer"):
            model.with_user(self.admin).create({}).action_erase()
        customer.partner_id = partner
        self.assertEqual(model.create({}).customer_ids, customer)
        other, _number = self.customer(4)
        self.erased(other)
        with self.committed() as env:
            found = env["loyalty.reporting.customer"].browse(other.id)
            with self.assertRaises(UserError):
                found.partner_id = env.ref("base.main_partner")

    def test_what_could_not_be_reached_is_gone_to_by_the_scheduled_action(self):
        customer, _number = self.customer(5)
        message = "The disk is full."
        with (
            patch.object(
                running.places, "scrub_exports", side_effect=StoreError(message)
            ),
            self.assertLogs("odoo.addons.loyalty_reporting.core.erasure.run"),
        ):
            erasure = self.erased(customer)
        with self.committed() as env:
            found = env["loyalty.reporting.erasure"].browse(erasure)
            self.assertEqual((found.state, found.message), ("running", message))
            env["loyalty.reporting.pipeline"]._cron_erase()
        with self.committed() as env:
            self.assertEqual(
                env["loyalty.reporting.erasure"].browse(erasure).state, "done"
            )

    def test_what_is_more_than_a_time_slot_goes_on_soon(self):
        cron = self.env.ref("loyalty_reporting.ir_cron_erase")
        pipeline = self.env["loyalty.reporting.pipeline"]
        begun = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        for state, more in (("done", 0), ("partial", 1)):
            with patch.object(models, "run", return_value=RunResult(state)) as run:
                pipeline._erase(4711)
            self.assertLess(run.call_args.kwargs["seconds"], 120)
            found = self.env["ir.cron.trigger"].search_count(
                [("cron_id", "=", cron.id)]
            )
            self.assertEqual(found - begun, more, state)

    def test_it_is_told_when_its_worker_is_killed(self):
        pipeline, seconds = self.env["loyalty.reporting.pipeline"], [0, 0, 20]
        real = {"limit_time_real": 120, "limit_time_real_cron": 200, "workers": 2}
        for limits, of_request, of_cron in (
            ({**real, "limit_time_cpu": 900}, 110, [190, 170]),
            ({**real, "limit_time_cpu": 60}, 60, [60, 40]),
            ({name: 0 for name in real}, None, [None, None]),
        ):
            with (
                self.subTest(limits=limits),
                patch.dict(config.options, limits),
                patch.object(models, "run", return_value=RunResult("done")) as run,
                patch.object(models, "unfinished", return_value=[1, 2]),
                patch.object(models, "time") as time,
            ):
                time.monotonic.side_effect = seconds
                pipeline._erase(4711)
                pipeline._cron_erase()
            calls = [call.kwargs for call in run.call_args_list]
            self.assertEqual([c["limit"] for c in calls], [of_request, *of_cron])
            self.assertEqual([c["seconds"] for c in calls], [60, 60, 40])

    def test_files_of_exports_go_and_questions_lose_the_number(self):
        customer, number = self.customer(6)
        with self.committed() as env:
            jobs = env["loyalty.reporting.export.job"]
            folder = jobs._folder()
            folder.path("").mkdir(parents=True, exist_ok=True)
            folder.path("kept.csv").write_text(f"{number}")
            job = jobs.create(
                {
                    "report": "points/transactions",
                    "parameters": {"partner_id": [str(number)], "page": ["1"]},
                    "file_format": "csv",
                    "user_id": SUPERUSER_ID,
                    "company_id": env.company.id,
                    "state": "done",
                    "file_name": "kept.csv",
                }
            )
            env.cr.commit()
        self.erased(customer)
        with self.committed() as env:
            found = env["loyalty.reporting.export.job"].browse(job.id)
            self.assertEqual(found.state, "expired")
            self.assertEqual(
                found.parameters, {"partner_id": [str(-customer.id)], "page": ["1"]}
            )
            self.assertFalse(folder.path("kept.csv").exists())

    def test_a_manager_merges_customers_of_one_system(self):
        (customer, _number), (into, kept) = self.customer(9), self.customer(10)
        model = self.env["loyalty.reporting.merge"].with_context(active_id=customer.id)
        engine = self.env.ref("loyalty_reporting.source_engine")
        self.assertTrue(engine.is_configured)
        wizard = model.with_user(self.admin).create({"into_id": into.id})
        self.assertEqual(wizard.source, "engine")
        shown = wizard.action_merge()["params"]
        self.assertEqual(shown["type"], "success", shown)
        with self.committed() as env:
            env.cr.execute(
                "SELECT DISTINCT customer_key, partner_id FROM promotion_report_detail"
                " WHERE customer_key = ANY(%s)",
                [[customer.id, into.id]],
            )
            self.assertEqual(env.cr.fetchall(), [(into.id, kept)])
        for user in ("promotions", "user"):
            reader = new_test_user(self.env, f"er_{user}", groups=f"{GROUP}{user}")
            with self.assertRaises(AccessError):
                model.with_user(reader).create({"into_id": into.id})

    def test_without_a_secret_nobody_is_erased(self):
        customer, _number = self.customer(7)
        variable = {"LOYALTY_REPORTING_ERASURE_SECRET": ""}
        with (
            patch.dict(os.environ, variable),
            self.assertRaisesRegex(UserError, "ERASURE_SECRET"),
        ):
            self.erased(customer)

    def test_it_is_for_privacy_officers_alone(self):
        customer, _number = self.customer(8)
        manager = new_test_user(self.env, "er_manager", groups=f"{GROUP}manager")
        with self.assertRaises(AccessError):
            self.wizard(customer, manager)
        for model in ("loyalty.reporting.erasure", "loyalty.reporting.erasure.step"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(manager).search([])
        officer = new_test_user(
            self.env, "er_officer", groups=f"base.group_user,{GROUP}privacy"
        )
        self.assertEqual(self.wizard(customer, officer).customer_ids, customer)
        self.env["loyalty.reporting.erasure"].with_user(officer).search([])
        with self.assertRaises(AccessError):
            self.env["point.analytics"].with_user(officer).search([], limit=1)
