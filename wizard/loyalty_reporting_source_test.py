from odoo import api, fields, models

from ..core.errors import ReportingError
from ..core.sources import contract
from ..core.sources.explain import explained

SHOWN_ROWS = 5
SHOWN_CHARACTERS = 100


class LoyaltyReportingSourceTest(models.TransientModel):
    """What a source offers, tried out."""

    _name = "loyalty.reporting.source.test"
    _description = "Test of a Reporting Source"

    source_id = fields.Many2one(
        "loyalty.reporting.source", required=True, ondelete="cascade"
    )
    result = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("source_id")
    def _compute_result(self):
        for test in self:
            test.result = self.env["ir.qweb"]._render(
                "loyalty_reporting.source_test_result", test._findings()
            )

    def _findings(self):
        """Return the faults, or the first rows of each table."""
        try:
            if self.source_id.type == "stream":
                return {"faults": [], "tables": [("events", *self._events())]}
            connector = self.source_id._connector()
            faults = connector.check()
            return {
                "faults": faults,
                "tables": [] if faults else _previews(connector),
            }
        except ReportingError as error:
            return {"faults": [str(error)], "tables": []}

    def _events(self):
        """Return the first events that wait; they are not loaded."""
        from ..core.events.preview import preview  # noqa: PLC0415 (needs msgspec)

        source = self.source_id
        return _shown(*preview(source._stream(), source._position, SHOWN_ROWS))


def _previews(connector):
    with explained():
        return [
            (table, *_shown(*connector.preview(table, SHOWN_ROWS)))
            for table in contract.TABLES
        ]


def _shown(columns, rows):
    return columns, [[str(v)[:SHOWN_CHARACTERS] for v in row] for row in rows]
