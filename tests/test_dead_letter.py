from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from ..core import sync
from ..core.records import RunResult

DONE = RunResult("done")


@tagged("post_install", "-at_install")
class TestDeadLetter(TransactionCase):
    """Rows that could not be loaded, and what a manager does about them."""

    def letter(self, source_name="engine", state="open", days=0, order="A-1"):
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_dead_letter (source_name, source, table_name,"
            " document_key, row_key, reason, raw, state, last_seen) VALUES"
            " (%s, 'engine', 'processed_order', %s, md5(random()::text), 'no', '{}',"
            " %s, %s) RETURNING id",
            [source_name, order, state, fields.Datetime.now() - timedelta(days=days)],
        )
        [number] = self.env.cr.fetchone()
        return self.env["loyalty.reporting.dead.letter"].browse(number)

    def test_replay_reads_the_documents_of_the_letters_again(self):
        letters = (
            self.letter(order="B") | self.letter(order="A") | self.letter(order="B")
        )
        with patch.object(sync, "replay", return_value=RunResult("done")) as replay:
            shown = letters.action_replay()
        [call] = replay.call_args_list
        self.assertEqual(call.kwargs["keys"], {"order": ["A", "B"]})
        self.assertEqual(call.kwargs["source_name"], "engine")
        self.assertEqual(shown["params"]["type"], "success")

    def waits(self, letter, source):
        """Have a letter hold a document of a source that waits and is due."""
        self.env.cr.execute(
            "UPDATE loyalty_reporting_dead_letter SET road = 'event', stands = false,"
            " version = 1, source_name = %s, last_seen = last_seen"
            " - interval '5 minutes' WHERE id = %s",
            [source.code, letter.id],
        )
        letter.invalidate_recordset()
        return letter

    def stream(self, **values):
        return self.env["loyalty.reporting.source"].create(
            {"name": "Stream", "code": "waits", "type": "stream", **values}
        )

    def test_what_waits_for_an_archived_month_is_loaded_by_itself(self):
        stream = self.stream(active=False)
        letter, done = self.waits(self.letter(), stream), []
        with (
            patch.object(self.registry["ir.cron"], "_commit_progress"),
            patch.object(
                sync, "run", side_effect=lambda *_, **__: done.append(1) or DONE
            ),
            patch.object(
                sync,
                "load_waiting",
                side_effect=lambda *_, **__: done.append(2) or DONE,
            ) as load,
            patch.object(
                self.registry["loyalty.reporting.source"], "_is_due", lambda _self: True
            ),
        ):
            self.env.ref("loyalty_reporting.source_demo").active = True
            self.env["loyalty.reporting.pipeline"]._cron_sync()
            letter.sudo().state = "resolved"
            self.env.flush_all()
            self.env["loyalty.reporting.pipeline"]._cron_sync()
        [call] = load.call_args_list
        self.assertEqual(call.kwargs["source_name"], stream.code)
        self.assertEqual(call.kwargs["system"], "engine")
        # A month may take longer to come back than a job may run.
        self.assertLess(done.index(1), done.index(2))

    def test_letters_of_a_source_that_tells_of_another_system_now_stay(self):
        stream = self.stream(system="odoo", type="odoo")
        self.waits(self.letter(), stream)
        with patch.object(sync, "load_waiting") as load:
            self.env["loyalty.reporting.pipeline"]._load_waiting()
        load.assert_not_called()

    def test_replay_loads_what_waits_also_of_a_stream(self):
        letter = self.waits(self.letter(), self.stream())
        with (
            patch.object(sync, "replay") as replay,
            patch.object(sync, "load_waiting", return_value=DONE) as load,
        ):
            letter.action_replay()
        [call] = load.call_args_list
        self.assertEqual(call.kwargs["letters"], [letter.id])
        replay.assert_not_called()

    def test_a_source_whose_documents_wait_is_not_deleted(self):
        stream = self.stream()
        letter = self.waits(self.letter(), stream)
        with self.assertRaisesRegex(UserError, "wait for an archived month"):
            stream.unlink()
        letter.action_ignore()
        self.env.flush_all()
        stream.unlink()
        self.assertFalse(stream.exists())

    def test_a_replay_that_fails_says_why(self):
        failed = RunResult("failed", message="The engine is away.")
        with (
            patch.object(sync, "replay", return_value=failed),
            self.assertRaisesRegex(UserError, "The engine is away."),
        ):
            self.letter().action_replay()

    def test_a_letter_of_a_removed_source_says_so(self):
        with self.assertRaisesRegex(UserError, "removed"):
            self.letter(source_name="removed").action_replay()

    def test_ignore_settles_open_letters_only(self):
        opened, resolved = self.letter(), self.letter(state="resolved")
        (opened | resolved).action_ignore()
        self.env.flush_all()
        self.assertEqual((opened.state, resolved.state), ("ignored", "resolved"))

    def test_the_source_counts_its_open_letters(self):
        source = self.env.ref("loyalty_reporting.source_engine")
        before = source.dead_letter_count
        self.letter()
        self.letter(state="resolved")
        source.invalidate_recordset()
        self.assertEqual(source.dead_letter_count, before + 1)

    def test_settled_letters_are_forgotten_after_a_while(self):
        kept = self.letter(days=100) | self.letter(state="resolved", days=1)
        gone = self.letter(state="resolved", days=100)
        self.env["loyalty.reporting.dead.letter"]._gc_letters()
        self.env.invalidate_all()
        self.assertEqual((kept | gone).exists(), kept)
