from unittest.mock import patch

from odoo.cli.command import commands, find_command
from odoo.tests import tagged

from ..cli import loyalty_erasure
from ..core.records import RunResult
from ..models import loyalty_reporting_erasure as models
from .commands import CommandCase


@tagged("post_install", "-at_install")
class TestErasureCommand(CommandCase):
    """``odoo-bin loyalty_erasure``: what it prints, does and refuses."""

    command, name = loyalty_erasure, "Loyalty_Erasure"

    def setUp(self):
        super().setUp()
        # Other tests may have committed some.
        self.env.cr.execute("UPDATE loyalty_reporting_erasure SET state = 'done'")
        self.first, self.second = (
            self.erasure("running", message) for message in ("March 2017 waits.", "")
        )
        self.done = self.erasure("done", "")

    def erasure(self, state, message):
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_erasure (requester, state, message,"
            " requested_at) VALUES ('person', %s, %s, '2026-03-01 10:30') RETURNING id",
            [state, message],
        )
        return self.env.cr.fetchone()[0]

    def test_it_lists_erasures_that_are_not_done(self):
        asked = "2026-03-01 10:30\trunning"
        lines = f"{self.first}\t{asked}\tMarch 2017 waits.\n{self.second}\t{asked}\t\n"
        self.assertEqual(self.call("list"), (0, lines))

    def test_it_goes_on_with_all_of_them_without_any_limit(self):
        given = []

        def run(_settings, _dsn, number, **options):
            self.assertFalse(self.is_open, "It may take hours.")
            given.append((number, {*options}))
            return RunResult("done")

        with patch.object(models, "run", run):
            status, said = self.call("run")
        self.assertEqual(
            (status, said),
            (0, f"Erasure {self.first}: done\nErasure {self.second}: done\n"),
        )
        self.assertEqual(given, [(self.first, {"outside"}), (self.second, {"outside"})])

    def test_one_that_fails_keeps_no_other_and_the_exit_status_tells(self):
        results = [RunResult("failed", message="Redis is away."), RunResult("done")]
        with patch.object(models, "run", side_effect=results):
            status, said = self.call("run")
        self.assertEqual(status, 1)
        self.assertEqual(
            said,
            f"Erasure {self.first}: failed: Redis is away.\nErasure {self.second}: done\n",
        )

    def test_what_is_wrong_is_refused_with_words(self):
        self.assertIn("Usage", self.call()[1])
        self.assertEqual(self.call("burn")[0], 1)
        for databases in ([], ["one", "two"]):
            status, said = self.call("run", databases=databases)
            self.assertEqual((status, said), (1, "Name one database: -d DATABASE"))

    def test_odoo_finds_it_without_the_addon_and_takes_nothing_else_for_a_command(self):
        with patch.dict(commands, clear=True):
            for name in ("loyalty_archive", "loyalty_erasure"):
                found = find_command(name)
                self.assertEqual(found.__module__, f"odoo.cli.{name}")
            self.assertIsNone(find_command("_database"))
