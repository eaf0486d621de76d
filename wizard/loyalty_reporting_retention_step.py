from odoo import api, fields, models


class LoyaltyReportingRetentionStep(models.TransientModel):
    """A table of a month that would go."""

    _name = "loyalty.reporting.retention.step"
    _description = "Retention: What Would Go"
    _order = "month, tier desc, table_name"

    month = fields.Date(readonly=True)
    tier = fields.Selection(
        [("detail", "Detail"), ("aggregate", "Aggregates"), ("archive", "Archive")],
        readonly=True,
    )
    table_name = fields.Char(string="Table", readonly=True)
    rows = fields.Integer(readonly=True)
    bytes = fields.Float(readonly=True, digits=(16, 0))

    @api.depends("month")
    def _compute_display_name(self):
        for step in self:
            step.display_name = step.month and step.month.strftime("%Y-%m")
