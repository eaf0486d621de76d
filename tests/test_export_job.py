import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import psycopg2
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import config, hash_sign
from openpyxl import load_workbook

from ..core.errors import StoreError
from ..core.exports.jobs import INTERRUPTED, Jobs
from ..models.loyalty_reporting_export_job import MOST_OPEN
from .test_rest import HOSTILE, YEARS, RestCase

EXPORTS = "/api/v1/exports"
SLUG = "promotions/performance"
LOGGER = "odoo.addons.loyalty_reporting.core.exports.job"
MODEL = "loyalty.reporting.export.job"


class ExportCase(RestCase):
    """Asks for exports and has them done, as the scheduled action would."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jobs = cls.env[MODEL]
        # Committed jobs and files of this database are none of these tests' business.
        cls.jobs.search([]).unlink()

    def post(self, asked=None, key=None, raw=None, headers=None):
        body = json.dumps(asked).encode() if raw is None else raw
        headers = {"Content-Type": "application/json", **(headers or {})}
        if key is not False:
            headers["Authorization"] = f"Bearer {key or self.key_of_reader}"
        return self.url_open(EXPORTS, data=body, headers=headers)

    def asked(self, file_format="csv", report=SLUG, **parameters):
        parameters = {**YEARS, **parameters}
        if report == SLUG:
            parameters = {"group_by": "year", **parameters}
        return {"report": report, "format": file_format, "parameters": parameters}

    def made(self, file_format="csv", key=None, headers=None, **parameters):
        answer = self.post(self.asked(file_format, **parameters), key, headers=headers)
        self.assertEqual(answer.status_code, 202, answer.text)
        return answer.json()

    def run_next(self):
        self.env.flush_all()
        return self.jobs._run_next()

    def done(self, file_format="csv", **parameters):
        made = self.made(file_format, **parameters)
        self.assertEqual(self.run_next().state, "done")
        return self.get(url=made["href"]).json()

    def delete(self, url, key=None, headers=None):
        headers = dict(headers or {})
        if key is not False:
            headers["Authorization"] = f"Bearer {key or self.key_of_reader}"
        return self.opener.delete(f"{self.base_url()}{url}", headers=headers)

    def path(self, job):
        return self.jobs._folder().path(self.jobs.browse(job["id"]).file_name)

    def log_in(self):
        self.reader.password = "rest_reader"
        self.authenticate("rest_reader", "rest_reader")


@tagged("post_install", "-at_install")
class TestExportJob(ExportCase):
    """An export from the question to the file."""

    def test_a_job_is_made_at_once_and_says_how_far_it_is(self):
        answer = self.post(self.asked())
        self.assertEqual(answer.status_code, 202, answer.text)
        job = answer.json()
        self.assertEqual(answer.headers["Location"], f"{EXPORTS}/{job['id']}")
        self.assertTrue(answer.headers["Retry-After"])
        self.assertEqual(job["state"], "queued")
        self.assertIsNone(job["download"])
        self.assertEqual(self.get(url=job["href"]).json(), job)
        self.assertEqual(self.get(url=EXPORTS).json()["data"], [job])
        self.assert_problem(self.get(url=job["href"] + "/file"), 409, "not done")
        ended = self.run_next()
        self.assertEqual(ended.state, "done")
        answer = self.get(url=job["href"])
        self.assertNotIn("Retry-After", answer.headers)
        done = answer.json()
        self.assertEqual(done["state"], "done")
        self.assertEqual(
            done["progress"], {"rows": done["rows"], "total": done["rows"]}
        )
        self.assertIn("/file?token=", done["download"])
        self.assertIsNone(self.run_next())

    def test_every_format_has_the_rows_of_the_report(self):
        expected = self.data(group_by="year")["data"]
        answers = {}
        for file_format in ("csv", "ndjson", "xlsx"):
            done = self.done(file_format)
            answer = self.get(url=done["href"] + "/file")
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(done["rows"], len(expected))
            self.assertEqual(done["bytes"], len(answer.content))
            self.assertEqual(answer.headers["Content-Length"], str(done["bytes"]))
            self.assertIn(
                f"promotions_performance_2023-01-01_2024-12-31.{file_format}",
                answer.headers["Content-Disposition"],
            )
            answers[file_format] = answer
        rows = [
            json.loads(line, parse_float=Decimal)
            for line in answers["ndjson"].text.splitlines()
        ]
        self.assertEqual(rows, expected)
        _head, *lines = csv.reader(io.StringIO(answers["csv"].content.decode()))
        self.assertEqual(len(lines), len(expected))
        self.assertIn(f"'{HOSTILE}", [line[1] for line in lines])
        book = load_workbook(io.BytesIO(answers["xlsx"].content))
        cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
        self.assertIn(HOSTILE, [cell.value for cell in cells])
        self.assertFalse([c for c in cells if c.data_type == "f" or c.hyperlink])

    def test_a_listing_is_exported_too(self):
        done = self.done("ndjson", report="points/transactions")
        self.assertEqual(self.get(url=done["href"] + "/file").status_code, 200)

    def test_a_part_of_the_file_can_be_asked_for(self):
        done = self.done()
        whole = self.get(url=done["href"] + "/file").content
        part = self.get(url=done["href"] + "/file", headers={"Range": "bytes=3-9"})
        self.assertEqual((part.status_code, part.content), (206, whole[3:10]))

    def test_a_web_server_may_send_the_file_itself(self):
        done = self.done()
        with patch.dict(config.options, {"x_sendfile": True}):
            answer = self.get(url=done["href"] + "/file")
        self.assertEqual(answer.content, b"")
        name = f"{self.env.cr.dbname}/{self.path(done).parent.name}"
        self.assertIn(f"/web/filestore/{name}", answer.headers["X-Accel-Redirect"])

    def test_values_may_be_numbers_truths_and_lists(self):
        self.made(program_id=[self.program("Spring")], totals=True)
        self.assertEqual(self.run_next().state, "done")

    def program(self, name):
        self.env.cr.execute(
            "SELECT external_id FROM loyalty_reporting_program WHERE name = %s", [name]
        )
        return self.env.cr.fetchone()[0]

    def test_what_is_wrong_with_the_question_is_said_now(self):
        good = self.asked()
        for parameter, asked in (
            ("date_from", self.asked(date_from="2024-02-30")),
            ("measures", self.asked(measures=["total_amuont"])),
            ("colour", self.asked(colour="red")),
            ("format", {**good, "format": "pdf"}),
            ("format", {**good, "format": None}),
            ("format", {**good, "parameters": {"format": "csv"}}),
            ("report", {**good, "report": None}),
            ("parameters", {**good, "parameters": []}),
            ("date_from", self.asked(date_from={"$ne": 1})),
            ("date_from", self.asked(date_from=None)),
            ("program_id", self.asked(program_id="1\0")),
            ("program_id", self.asked(program_id="\ud800")),
            ("extra", {**good, "extra": 1}),
            ("?", {**good, "\ud800": 1}),
            ("report", {**good, "report": "\ud800"}),
            ("parameters", {**good, "parameters": {"\ud800": "x"}}),
            ("body", []),
        ):
            with self.subTest(asked):
                answer = self.post(asked)
                self.assert_problem(answer, 400)
                self.assertEqual(answer.json()["parameter"], parameter)
        for raw in (b" ", b"{", b"\xff", b"[" * 90_000, b'{"report": ' + b"9" * 9000):
            self.assert_problem(self.post(raw=raw), 400, "JSON")
        self.assert_problem(self.post({**good, "report": "no/such"}), 404, "no/such")
        self.assert_problem(self.post(self.asked(program_id="987654")), 404, "987654")
        self.assert_problem(self.post(raw=b" " * 100_001), 413)
        headers = {"Content-Type": "text/plain"}
        self.assert_problem(self.post(good, headers=headers), 415)
        self.assertFalse(self.jobs.search([]))

    def test_the_same_key_gives_the_same_job(self):
        headers = {"Idempotency-Key": "once"}
        first = self.made(headers=headers)
        self.assertEqual(self.made(headers=headers)["id"], first["id"])
        other = self.post(self.asked("xlsx"), headers=headers)
        self.assert_problem(other, 422, "Idempotency-Key")
        self.assertNotEqual(self.made()["id"], first["id"])
        someone = self.api_key(self.user("rest_someone"))
        theirs = self.made(key=someone, headers=headers)
        self.assertNotEqual(theirs["id"], first["id"])
        for bad in ("", "x" * 256):
            answer = self.post(self.asked(), headers={"Idempotency-Key": bad})
            self.assert_problem(answer, 400, "Idempotency-Key")

    def test_a_user_has_so_many_waiting_jobs_and_no_more(self):
        job = self.jobs.browse(self.made()["id"])
        for _number in range(MOST_OPEN - 1):
            job.copy()
        answer = self.post(self.asked())
        self.assert_problem(answer, 429, str(MOST_OPEN))
        self.assertTrue(answer.headers["Retry-After"])

    def test_a_deleted_job_is_gone_with_its_file(self):
        done = self.done()
        path = self.path(done)
        self.assertTrue(path.exists())
        self.assertEqual(self.delete(done["href"]).status_code, 204)
        # After the commit, which there is none of in a test; else by the next run.
        self.assertIsNone(self.run_next())
        self.assertFalse(path.exists())
        self.assert_problem(self.get(url=done["href"]), 404, str(done["id"]))
        self.assert_problem(self.delete(done["href"]), 404)
        self.assertEqual(self.get(url=EXPORTS).json()["data"], [])

    def test_a_deleted_job_s_file_goes_with_the_commit(self):
        done = self.done()
        path = self.path(done)
        self.jobs.browse(done["id"]).unlink()
        self.assertTrue(path.exists())
        self.env.cr.postcommit.run()
        self.assertFalse(path.exists())

    def test_numbers_of_no_job_are_404(self):
        for number in ("0", "2147483647", "2147483648", "9" * 99, "-1", "x"):
            self.assert_problem(self.get(url=f"{EXPORTS}/{number}"), 404)
            self.assert_problem(self.get(url=f"{EXPORTS}/{number}/file"), 404)


@tagged("post_install", "-at_install")
class TestExportJobRights(ExportCase):
    """Who may ask, see, fetch and remove: checked each time anew."""

    def test_without_a_group_or_a_key_nothing_can_be_done(self):
        job = self.done()
        stranger = self.api_key(self.user("rest_nobody", group=None))
        for key, status in ((stranger, 403), ("wrong", 401), (False, 401)):
            self.assert_problem(self.post(self.asked(), key=key), status)
            for url in (EXPORTS, job["href"], job["href"] + "/file"):
                self.assert_problem(self.get(url=url, key=key), status)
            self.assert_problem(self.delete(job["href"], key=key), status)
        self.assertEqual(self.get(url=job["href"]).status_code, 200)

    def test_a_report_of_another_group_can_not_be_exported(self):
        key = self.api_key(self.user("rest_points", group="points"))
        self.assert_problem(self.post(self.asked(), key=key), 403, "Promotions")
        self.made(key=key, report="points/transactions")

    def test_jobs_of_others_are_not_there_but_for_managers(self):
        job = self.done()
        other = self.api_key(self.user("rest_other"))
        far = self.api_key(self.user("rest_far", company="b", group="manager"))
        for key in (other, far):
            for url in (job["href"], job["href"] + "/file"):
                self.assert_problem(self.get(url=url, key=key), 404, str(job["id"]))
            self.assert_problem(self.delete(job["href"], key=key), 404)
            self.assertEqual(self.get(url=EXPORTS, key=key).json()["data"], [])
        manager = self.api_key(self.user("rest_manager", group="manager"))
        self.assertEqual(self.get(url=job["href"], key=manager).status_code, 200)
        file = self.get(url=job["href"] + "/file", key=manager)
        self.assertEqual(file.status_code, 200)
        self.assertEqual(self.delete(job["href"], key=manager).status_code, 204)

    def test_another_company_is_not_there(self):
        other = self.companies["b"].id
        self.assert_problem(self.post(self.asked(company_id=other)), 404, str(other))

    def test_rights_that_were_taken_away_meanwhile_refuse_the_run(self):
        made = self.made()
        self.reader.group_ids = self.env.ref("base.group_user") | self.env.ref(
            "loyalty_reporting.group_loyalty_reporting_points"
        )
        ended = self.run_next()
        self.assertEqual(ended.state, "failed")
        job = self.get(url=made["href"]).json()
        self.assertEqual(job["state"], "failed")
        self.assertIn("Promotions", job["message"])
        self.assertIsNone(job["download"])

    def test_rights_that_were_taken_away_meanwhile_refuse_the_download(self):
        done = self.done()
        self.reader.group_ids = self.env.ref("base.group_user") | self.env.ref(
            "loyalty_reporting.group_loyalty_reporting_points"
        )
        self.assert_problem(self.get(url=done["href"] + "/file"), 403, "Promotions")
        answer = self.url_open(done["download"])
        self.assert_problem(answer, 403, "Promotions")

    def test_an_archived_user_s_job_is_neither_run_nor_handed_out(self):
        done, waiting = self.done(), self.made()
        self.reader.active = False
        self.assertEqual(self.run_next().state, "failed")
        self.assertIn("archived", self.jobs.browse(waiting["id"]).message)
        self.assert_problem(self.url_open(done["download"]), 403, "archived")

    def test_the_link_opens_the_file_and_nothing_else(self):
        done = self.done()
        answer = self.url_open(done["download"])
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(len(answer.content), done["bytes"])
        token = done["download"].partition("token=")[2]
        self.assert_problem(self.url_open(f"{done['href']}?token={token}"), 401)
        other = self.done()
        self.assert_problem(self.url_open(f"{other['href']}/file?token={token}"), 403)

    def test_a_forged_link_is_refused(self):
        done = self.done()
        token = done["download"].partition("token=")[2]
        name = self.jobs.browse(done["id"]).file_name
        at = fields.Datetime.now() + timedelta(days=1)
        forged = hash_sign(self.env, "another scope", [done["id"], name], at)
        middle = "A" if token[40] != "A" else "B"
        zero = self.url_open(f"{done['href']}/file?token=%00")
        self.assert_problem(zero, 400, "zero byte")
        for bad in ("", "x", "é", token[:-4], forged):
            answer = self.url_open(f"{done['href']}/file?token={bad}")
            self.assert_problem(answer, 403, "link")
        bad = token[:40] + middle + token[41:]
        self.assert_problem(self.url_open(f"{done['href']}/file?token={bad}"), 403)
        self.assert_problem(self.url_open(f"{EXPORTS}/987654/file?token={token}"), 403)

    def test_an_expired_link_is_refused(self):
        done = self.done()
        job = self.jobs.browse(done["id"])
        job.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        late = f"{done['href']}/file?token={job._token()}"
        job.expires_at = fields.Datetime.now() + timedelta(days=1)
        self.assert_problem(self.url_open(late), 403, "link")
        self.assertEqual(self.url_open(done["download"]).status_code, 200)

    def test_a_session_writes_only_from_pages_of_this_server(self):
        self.log_in()
        good = self.asked()
        for site in (None, "none", "same-site", "cross-site"):
            headers = {"Sec-Fetch-Site": site} if site else {}
            answer = self.post(good, key=False, headers=headers)
            self.assert_problem(answer, 401)
        same = {"Sec-Fetch-Site": "same-origin"}
        answer = self.post(good, key=False, headers=same)
        self.assertEqual(answer.status_code, 202, answer.text)
        href = answer.json()["href"]
        self.assert_problem(self.delete(href, key=False), 401)
        self.assertEqual(self.delete(href, key=False, headers=same).status_code, 204)
        self.assert_problem(
            self.post(good, key=False, headers={"X-CSRF-Token": "x"}), 401
        )
        plain = {**same, "Content-Type": "text/plain"}
        self.assert_problem(self.post(good, key=False, headers=plain), 415)

    def test_nobody_writes_the_table_and_the_secrets_stay_secret(self):
        job = self.jobs.browse(self.done()["id"])
        for user in (self.reader, self.user("rest_boss", group="manager")):
            for operation in ("create", "write", "unlink"):
                self.assertFalse(self.jobs.with_user(user).has_access(operation))
            with self.assertRaises(AccessError):
                job.with_user(user).read(["file_name"])
            self.assertNotIn("file_name", self.jobs.with_user(user).fields_get())
        with self.assertRaises(AccessError):
            job.with_user(self.user("rest_third")).action_cancel()


@tagged("post_install", "-at_install")
class TestExportJobRun(ExportCase):
    """What becomes of jobs that are cancelled, fail, are interrupted or grow old."""

    def record(self, made):
        return self.jobs.browse(made["id"])

    def files(self):
        folder = self.jobs._folder().path("")
        return {path.name for path in folder.iterdir()} if folder.exists() else set()

    def reading(self, function):
        """Have something happen while the rows of an export are read."""
        name = "odoo.addons.loyalty_reporting.core.exports.job.write"
        self.startPatcher(patch(name, function))

    def test_a_cancelled_job_is_not_run_and_can_be_tried_again(self):
        job = self.record(self.made()).with_user(self.reader)
        job.action_cancel()
        self.assertEqual(job.state, "cancelled")
        self.assertIsNone(self.run_next())
        job.action_retry()
        self.assertEqual(self.run_next().state, "done")
        job.action_cancel()
        self.assertEqual(job.state, "done")

    def test_a_job_that_is_cancelled_while_it_runs_leaves_no_file(self):
        job = self.record(self.made())

        def cancelled(file, *_args):
            file.write(b"half")
            self.env.cr.execute(
                "UPDATE loyalty_reporting_export_job SET state = 'cancelled'"
            )

        self.reading(cancelled)
        self.assertEqual(self.run_next().state, "cancelled")
        self.assertEqual(job.state, "cancelled")
        self.assertFalse(self.files())

    def test_what_may_pass_is_tried_three_times(self):
        job = self.record(self.made())

        def broken(file, *_args):
            file.write(b"half")
            raise StoreError("The database is away.")

        self.reading(broken)
        for attempt, state in ((1, "queued"), (2, "queued"), (3, "failed")):
            self.assertEqual(self.run_next().state, state)
            self.assertEqual((job.attempts, job.state), (attempt, state))
            self.assertIn("The database is away.", job.message)
            self.assertFalse(self.files())
        self.assertIsNone(self.run_next())

    def test_what_no_second_try_helps_is_told_at_once(self):
        for error, words in (
            (psycopg2.OperationalError("host=secret"), "database"),
            (ValueError("secret"), "log"),
        ):
            job = self.record(self.made())

            def broken(*_args, error=error):
                raise error

            with self.subTest(words), self.assertLogs(LOGGER, "ERROR"):
                self.reading(broken)
                self.run_next()
                self.assertIn(words, job.message)
                self.assertNotIn("secret", job.message)
                job.unlink()

    def test_a_job_of_a_killed_process_is_begun_anew(self):
        job = self.record(self.made())
        folder = self.jobs._folder()
        jobs = Jobs(self.env.registry.cursor)
        with jobs.taken() as taken, folder.writing("kept"):
            pass
        folder.path(f"{taken.file_name}.part").write_bytes(b"half")
        folder.path("of nobody").write_bytes(b"")
        self.env.invalidate_all()
        self.assertEqual((job.state, job.attempts), ("running", 1))
        self.assertEqual(self.run_next().state, "done")
        self.assertEqual((job.state, job.attempts), ("done", 2))
        self.assertEqual(self.run_next(), None)
        self.assertEqual(self.files(), {job.file_name})

    def test_a_job_that_was_interrupted_three_times_is_given_up(self):
        job = self.record(self.made())
        job.write({"state": "running", "attempts": 3})
        self.assertIsNone(self.run_next())
        self.assertEqual((job.state, job.message), ("failed", INTERRUPTED))

    def test_it_ends_before_the_worker_is_killed(self):
        for limits, seconds in (
            ({"limit_time_real_cron": -1, "limit_time_real": 120}, 110),
            ({"limit_time_real_cron": 300, "limit_time_real": 120}, 290),
            ({"limit_time_real_cron": 9000, "limit_time_real": 120}, 600),
            ({"limit_time_real_cron": 0, "workers": 2}, 600),
            ({"limit_time_real_cron": 0, "workers": 0, "limit_time_real": 60}, 50),
        ):
            with patch.dict(config.options, limits):
                self.assertEqual(self.jobs._seconds(), seconds, limits)

    def test_the_user_is_told_how_it_ended(self):
        sent = []
        bus = type(self.env["res.users"])
        self.startPatcher(
            patch.object(bus, "_bus_send", lambda *args, **_: sent.append(args))
        )
        done = self.done()
        [(user, kind, told)] = sent
        self.assertEqual((user.id, kind), (self.reader.id, "loyalty_reporting_export"))
        self.assertEqual(told["state"], "done")
        self.assertEqual(told["url"], done["href"] + "/file")

    def test_who_had_which_figures_written_is_written_down(self):
        done = self.done()
        [log] = self.env["loyalty.reporting.export.log"].search(
            [("request_id", "=", f"export {done['id']}")]
        )
        self.assertEqual((log.user_id, log.state), (self.reader, "done"))
        self.assertEqual((log.report, log.file_format), (SLUG, "csv"))
        self.assertEqual(log.rows, done["rows"])

    def test_the_scheduled_action_does_what_waits(self):
        job = self.record(self.made())
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("loyalty_reporting.ir_cron_export").id)]
        )
        self.assertTrue(trigger)
        self.env.ref("loyalty_reporting.ir_cron_export").method_direct_trigger()
        self.assertEqual(job.state, "done")

    def test_files_go_when_their_time_is_over(self):
        done = self.done()
        job, path = self.record(done), self.path(done)
        self.assertEqual((job.expires_at - job.finished_at).days, 7)
        self.jobs._gc_jobs()
        self.assertEqual(job.state, "done")
        job.expires_at = fields.Datetime.now()
        self.assert_problem(self.get(url=done["href"] + "/file"), 410)
        self.jobs._gc_jobs()
        self.env.cr.postcommit.run()
        self.assertEqual(job.state, "expired")
        self.assertFalse(path.exists())
        self.assert_problem(self.get(url=done["href"] + "/file"), 410)
        self.assertIsNone(self.get(url=done["href"]).json()["download"])
        self.env.cr.execute(
            "UPDATE loyalty_reporting_export_job SET create_date = now() - '31 d'"
            "::interval WHERE id = %s",
            [job.id],
        )
        self.env.invalidate_all()
        self.jobs._gc_jobs()
        self.assertFalse(job.exists())

    def test_a_file_that_somebody_removed_is_gone(self):
        done = self.done()
        self.path(done).unlink()
        self.assert_problem(self.get(url=done["href"] + "/file"), 410, "again")

    def test_a_job_that_can_not_be_asked_any_more_is_not_tried_again(self):
        job = self.record(self.made())
        job.write({"state": "failed", "parameters": {"date_from": ["never"]}})
        with self.assertRaises(UserError):
            job.with_user(self.reader).action_retry()
