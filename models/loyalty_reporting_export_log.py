import json
import logging
import time

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..core.guard import trace
from ..core.guard.counters import count

_logger = logging.getLogger(__name__)
KEPT_DAYS = 365


class LoyaltyReportingExportLog(models.Model):
    """Who took which figures out of the system, as a file."""

    _name = "loyalty.reporting.export.log"
    _description = "Export of a Report"
    _order = "started_at desc, id desc"
    _rec_name = "report"
    _rec_names_search = ["report", "request_id"]

    user_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    user_login = fields.Char(
        string="Login", readonly=True, help="It stays when the user is deleted."
    )
    company_id = fields.Many2one("res.company", readonly=True, ondelete="set null")
    report = fields.Char(readonly=True)
    parameters = fields.Text(readonly=True, help="As they were asked.")
    file_format = fields.Char(string="Format", readonly=True)
    rows = fields.Integer(readonly=True)
    started_at = fields.Datetime(readonly=True, index=True)
    seconds = fields.Float(readonly=True, digits=(16, 1), aggregator="avg")
    request_id = fields.Char(readonly=True, index=True)
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("cut", "Cut off"),
            ("failed", "Failed"),
        ],
        readonly=True,
        help="Cut off: whoever asked left before the end, or the process ended. Failed: "
        "an error on the way; rows are those that were sent.",
    )

    @api.model
    def _log_export(self, query, file_format, given, body, rows):
        """Write down an export, and return its body.

        It is written on a cursor of its own: at once, and whatever becomes of the
        request; of a body that is sent piece by piece once more at its end.

        :param query: the :class:`~core.queries.base.Query` that is answered
        :param given: the parameters as they were asked
        :param body: text or bytes, or an iterable of these, read once
        :param rows: how many, or a function that tells how many it has been so far
        """
        values = {
            "user_id": self.env.uid,
            "user_login": self.env.user.login,
            "company_id": query.company.id,
            "report": query.report.slug,
            "parameters": json.dumps(given, ensure_ascii=False, sort_keys=True),
            "file_format": file_format,
            "started_at": fields.Datetime.now(),
        }
        current = trace.current()
        if current:
            values["request_id"] = current.request_id
        if isinstance(body, str | bytes):
            seconds = current.seconds if current else 0
            self._write_down({**values, "rows": rows, "seconds": seconds}, "done")
            return body
        return _audited(_Row(self._writer(), values, rows), body)

    def _write_down(self, values, state):
        self._writer()(None, {**values, "state": state})
        count("export", format=values["file_format"], state=state)

    def _writer(self):
        """Return a function (id or None, values) → id that outlives this request."""
        registry, name = self.env.registry, self._name

        def write(log_id, values):
            with registry.cursor() as cr:
                log = api.Environment(cr, SUPERUSER_ID, {})[name].browse(log_id)
                if log:
                    log.write(values)
                else:
                    log = log.create(values)
                return log.id

        return write

    @api.autovacuum
    def _gc_exports(self):
        """Forget old exports; those whose process ended on the way were cut off."""
        today = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                "UPDATE loyalty_reporting_export_log SET state = 'cut'"
                " WHERE state = 'running' AND started_at < %s - interval '1 day'",
                today,
            )
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM loyalty_reporting_export_log"
                " WHERE started_at < %s - %s * interval '1 day'",
                today,
                KEPT_DAYS,
            )
        )


class _Row:
    """The row of an export that is on its way."""

    def __init__(self, write, values, rows):
        self._write, self._values = write, values
        self._rows = rows if callable(rows) else lambda: rows
        self._started = time.monotonic()
        self._trace = trace.current()
        self._id = None

    def begin(self):
        self._id = self._write(None, {**self._values, "state": "running"})

    def end(self, state):
        seconds = time.monotonic() - self._started
        try:
            found = {"rows": self._rows(), "seconds": seconds, "state": state}
            self._write(self._id, found)
        except Exception:
            # The file is through; its row goes on saying that it was begun.
            _logger.exception("The end of export %s could not be written.", self._id)
        if self._trace:
            trace.resume(self._trace)
        count("export", format=self._values["file_format"], state=state)


def _audited(row, parts):
    """Yield the parts of a file, and write down how that ended."""
    row.begin()
    try:
        yield from parts
    except GeneratorExit:
        row.end("cut")
        raise
    except BaseException:
        row.end("failed")
        raise
    else:
        row.end("done")
