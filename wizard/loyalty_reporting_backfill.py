from odoo import fields, models


class LoyaltyReportingBackfill(models.TransientModel):
    """From which day on a source is read again."""

    _name = "loyalty.reporting.backfill"
    _description = "Backfill of a Reporting Source"

    source_id = fields.Many2one(
        "loyalty.reporting.source", required=True, ondelete="cascade"
    )
    since = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="All documents from this day (UTC) on are read again. What is loaded "
        "already and did not change stays as it is.",
    )

    def action_start(self):
        """Begin, and leave the rest to the scheduled action."""
        self.ensure_one()
        self.source_id.check_access("write")
        pipeline = self.env["loyalty.reporting.pipeline"]
        result = pipeline._backfill(self.source_id, self.since, seconds=10)
        self.env.ref("loyalty_reporting.ir_cron_sync").sudo()._trigger()
        return self.source_id._notify_result(self.source_id.name, result)
