from odoo import api, fields, models

from .loyalty_reporting_reconciliation import LEVELS


class LoyaltyReportingDifference(models.Model):
    """A row that a reconciliation found to differ."""

    _name = "loyalty.reporting.difference"
    _description = "Reconciliation Difference"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "row_key"
    _rec_names_search = ["row_key", "document_key", "table_name"]

    run_id = fields.Integer(readonly=True, aggregator=None)
    source_name = fields.Char(string="About", readonly=True)
    level = fields.Selection(LEVELS, string="Compared", readonly=True)
    table_name = fields.Char(string="Table", readonly=True)
    date_from = fields.Date(string="From", readonly=True)
    date_to = fields.Date(string="To", readonly=True)
    day = fields.Date(readonly=True, help="Business day in the company's time zone.")
    kind = fields.Selection(
        [
            ("missing", "Missing"),
            ("surplus", "Surplus"),
            ("different", "Different"),
            ("refused", "Refused"),
        ],
        readonly=True,
    )
    document_kind = fields.Char(readonly=True)
    document_key = fields.Char(string="Document", readonly=True)
    row_key = fields.Char(string="Row", readonly=True)
    expected = fields.Json(readonly=True)
    kept = fields.Json(readonly=True)
    change = fields.Text(
        compute="_compute_change",
        string="Expected / Kept",
        help="The columns that differ: value as expected / value as kept.",
    )
    row = fields.Text(
        compute="_compute_change",
        string="Whole Row",
        help="All columns: value as expected / value as kept.",
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("repaired", "Repaired"),
            ("settled", "Settled"),
            ("explained", "Explained"),
            ("reported", "Reported"),
        ],
        readonly=True,
        help="Settled: a later reconciliation no longer found it. Explained: follows "
        "from a difference below, or was refused at loading. Reported: the source says "
        "otherwise than we compute; nothing is repaired.",
    )
    reason = fields.Char(readonly=True)
    found_at = fields.Datetime(readonly=True)
    settled_at = fields.Datetime(readonly=True)

    @api.depends("expected", "kept")
    def _compute_change(self):
        for difference in self:
            expected, kept = difference.expected or {}, difference.kept or {}
            names = [*expected, *(name for name in kept if name not in expected)]
            pairs = [(name, expected.get(name), kept.get(name)) for name in names]
            difference.row = _shown(pairs)
            difference.change = _shown([p for p in pairs if p[1] != p[2]])

    def action_repair(self):
        """Repair the months in which these rows lie, from the source upwards."""
        rows = self.filtered(lambda row: row.state == "open")
        return self.env["loyalty.reporting.reconciliation"]._repair(
            [(row.day or row.date_from, row.day or row.date_to) for row in rows]
        )


def _shown(pairs):
    """Return (name, expected, kept) as lines."""
    return "\n".join(
        f"{name}: {'–' if expected is None else expected} /"
        f" {'–' if kept is None else kept}"
        for name, expected, kept in pairs
    )
