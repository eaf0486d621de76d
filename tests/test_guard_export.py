from contextlib import suppress
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_guard import GuardCase
from .test_rest import REPORT, YEARS

LOG = "loyalty.reporting.export.log"


@tagged("post_install", "-at_install")
class TestExportLog(GuardCase):
    """Who took which figures out."""

    def logs(self):
        self.env.invalidate_all()
        return self.env[LOG].search([("user_id", "=", self.reader.id)])

    def log_export(self, body, rows):
        reader = self.env(user=self.reader.id)
        given = {name: [value] for name, value in YEARS.items()}
        query = reader["loyalty.reporting.reader"]._query(
            "promotions/performance", given
        )
        return reader[LOG]._log_export(query, "csv", given, body, rows)

    def test_each_file_leaves_a_row(self):
        for file_format in ("xlsx", "csv", "ndjson"):
            answer = self.get(**YEARS, group_by="year", format=file_format)
            self.assertEqual(answer.status_code, 200)
            log = self.logs()[:1]
            self.assertEqual(log.file_format, file_format)
            self.assertEqual(log.state, "done")
            self.assertEqual(log.report, "promotions/performance")
            self.assertEqual(log.company_id, self.companies["a"])
            self.assertEqual(log.request_id, answer.headers["X-Request-Id"])
            self.assertIn('"date_from": ["2023-01-01"]', log.parameters)
            self.assertGreater(log.rows, 1)

    def test_what_is_no_file_leaves_none(self):
        self.get(**YEARS)
        self.get(url=REPORT, format="csv")
        self.assertFalse(self.logs())

    def test_a_file_sent_piece_by_piece_is_written_down_at_its_end(self):
        sent = []

        def pieces():
            for piece in ("a\n", "b\n"):
                sent.append(piece)
                yield piece

        body = self.log_export(pieces(), lambda: len(sent))
        self.assertFalse(self.logs())
        next(body)
        self.assertEqual(self.logs().state, "running")
        self.assertEqual(list(body), ["b\n"])
        self.assertEqual((self.logs().state, self.logs().rows), ("done", 2))

    def test_who_leaves_early_cuts_it_off(self):
        body = self.log_export(iter(["a", "b"]), lambda: 1)
        next(body)
        body.close()
        self.assertEqual((self.logs().state, self.logs().rows), ("cut", 1))

    def test_an_error_on_the_way_is_a_failure(self):
        def pieces():
            yield "a"
            raise ValueError("no more")

        body = self.log_export(pieces(), lambda: 1)
        # Odoo's assertRaises would roll back what is written meanwhile.
        with suppress(ValueError):
            list(body)
            self.fail("The error was swallowed.")
        self.assertEqual(self.logs().state, "failed")

    def test_managers_read_it_and_nobody_changes_it(self):
        list(self.log_export(iter(["a"]), 1))
        manager = self.user("guard_manager", group="manager")
        log = self.logs().with_user(manager)
        self.assertEqual(log.read(["rows"])[0]["rows"], 1)
        other = self.user("guard_elsewhere", company="b", group="manager")
        self.assertFalse(self.env[LOG].with_user(other).search([]))
        for work in (
            lambda: log.write({"rows": 0}),
            log.unlink,
            lambda: log.create({"rows": 1}),
            lambda: log.with_user(self.reader).read(["rows"]),
        ):
            with self.assertRaises(AccessError):
                work()

    def test_it_is_kept_for_a_year(self):
        now = fields.Datetime.now()
        old, young, stuck = self.env[LOG].create(
            [
                {"state": "done", "started_at": now - timedelta(days=366)},
                {"state": "done", "started_at": now - timedelta(days=364)},
                {"state": "running", "started_at": now - timedelta(days=2)},
            ]
        )
        self.env.flush_all()
        self.env[LOG]._gc_exports()
        self.env.invalidate_all()
        self.assertFalse(old.exists())
        self.assertTrue(young.exists())
        self.assertEqual(stuck.state, "cut")
