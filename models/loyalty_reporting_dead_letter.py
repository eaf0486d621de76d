from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.sources import contract
from ..core.stores import aside
from .notification import RELOAD, notification

KEPT_DAYS = 90


class LoyaltyReportingDeadLetter(models.Model):
    """A row of the source that cannot be counted, with the reason."""

    _name = "loyalty.reporting.dead.letter"
    _description = "Dead Letter"
    _auto = False
    _log_access = False
    _order = "last_seen desc, id desc"
    _rec_name = "reason"
    _rec_names_search = ["reason", "document_key", "row_key"]

    source_name = fields.Char(string="Source", readonly=True)
    source = fields.Char(string="System", readonly=True)
    table_name = fields.Char(string="Table", readonly=True)
    document_key = fields.Char(
        string="Order",
        readonly=True,
        help="The document that the row belongs to; it is read again as a whole.",
    )
    row_key = fields.Char(string="Row", readonly=True, help="The row's own id.")
    reason = fields.Text(readonly=True)
    raw = fields.Text(string="Row as Delivered", readonly=True)
    times = fields.Integer(
        readonly=True, aggregator=None, help="How often it was refused."
    )
    state = fields.Selection(
        [("open", "Open"), ("resolved", "Resolved"), ("ignored", "Ignored")],
        readonly=True,
        help="Resolved: its document came again and was accepted, or is gone. "
        "Ignored: somebody decided to; refused once more, it is open again.",
    )
    first_seen = fields.Datetime(readonly=True)
    last_seen = fields.Datetime(readonly=True)
    kind = fields.Char(
        readonly=True, help="Kind of the document: order, membership, points."
    )

    def action_replay(self):
        """Read the documents of these rows at their sources once more.

        Those that wait for an archived month are here whole, and are loaded now.
        """
        self._check_manager()
        codes = set(self.mapped("source_name"))
        results = [result for code in codes for result in self._replay_at(code)]
        failed = [result.message for result in results if result.state != "done"]
        if failed:
            raise UserError("\n".join(failed))
        self.invalidate_recordset()
        text = self.env._("The documents were read again.")
        return notification(self.env._("Replay"), text, "success", RELOAD)

    def action_ignore(self):
        """Take open letters off the list of what is to be done."""
        self._check_manager()
        self.filtered(lambda letter: letter.state == "open").sudo().state = "ignored"

    def _replay_at(self, code):
        source = self.env["loyalty.reporting.source"].with_context(active_test=False)
        source = source.search([("code", "=", code)])
        if not source:
            raise UserError(self.env._("The source %s does not exist any more.", code))
        letters = self.filtered(lambda letter: letter.source_name == code)
        pipeline = self.env["loyalty.reporting.pipeline"]
        waiting = letters.browse(aside.among(self.env.cr, letters.ids))
        if waiting:
            yield pipeline._load_letters(source, waiting.ids)
        letters -= waiting
        if not letters:
            return
        # Rows that name no document are read under the empty key; dimensions are read
        # in any case.
        keys = {
            kind: sorted({letter.document_key or "" for letter in of_kind})
            for kind, of_kind in letters.grouped("kind").items()
            if kind in contract.DOCUMENTS
        }
        yield pipeline._replay(source, keys)

    def _check_manager(self):
        self.env["loyalty.reporting.source"].check_access("write")

    @api.autovacuum
    def _gc_letters(self):
        """Forget letters that were settled long ago."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM loyalty_reporting_dead_letter WHERE state <> 'open'"
                " AND last_seen < now() AT TIME ZONE 'UTC' - %s * interval '1 day'",
                KEPT_DAYS,
            )
        )
