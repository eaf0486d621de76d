from datetime import date
from unittest.mock import patch

from odoo.tests import tagged

from ..cli import loyalty_archive
from ..core.records import RunResult
from ..core.retention import generations, run
from ..models import loyalty_reporting_archive as archive
from .commands import CommandCase


@tagged("post_install", "-at_install")
class TestArchiveCommand(CommandCase):
    """``odoo-bin loyalty_archive``: what it prints, does and refuses."""

    command, name = loyalty_archive, "Loyalty_Archive"

    def setUp(self):
        super().setUp()
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive (month, state, generation, location,"
            " manifest) VALUES ('2017-03-01', 'archived', 2, 's3://b/f', '{}')"
            " RETURNING id"
        )
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive_file (archive_id, table_name,"
            " generation, path, rows, bytes, sha256) VALUES (%s, 'point_analytics_data',"
            " 2, 'point_analytics_data/x.parquet', 7, 5000000000, 'x')",
            [self.env.cr.fetchone()[0]],
        )

    def test_it_lists_months_with_their_files(self):
        line = (
            "2017-03\tdetail\tpoint_analytics_data\t7\t5000000000\t2\tarchived"
            "\ts3://b/f/point_analytics_data/x.parquet"
        )
        self.assertIn(line, self.call("list")[1].splitlines())
        self.assertIn(line, self.call("list", "2017-03")[1].splitlines())

    def test_it_verifies_the_months_that_are_named(self):
        good, bad = RunResult("done"), RunResult("failed", message="March is damaged.")
        with patch.object(run, "verify", return_value=good) as verify:
            self.assertEqual(self.call("verify", "2017-03"), (0, "done\n"))
        self.assertEqual(verify.call_args.args[1], [date(2017, 3, 1)])
        with patch.object(run, "verify", return_value=bad):
            self.assertEqual(
                self.call("verify", "2017-03"), (1, "failed: March is damaged.\n")
            )

    def test_it_restores_the_months_that_are_named(self):
        with patch.object(archive, "restore") as restore:
            self.assertEqual(self.call("restore", "2017-03"), (0, "done\n"))
        self.assertEqual(restore.call_args.args[1], date(2017, 3, 1))

    def test_what_is_wrong_is_refused_with_words(self):
        for args, words in {
            (): "Usage",
            ("burn",): "Usage",
            ("restore",): "Name the months to restore",
            ("restore", "2016-01"): "2016-01 was never archived",
            ("verify", "2016-01"): "2016-01 was never archived",
            ("list", "2016-01"): "2016-01 was never archived",
            ("run", "2017-03"): "run is for all months",
            ("claim", "2017-03"): "claim is for all months",
        }.items():
            with self.subTest(args=args):
                status, said = self.call(*args)
                self.assertEqual(status, 1)
                self.assertIn(words, said)

    def test_it_takes_over_what_months_and_policies_name(self):
        with patch.object(generations, "take_over") as take_over:
            self.assertEqual(self.call("claim"), (0, "done: s3://b/f\n"))
        self.assertEqual(take_over.call_args.args[1], "s3://b/f")

    def test_what_is_no_month_is_refused(self):
        for given in ("2017-13", "2017-3", "March"):
            with self.subTest(given=given), patch.object(archive, "restore") as restore:
                status, said = self.call("restore", given)
                self.assertEqual(status, 1)
                self.assertIn(f"{given} is no month", said)
                restore.assert_not_called()
