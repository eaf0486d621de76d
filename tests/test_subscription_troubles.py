from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..core.errors import StoreError
from ..core.exports.sendings import MOST_ATTEMPTS, MOST_TRIES
from .mailing import NOW, MailCase

LOGGER = "odoo.addons.loyalty_reporting.models.loyalty_reporting_sending_run"
MAILS = "odoo.addons.mail.models.mail_mail"


@tagged("post_install", "-at_install")
class TestSubscriptionTroubles(MailCase):
    """What goes wrong is told in plain words, tried again where that helps, and no more."""

    def assert_refused(self, subscription, *words):
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "refused", sending.message)
        for word in words:
            self.assertIn(word, sending.message)
        self.assertFalse(self.box.messages)
        self.assertFalse(sending._mails())

    def activities(self, subscription):
        return subscription.sudo().activity_ids

    def test_whose_right_was_withdrawn_gets_nothing(self):
        subscription = self.subscribe()
        group = self.env.ref("loyalty_reporting.group_loyalty_reporting_user")
        self.subscriber.group_ids -= group
        self.subscriber.group_ids |= self.env.ref(
            "loyalty_reporting.group_loyalty_reporting_points"
        )
        self.assert_refused(subscription.sudo(), "Promotions")
        activity = self.activities(subscription)
        self.assertEqual(activity.user_id, self.subscriber)

    def test_who_was_archived_gets_nothing(self):
        subscription = self.subscribe(recipient_ids=self.colleague.ids).sudo()
        self.subscriber.active = False
        self.assert_refused(subscription, "archived")
        self.assertFalse(self.activities(subscription))

    def test_who_left_the_company_gets_nothing(self):
        subscription = self.subscribe().sudo()
        other = self.companies["b"]
        self.subscriber.write({"company_id": other.id, "company_ids": other.ids})
        self.assert_refused(subscription, "company")

    def test_a_rule_of_others_that_hides_rows_is_no_way_round(self):
        subscription = self.subscribe().sudo()
        self.env["ir.rule"].create(
            {
                "name": "only some",
                "model_id": self.env["ir.model"]._get_id("promotion.order"),
                "domain_force": "[('channel', '=', 'web')]",
            }
        )
        self.assert_refused(subscription, "rules")

    def test_a_program_that_is_gone_is_told(self):
        self.env.cr.execute(
            "SELECT external_id FROM loyalty_reporting_program WHERE name = 'Points'"
        )
        [number] = self.env.cr.fetchone()
        subscription = self.subscribe(asked={"program_id": [str(number)]})
        self.env.cr.execute(
            "UPDATE loyalty_reporting_program SET external_id = external_id - 9000"
        )
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "failed")
        self.assertIn(str(number), sending.message)
        self.assertIn(
            "The report was not mailed", self.activities(subscription).summary
        )

    @mute_logger(MAILS)
    def test_a_server_that_is_away_is_tried_again_and_then_told(self):
        subscription = self.subscribe()
        self.close_server()
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "mailing")
        self.assertIn("subscriber", sending.message)
        now, pauses = NOW, []
        while sending.state == "mailing":
            pauses.append((sending.next_try_at - now).total_seconds())
            self.assertEqual(self.run_all(), 0)
            now = sending.next_try_at
            self.at(now)
            self.assertEqual(self.run_all(), 1)
        self.assertEqual(pauses, [60, 240, 960, 3840])
        self.assertEqual((sending.state, sending.attempts), ("failed", MOST_TRIES))
        self.assertFalse(sending._mails())
        [activity] = self.activities(subscription)
        self.assertEqual(activity.user_id, self.subscriber)
        self.open_server()
        self.assertEqual(self.sent(subscription).state, "done")
        self.assertFalse(self.activities(subscription))

    @mute_logger(MAILS)
    def test_a_server_that_comes_back_gets_each_mail_once(self):
        both = (self.subscriber | self.colleague).ids
        subscription = self.subscribe(recipient_ids=both)
        self.close_server()
        sending = self.sent(subscription)
        self.open_server()
        self.at(sending.next_try_at)
        self.run_all()
        self.assertEqual(sending.state, "done")
        self.assertEqual(len(self.box.recipients), 2)
        self.assertFalse(sending.message)

    @mute_logger(MAILS)
    def test_who_got_the_mail_does_not_get_it_again_as_others_did_not(self):
        both = (self.subscriber | self.colleague).ids
        subscription = self.subscribe(recipient_ids=both)
        self.box.refused.add("colleague@example.com")
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "mailing", sending.message)
        self.assertIn("mail_colleague", sending.message)
        self.assertNotIn("mail_subscriber", sending.message)
        self.box.refused.clear()
        self.at(sending.next_try_at)
        self.run_all()
        self.assertEqual(sending.state, "done")
        self.assertEqual(
            sorted(self.box.recipients),
            ["colleague@example.com", "subscriber@example.com"],
        )

    def test_an_address_that_is_none_is_not_tried_again(self):
        self.colleague.partner_id.email = "no address"
        subscription = self.subscribe(
            recipient_ids=(self.subscriber | self.colleague).ids
        )
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "failed")
        self.assertIn("mail_colleague", sending.message)
        self.assertEqual(self.box.recipients, ["subscriber@example.com"])

    def test_colleagues_who_left_are_left_out(self):
        subscription = self.subscribe(
            recipient_ids=(self.subscriber | self.colleague).ids
        )
        self.colleague.active = False
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "done")
        self.assertIn("mail_colleague", sending.message)
        self.assertEqual(self.box.recipients, ["subscriber@example.com"])

    def test_nobody_to_send_to_is_told(self):
        subscription = self.subscribe(recipient_ids=self.colleague.ids)
        self.colleague.active = False
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "failed")
        self.assertIn("nobody", sending.message)

    def test_a_store_that_is_away_is_tried_again(self):
        subscription = self.subscribe()
        reader = type(self.env["loyalty.reporting.reader"])
        away = StoreError("The store is away.")
        with patch.object(reader, "_exported", side_effect=away):
            sending = self.sent(subscription)
        self.assertEqual((sending.state, sending.message), ("waiting", str(away)))
        self.at(sending.next_try_at)
        self.run_all()
        self.assertEqual((sending.state, len(self.box.messages)), ("done", 1))

    @mute_logger(LOGGER)
    def test_one_that_fails_again_and_again_blocks_no_other_and_ends(self):
        bad, good = self.subscribe(name="Bad"), self.subscribe(name="Good")
        sending = type(self.sendings)
        letter = sending._letter

        def broken(self, query, seconds):
            if self.subscription_id == bad:
                raise psycopg2.OperationalError("gone")
            return letter(self, query, seconds)

        self.startPatcher(patch.object(sending, "_letter", broken))
        bad.action_send_now()
        good.action_send_now()
        self.run_all()
        self.assertEqual(good.sending_ids.state, "done")
        self.assertEqual(bad.sending_ids.state, "waiting")
        for _attempt in range(MOST_ATTEMPTS):
            self.at(bad.sending_ids.next_try_at)
            self.run_all()
        self.assertEqual(bad.sending_ids.state, "failed")
        self.assertEqual(bad.sending_ids.attempts, MOST_ATTEMPTS)
        self.assertEqual(len(self.box.messages), 1)

    def test_whose_process_is_killed_each_time_is_given_up(self):
        subscription = self.subscribe()
        subscription.action_send_now()
        self.env.flush_all()
        for _killed in range(MOST_ATTEMPTS):
            with self.sendings._sendings().taken() as taken:
                self.assertEqual(taken.id, subscription.sending_ids.id)
        self.run_all()
        sending = subscription.sending_ids
        self.assertEqual(sending.state, "failed")
        self.assertIn("interrupted", sending.message)
        self.assertFalse(self.box.messages)

    def killed(self, subscription, *steps):
        """Send a report with a process that is killed before the steps named.

        What it had committed until then is there.
        """
        patches = [patch.object(type(self.sendings), s, lambda *_: None) for s in steps]
        for one in patches:
            one.start()
        subscription.action_send_now()
        self.env.flush_all()
        self.sendings._run_next()
        for one in patches:
            one.stop()
        return subscription.sending_ids[0]

    def test_killed_after_the_mails_were_made_they_are_sent_once(self):
        subscription = self.subscribe()
        sending = self.killed(subscription, "_deliver", "_settle")
        self.assertEqual(sending.state, "mailing")
        self.assertFalse(self.box.messages)
        with patch.object(type(self.sendings), "_letter", side_effect=AssertionError):
            self.run_all()
        self.assertEqual(sending.state, "done", sending.message)
        self.assertEqual(len(self.box.messages), 1)

    @mute_logger(MAILS)
    def test_killed_after_one_of_two_mails_the_other_is_sent(self):
        subscription = self.subscribe(
            recipient_ids=(self.subscriber | self.colleague).ids
        )
        self.box.refused.add("colleague@example.com")
        sending = self.killed(subscription, "_settle")
        self.assertEqual(self.box.recipients, ["subscriber@example.com"])
        self.box.refused.clear()
        self.run_all()
        self.assertEqual(sending.state, "done", sending.message)
        self.assertEqual(
            self.box.recipients, ["subscriber@example.com", "colleague@example.com"]
        )

    def test_clocks_that_are_set_neither_lose_nor_repeat_a_day(self):
        subscription = self.subscribe(
            frequency="daily", hour=2.5, tz="Europe/Berlin", period="today"
        )
        begin = datetime(2024, 3, 29, 12, 0)
        for hours in range(0, 24 * 5):
            self.at(begin + timedelta(hours=hours))
            self.run_all()
        days = [sending.due_at for sending in subscription.sending_ids]
        # On 31 March there is no half past two: it is due when the clock is set.
        self.assertEqual(
            [f"{day:%m-%d %H:%M}" for day in reversed(days)][1:],
            ["03-30 01:30", "03-31 01:00", "04-01 00:30", "04-02 00:30", "04-03 00:30"],
        )
