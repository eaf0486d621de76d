from datetime import datetime

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .mailing import PROMOTIONS, SUBSCRIPTION, MailCase
from .test_export import MODEL as WIZARD


@tagged("post_install", "-at_install")
class TestSubscription(MailCase):
    """Who may have what mailed, and when it is due."""

    def test_the_wizard_proposes_what_it_asks(self):
        spring = self.env["loyalty.reporting.program"].browse(
            self.key("program", "Spring")
        )
        wizard = self.env[WIZARD].with_user(self.subscriber)
        export = wizard.create(
            {
                "report": PROMOTIONS,
                "group_by": "week",
                "program_ids": spring.ids,
                "company_id": self.companies["a"].id,
            }
        )
        action = export.action_subscribe()
        subscriptions = self.env[SUBSCRIPTION].with_user(self.subscriber)
        with Form(subscriptions.with_context(**action["context"])) as form:
            self.assertEqual(form.name, "Promotion performance")
            self.assertEqual(form.report, PROMOTIONS)
            self.assertIn("A row for each: Week", form.question)
            self.assertIn("Program: Spring", form.question)
            self.assertEqual(form.period, "last_month")
        subscription = form.save()
        self.assertEqual(subscription.user_id, self.subscriber)
        self.assertEqual(subscription.recipient_ids, self.subscriber)
        self.assertNotIn("date_from", subscription.parameters)
        query = subscription._query_as(self.subscriber)
        self.assertEqual(str(query.date_from), "2024-02-01")
        self.assertEqual(str(query.date_to), "2024-02-29")
        self.assertEqual([f.name for f, _values in query.filters], ["program_id"])

    def test_what_is_asked_is_changed_in_the_wizard(self):
        asked = {
            "group_by": ["day"],
            "dimensions": ["store,channel"],
            "measures": ["total_qty"],
            "compare": ["previous_year"],
            "store_id": ["1"],
            "channel": ["pos"],
        }
        subscription = self.subscribe(asked=asked)
        action = subscription.action_change_question()
        wizard = self.env[WIZARD].with_user(self.subscriber)
        export = wizard.with_context(**action["context"]).create({})
        self.assertEqual(export.subscription_id, subscription)
        export.action_save_question()
        self.assertEqual(subscription.parameters, asked)
        export.group_by = "month"
        export.action_save_question()
        self.assertEqual(subscription.parameters, {**asked, "group_by": ["month"]})

    def test_lines_of_json_are_not_mailed(self):
        wizard = self.env[WIZARD].with_user(self.subscriber)
        export = wizard.create({"report": PROMOTIONS, "file_format": "ndjson"})
        with self.assertRaisesRegex(UserError, "CSV"):
            export.action_subscribe()

    def test_what_cannot_be_asked_is_not_subscribed_to(self):
        for asked in (
            {"colour": ["red"]},
            {"group_by": ["aeon"]},
            {"program_id": ["987654"]},
            ["x"],
        ):
            with self.subTest(asked), self.assertRaises(ValidationError):
                self.subscribe(asked=asked)
        points = self.person("points", group="points")
        with self.assertRaisesRegex(AccessError, "Promotions"):
            self.subscribe(points)

    def test_another_company_is_not_subscribed_to(self):
        with self.assertRaises(AccessError):
            self.subscribe(company_id=self.companies["b"].id)

    def test_everybody_has_their_own_and_managers_see_those_of_their_companies(self):
        subscription = self.subscribe()
        self.sent(subscription)
        other = self.person("other")
        for model, record in (
            (SUBSCRIPTION, subscription),
            ("loyalty.reporting.sending", subscription.sending_ids),
        ):
            self.assertFalse(self.env[model].with_user(other).search([]))
            with self.assertRaises(AccessError):
                record.with_user(other).read(["company_id"])
            self.assertEqual(self.env[model].with_user(self.manager).search([]), record)
        stranger = self.user("mail_stranger", company="b", group="manager")
        self.assertFalse(self.env[SUBSCRIPTION].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            subscription.with_user(other).action_send_now()
        with self.assertRaises(AccessError):
            subscription.sending_ids.with_user(self.subscriber).write({"rows": 7})

    def test_nobody_is_made_to_subscribe_but_a_manager_may_take_over(self):
        subscription = self.subscribe()
        with self.assertRaises(AccessError):
            subscription.with_user(self.manager).user_id = self.colleague
        with self.assertRaises(AccessError):
            self.subscribe(user_id=self.manager.id)
        subscription.with_user(self.manager).action_take_over()
        self.assertEqual(subscription.user_id, self.manager)

    def test_only_managers_add_recipients_outside(self):
        outside = self.env["res.partner"].create(
            {"name": "Agency", "email": "agency@example.net"}
        )
        with self.assertRaisesRegex(AccessError, "outside"):
            self.subscribe(partner_ids=outside.ids)
        subscription = self.subscribe()
        with self.assertRaisesRegex(AccessError, "outside"):
            subscription.with_user(self.subscriber).partner_ids = outside
        portal = self.env["res.users"].create(
            {
                "name": "portal",
                "login": "mail_portal",
                "email": "portal@example.net",
                "group_ids": self.env.ref("base.group_portal").ids,
            }
        )
        with self.assertRaisesRegex(ValidationError, "internal"):
            self.subscribe(recipient_ids=portal.ids)
        subscription.with_user(self.manager).partner_ids = outside
        self.assertEqual(self.sent(subscription).state, "done")
        self.assertIn("agency@example.net", self.box.recipients)

    def test_a_schedule_is_told_by_the_clock_of_its_zone(self):
        subscription = self.subscribe(frequency="daily", hour=7.5, tz="Asia/Jakarta")
        self.assertEqual(subscription.expression, "30 7 * * *")
        self.assertEqual(subscription.next_at, datetime(2024, 3, 2, 0, 30))
        subscription.write({"frequency": "weekly", "weekday": "1", "tz": "UTC"})
        self.assertEqual(subscription.next_at, datetime(2024, 3, 4, 7, 30))
        subscription.write({"frequency": "monthly", "month_day": "L"})
        self.assertEqual(subscription.next_at, datetime(2024, 3, 31, 7, 30))
        self.assertEqual(subscription.period, "last_month")
        subscription.action_pause()
        self.assertFalse(subscription.next_at)
        subscription.action_resume()
        self.assertEqual(subscription.next_at, datetime(2024, 3, 31, 7, 30))
        subscription.active = False
        self.assertFalse(subscription.next_at)

    def test_the_next_times_are_shown(self):
        subscription = self.subscribe(frequency="cron", expression="0 7 * * 1-5")
        self.assertIn("Mon 4 Mar 2024, 07:00", subscription.upcoming)

    def test_a_schedule_that_is_none_is_refused(self):
        for expression in (
            False, "", "never", "0 7 * *", "61 7 * * *", "0 0 7 * * *",
            "* * * * *", "*/5 * * * *", "0,30 7 * * *", "0 7 31 2 *",
        ):  # fmt: skip
            with self.subTest(expression), self.assertRaises(ValidationError):
                self.subscribe(frequency="cron", expression=expression)

    def test_nothing_is_due_before_its_time(self):
        subscription = self.subscribe(frequency="daily", hour=11)
        self.assertEqual(self.run_all(), 0)
        self.at(datetime(2024, 3, 1, 11, 0))
        self.assertEqual(self.run_all(), 1)
        self.assertEqual(subscription.next_at, datetime(2024, 3, 2, 11, 0))
        self.assertEqual(self.run_all(), 0)
        self.assertEqual(len(self.box.messages), 1)

    def test_what_was_missed_is_sent_once(self):
        subscription = self.subscribe(frequency="daily", hour=11)
        self.at(datetime(2024, 3, 11, 10, 0))
        self.run_all()
        sending = subscription.sending_ids
        self.assertEqual(sending.state, "done", sending.message)
        self.assertEqual(len(self.box.messages), 1)
        self.assertEqual(subscription.next_at, datetime(2024, 3, 11, 11, 0))
        # As it would be asked now: yesterday is the 10th.
        self.assertEqual(str(subscription.sending_ids.date_to), "2024-03-10")

    def test_the_day_is_that_of_the_company(self):
        self.companies["a"].loyalty_reporting_tz = "Pacific/Auckland"
        self.at(datetime(2024, 2, 29, 12, 0))
        query = self.subscribe(period="today")._query_as(self.subscriber)
        self.assertEqual(str(query.date_from), "2024-03-01")

    def test_the_scheduled_action_sends_what_is_due(self):
        subscription = self.subscribe(frequency="daily", hour=11)
        self.env.flush_all()
        self.at(datetime(2024, 3, 1, 11, 5))
        self.env.ref("loyalty_reporting.ir_cron_sending").method_direct_trigger()
        self.assertEqual(subscription.sending_ids.state, "done")

    def test_send_now_leaves_the_schedule_and_sends_once(self):
        subscription = self.subscribe()
        planned = subscription.next_at
        notice = subscription.action_send_now()
        self.assertIn("background", notice["params"]["message"])
        again = subscription.action_send_now()
        self.assertIn("already", again["params"]["message"])
        self.run_all()
        self.assertEqual(len(self.box.messages), 1)
        self.assertEqual(subscription.next_at, planned)

    def test_a_subscription_that_is_deleted_sends_nothing(self):
        subscription = self.subscribe()
        subscription.action_send_now()
        subscription.unlink()
        self.assertEqual(self.run_all(), 0)
        self.assertFalse(self.box.messages)
