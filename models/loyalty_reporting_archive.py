from odoo import api, fields, models

from ..core.errors import ReportingError
from ..core.records import RunResult
from ..core.retention import generations, months, run
from ..core.retention.restore import restore
from . import time_limits
from .notification import RELOAD, notification

SLOT_SECONDS = 60


class LoyaltyReportingArchive(models.Model):
    """Months of a tier that are in archive files; written by the data path."""

    _name = "loyalty.reporting.archive"
    _description = "Archived Month"
    _auto = False
    _log_access = False
    _order = "month desc, tier"

    month = fields.Date(readonly=True, help="The first day of the month, in UTC.")
    tier = fields.Selection(
        [("detail", "Detail"), ("aggregate", "Aggregates")], readonly=True
    )
    state = fields.Selection(
        [
            ("writing", "Being Written"),
            ("verified", "Verified"),
            ("leaving", "Being Taken Out"),
            ("archived", "Archived"),
            ("restored", "Restored"),
            ("expired", "Expired"),
        ],
        readonly=True,
        help="Archived: the rows are in the files alone. Restored: they are in the database "
        "again, and are taken out again when they are due. Expired: the files were removed.",
    )
    generation = fields.Integer(
        readonly=True, help="Rises each time the month's files are written anew."
    )
    is_changed = fields.Boolean(
        string="Changed", readonly=True, help="A load wrote to it since."
    )
    location = fields.Char(readonly=True)
    archived_at = fields.Datetime(readonly=True)
    restored_at = fields.Datetime(readonly=True)
    problem = fields.Text(readonly=True)
    file_ids = fields.One2many(
        "loyalty.reporting.archive.file", "archive_id", readonly=True
    )
    rows = fields.Integer(compute="_compute_size")
    bytes = fields.Float(compute="_compute_size", digits=(16, 0))

    @api.depends("file_ids.rows", "file_ids.bytes")
    def _compute_size(self):
        for archive in self:
            archive.rows = sum(archive.file_ids.mapped("rows"))
            archive.bytes = sum(archive.file_ids.mapped("bytes"))

    @api.depends("month")
    def _compute_display_name(self):
        for archive in self:
            archive.display_name = archive.month and archive.month.strftime("%Y-%m")

    # ------------------------------------------------------------ actions

    def action_verify(self):
        """Read the files back, and compare them with what was written."""
        self._check_manager()
        result = self._verify(self.mapped("month"))
        rows = self.env._(
            "Rows that are as they were written: %(rows)s.",
            rows=result.counts.rows_read,
        )
        return self._told(self.env._("Verification"), result, rows)

    def action_restore(self):
        """Bring the rows back into the database."""
        self._check_manager()
        result = self._restore(self.mapped("month"))
        text = self.env._("The rows are in the database again.")
        return self._told(self.env._("Restoration"), result, text)

    def action_run(self):
        """Take out what is due by the active policies, now."""
        self._check_manager()
        text = self.env._("Nothing else is due.")
        result = self._run(limit=time_limits.of_computing(time_limits.of_request()))
        return self._told(self.env._("Archive"), result, text)

    # ------------------------------------------------------------ business

    @api.model
    def _run(self, seconds=None, limit=None):
        """Take out what is due; returns a ``RunResult``, never raises.

        :param limit: seconds until the worker is killed
        """
        retention = self.env["loyalty.reporting.retention"]
        policies = retention._policies()
        if not policies and not self.search_count([], limit=1):
            return RunResult("done")  # else something may have to be ended
        result = run.run(
            self._dsn(),
            policies,
            fields.Date.today(),
            retention._location(),
            names=retention._company_names(),
            seconds=seconds,
            limit=limit,
        )
        self.env.invalidate_all()
        return result

    @api.model
    def _verify(self, months):
        """Compare the files of some months; returns a ``RunResult``."""
        result = run.verify(self._dsn(), months)
        self.env.invalidate_all()
        return result

    @api.model
    def _restore(self, months):
        """Bring some months back; returns a ``RunResult``."""
        try:
            for month in months:
                restore(self._dsn(), month, seconds=30)
        except ReportingError as e:
            return RunResult("failed", message=str(e))
        finally:
            self.env.invalidate_all()
        return RunResult("done")

    @api.model
    def _claim(self):
        """Take the archives over that another database owns; returns a ``RunResult``."""
        written_to = {self.env["loyalty.reporting.retention"]._location()}
        addresses = (months.locations(self.env.cr) | written_to) - {""}
        try:
            for address in sorted(addresses):
                generations.take_over(self._dsn(), address)
        except ReportingError as e:
            return RunResult("failed", message=str(e))
        return RunResult("done", message=", ".join(sorted(addresses)))

    @api.model
    def _dsn(self):
        return self.env["loyalty.reporting.pipeline"]._dsn()

    def _told(self, title, result, text):
        kinds = {"done": "success", "failed": "danger"}
        parts = [result.message, text if result.state == "done" else ""]
        told, kind = " ".join(filter(None, parts)), kinds.get(result.state, "warning")
        return notification(title, told, kind, RELOAD)

    @api.model
    def _check_manager(self):
        self.env["loyalty.reporting.source"].check_access("write")

    @api.model
    def _cron_archive(self):
        """Take out what is due, month by month."""
        limit = time_limits.of_computing(time_limits.of_scheduled_action())
        result = self._run(SLOT_SECONDS, limit)
        self.env["ir.cron"]._commit_progress(1, remaining=0)
        if result.state == "partial":
            # In a time slot of its own: called again at once, it would be in this one.
            self.env.ref("loyalty_reporting.ir_cron_archive").sudo()._trigger()


class LoyaltyReportingArchiveFile(models.Model):
    """The file of a table of an archived month."""

    _name = "loyalty.reporting.archive.file"
    _description = "Archive File"
    _auto = False
    _log_access = False
    _order = "table_name"
    _rec_name = "path"

    archive_id = fields.Many2one("loyalty.reporting.archive", readonly=True)
    table_name = fields.Char(string="Table", readonly=True)
    generation = fields.Integer(readonly=True, aggregator=None)
    path = fields.Char(readonly=True)
    rows = fields.Integer(readonly=True)
    # No Integer of Odoo's holds more than 2 GiB.
    bytes = fields.Float(readonly=True, digits=(16, 0))
    sha256 = fields.Char(string="SHA-256", readonly=True)
