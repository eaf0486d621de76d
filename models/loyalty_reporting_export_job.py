from datetime import UTC, timedelta
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.fields import NO_ACCESS
from odoo.tools import config, hash_sign, human_size, verify_hash_signed
from psycopg2.errors import UniqueViolation

from ..core.api.exports import OPEN
from ..core.errors import ReportingError, TooMany
from ..core.exports.folder import Folder
from ..core.queries.answer import keys_of

FOLDER = "loyalty_reporting_exports"
MOST_OPEN = 20  # jobs of one user that wait or run
KEPT_DAYS = 30  # jobs without a file
_SCOPE = "loyalty_reporting.export"


class LoyaltyReportingExportJob(models.Model):
    """A report that is written to a file in the background, for the user who asked."""

    _name = "loyalty.reporting.export.job"
    _description = "Export of a Report"
    _order = "id desc"
    _rec_name = "title"

    title = fields.Char(readonly=True, string="Report")
    report = fields.Char(readonly=True, required=True, string="Slug")
    parameters = fields.Json(readonly=True, required=True)
    parameters_text = fields.Char(
        string="Parameters", compute="_compute_parameters_text"
    )
    file_format = fields.Selection(
        [("xlsx", "XLSX"), ("csv", "CSV"), ("ndjson", "JSON lines")],
        string="Format",
        readonly=True,
        required=True,
    )
    user_id = fields.Many2one(
        "res.users", readonly=True, required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", readonly=True, required=True, ondelete="cascade"
    )
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
            ("expired", "Expired"),
        ],
        readonly=True,
        required=True,
        default="queued",
        index=True,
    )
    rows = fields.Integer(
        readonly=True, aggregator=None, default=0, help="Rows written until now."
    )
    total = fields.Integer(
        readonly=True, aggregator=None, help="Rows there will be, where that is known."
    )
    progress = fields.Float(
        compute="_compute_progress", help="Percent, where the total is known."
    )
    # A file may have more bytes than PostgreSQL's integer can count.
    bytes = fields.Float(
        readonly=True, aggregator=None, digits=(20, 0), help="Size of the file."
    )
    size = fields.Char(compute="_compute_size")
    message = fields.Char(readonly=True)
    attempts = fields.Integer(readonly=True, aggregator=None, default=0, copy=False)
    started_at = fields.Datetime(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    expires_at = fields.Datetime(
        readonly=True, help="The file can be downloaded until then."
    )
    file_name = fields.Char(readonly=True, copy=False, groups=NO_ACCESS)
    idempotency_key = fields.Char(readonly=True, copy=False, groups=NO_ACCESS)
    digest = fields.Char(readonly=True, groups=NO_ACCESS)

    _key_uniq = models.UniqueIndex(
        "(user_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "This key was used for another export.",
    )

    @api.depends("parameters")
    def _compute_parameters_text(self):
        for job in self:
            given = job.parameters or {}
            job.parameters_text = ", ".join(
                f"{name}={','.join(values)}" for name, values in given.items()
            )

    @api.depends("rows", "total", "state")
    def _compute_progress(self):
        for job in self:
            part = 100 * job.rows / job.total if job.total else 0
            job.progress = 100 if job.state == "done" else part

    @api.depends("bytes")
    def _compute_size(self):
        for job in self:
            job.size = human_size(job.bytes) if job.bytes else ""

    def unlink(self):
        """Remove the files, too, once the jobs are really gone."""
        self._remove_files()
        return super().unlink()

    # ------------------------------------------------------------ actions

    def action_download(self):
        """Let the browser fetch the file."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/api/v1/exports/{self.id}/file",
            "target": "download",
        }

    def action_cancel(self):
        """Stop jobs that wait or run; one that runs ends within about a second."""
        self.check_access("read")
        for job in self.sudo().filtered(lambda job: job.state in OPEN):
            job._remove_files()
            job.write({"state": "cancelled", "file_name": False})

    def action_retry(self):
        """Have jobs without a file done once more, with all their attempts."""
        self.check_access("read")
        again = self.sudo().filtered(
            lambda job: job.state in ("failed", "cancelled", "expired")
        )
        for job in again:
            try:
                job._check_open(job.user_id)
                job._query_as(job.user_id)
            except ReportingError as error:
                raise UserError(str(error)) from error
        again.write(
            {"state": "queued", "attempts": 0, "message": False, "rows": 0, "total": 0}
            | {"bytes": 0, "finished_at": False, "expires_at": False}
        )
        self._wake()

    # ------------------------------------------------------------ business

    @api.model
    def _ask(self, asked, key=None):
        """Return the job that does what is asked, made now unless the key is known.

        :param asked: :class:`core.api.exports.Asked`
        :param key: the request's, or None; see ``core.api.exports.key_of``
        :raise UserError: the key stands for another request
        """
        known = key and self.sudo().search(
            [("user_id", "=", self.env.uid), ("idempotency_key", "=", key)]
        )
        if known:
            if known.digest != asked.digest:
                raise UserError(
                    self.env._("This Idempotency-Key was used for another request.")
                )
            return known.sudo(False)
        reader = self.env["loyalty.reporting.reader"]
        query = reader._query(asked.slug, asked.given)
        keys_of(query, self.env.cr)
        self._check_open(self.env.user)
        values = {
            "title": reader._translate()(query.report.title),
            "report": asked.slug,
            "parameters": asked.given | {"company_id": [str(query.company.id)]},
            "file_format": asked.file_format,
            "user_id": self.env.uid,
            "company_id": query.company.id,
            "idempotency_key": key,
            "digest": asked.digest,
        }
        try:
            job = self.sudo().create(values).sudo(False)
        except UniqueViolation as error:
            # The same request came twice at once: look again for the other's job.
            raise ConcurrencyError(str(error)) from error
        self._wake()
        return job

    def _check_open(self, user):
        count = self.sudo().search_count(
            [("user_id", "=", user.id), ("state", "in", OPEN)]
        )
        if count >= MOST_OPEN:
            raise TooMany(
                f"{MOST_OPEN} exports of yours wait already. Wait for them, or cancel "
                "some.",
                60,
            )

    def _query_as(self, user):
        """Return the question, if a user may ask it now.

        :raise AccessError: the user may not, or was archived
        :raise ReportingError: it cannot be asked (any more)
        """
        self.ensure_one()
        job = self.sudo()
        if not user.sudo().active:
            raise AccessError(self.env._("The user of this export was archived."))
        reader = self.env["loyalty.reporting.reader"].with_user(user)
        return reader._query(job.report, job.parameters)

    @api.model
    def _wake(self):
        self.env.ref("loyalty_reporting.ir_cron_export").sudo()._trigger()

    # ------------------------------------------------------------ the file

    @api.model
    def _folder(self):
        """Return where the files are.

        Within the filestore: there X-Sendfile works, other servers of the same
        database look, and it goes when the database is dropped.
        """
        return Folder(Path(config.filestore(self.env.cr.dbname)).absolute() / FOLDER)

    def _path(self):
        """Return the path of the file of a job that is done; it may be gone."""
        self.ensure_one()
        return self._folder().path(self.sudo().file_name)

    def _is_offered(self):
        self.ensure_one()
        return self.state == "done" and self.expires_at > fields.Datetime.now()

    def _token(self):
        """Return what opens the file without a key, until it expires."""
        self.ensure_one()
        job = self.sudo()
        expires = job.expires_at.replace(tzinfo=UTC)
        return hash_sign(job.env, _SCOPE, [job.id, job.file_name], expires)

    def _is_token(self, text):
        """Tell whether a text is a token of this job, not expired."""
        job = self.sudo()
        try:
            found = verify_hash_signed(job.env, _SCOPE, text)
        except (ValueError, IndexError):
            return False
        return bool(job.file_name) and found == [job.id, job.file_name]

    def _remove_files(self):
        """Remove the files after the commit."""
        folder = self._folder()
        for name in self.sudo().filtered("file_name").mapped("file_name"):
            self.env.cr.postcommit.add(lambda name=name: folder.remove(name))

    @api.autovacuum
    def _gc_jobs(self):
        """Take files away when their time is over, and forget old jobs."""
        now = fields.Datetime.now()
        over = self.search([("state", "=", "done"), ("expires_at", "<=", now)])
        over._remove_files()
        over.write({"state": "expired", "file_name": False})
        self.search(
            [
                ("state", "in", ["failed", "cancelled", "expired"]),
                ("create_date", "<", now - timedelta(days=KEPT_DAYS)),
            ]
        ).unlink()
