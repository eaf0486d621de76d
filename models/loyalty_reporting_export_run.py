import json

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError

from ..core.errors import ConfigurationError
from ..core.exports import job as running
from ..core.exports.jobs import Cancelled, Jobs
from . import time_limits


class LoyaltyReportingExportJob(models.Model):
    """How jobs are run: in transactions of their own, as the user who asked."""

    _inherit = "loyalty.reporting.export.job"

    @api.model
    def _cron_run(self):
        """Do one job; the others in a time slot of their own, as a worker's is short."""
        self._run_next()
        self.env["ir.cron"]._commit_progress(1, remaining=0)
        if self.search_count([("state", "=", "queued"), ("attempts", "=", 0)], limit=1):
            self._wake()

    @api.model
    def _run_next(self):
        """Do the next job in transactions of its own; returns how it ended, or None."""
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        ended = running.run_next(
            Jobs(self.env.registry.cursor),
            self._folder(),
            self._prepare,
            settings.export_days,
        )
        self.env.invalidate_all()
        if ended and ended.state in ("done", "failed"):
            self._audit(ended)
            self._tell(ended)
        return ended

    def _prepare(self, number):
        """Return the :class:`core.exports.job.Work` of a job, as its user may ask it."""
        seconds = self._seconds()
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            job = env[self._name].browse(number).exists()
            if not job:
                raise Cancelled()
            try:
                query = job._query_as(job.user_id)
            except AccessError as error:
                raise ConfigurationError(str(error)) from error
            reader = env["loyalty.reporting.reader"].with_user(job.user_id)
            opening = reader._exported(query, job.file_format, seconds, is_counted=True)
            edition = reader._edition(query, job.parameters)
            return running.Work(query, opening, job.file_format, seconds, edition)

    @api.model
    def _seconds(self):
        """Return for how long a job may run: less than until its worker is killed."""
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        limit = time_limits.of_scheduled_action()
        return min(settings.export_timeout, limit or settings.export_timeout)

    def _audit(self, ended):
        """Write down who had which figures written into a file."""
        job = self.browse(ended.job.id).exists()
        if job:
            begun, now = job.started_at, fields.Datetime.now()
            values = {
                "user_id": job.user_id.id,
                "user_login": job.user_id.login,
                "company_id": job.company_id.id,
                "report": job.report,
                "parameters": json.dumps(job.parameters, sort_keys=True),
                "file_format": job.file_format,
                "rows": job.rows,
                "started_at": begun or now,
                "seconds": (now - begun).total_seconds() if begun else 0,
                "request_id": f"export {job.id}",
            }
            self.env["loyalty.reporting.export.log"]._write_down(values, ended.state)

    def _tell(self, ended):
        """Tell the user in Odoo how a job ended."""
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            job = env[self._name].browse(ended.job.id).exists()
            if job:
                job.user_id._bus_send(
                    "loyalty_reporting_export",
                    {
                        "title": job.title,
                        "state": ended.state,
                        "rows": job.rows,
                        "message": ended.message,
                        "url": f"/api/v1/exports/{job.id}/file",
                    },
                )
