from urllib.parse import urlencode

from odoo import api, fields, models
from odoo.exceptions import ValidationError

ROUTE = "/api/v1/reports/promotions/performance"


class LoyaltyReportingExport(models.TransientModel):
    """Asks for what the XLSX download of promotion performance needs."""

    _name = "loyalty.reporting.export"
    _description = "Export of Promotion Performance"

    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self._border("min"),
        help="First business day, inclusive.",
    )
    date_to = fields.Date(
        string="To",
        required=True,
        default=lambda self: self._border("max"),
        help="Last business day, inclusive.",
    )
    group_by = fields.Selection(
        [("hour", "Hour"), ("day", "Day"), ("week", "Week"), ("month", "Month")],
        string="A Row for Each",
        required=True,
        default="day",
        help="Cut in the company's reporting time zone; weeks begin on Monday.",
    )
    program_key = fields.Many2one(
        "loyalty.reporting.program",
        string="Program",
        context={"active_test": False},
        help="Leave empty for all programs.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(export.date_from > export.date_to for export in self):
            raise ValidationError(self.env._("The first day is after the last one."))

    def _border(self, function):
        """Return the first or last business day of the company's data."""
        [[day]] = self.env["promotion.order"]._read_group(
            [("company_id", "=", self.env.company.id)],
            aggregates=[f"date:{function}"],
        )
        return day or fields.Date.context_today(self)

    def action_download(self):
        """Let the browser fetch the file from the REST report."""
        self.ensure_one()
        query = {
            "date_from": self.date_from.isoformat(),
            "date_to": self.date_to.isoformat(),
            "group_by": self.group_by,
            "format": "xlsx",
            "company_id": self.company_id.id,
        }
        if self.program_key:
            query["program_id"] = self.program_key.external_id
        return {
            "type": "ir.actions.act_url",
            "url": f"{ROUTE}?{urlencode(query)}",
            "target": "download",
        }
