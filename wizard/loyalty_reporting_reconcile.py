from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class LoyaltyReportingReconcile(models.TransientModel):
    """Which days are compared now."""

    _name = "loyalty.reporting.reconcile"
    _description = "Reconciliation of a Period"

    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: fields.Date.context_today(self) - relativedelta(days=7),
        help="Whole months are compared: those that the period touches.",
    )
    date_to = fields.Date(string="To", required=True, default=fields.Date.context_today)

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(period.date_from > period.date_to for period in self):
            raise ValidationError(self.env._("The first day is after the last one."))

    def action_reconcile(self):
        """Compare, and tell what was found."""
        self.ensure_one()
        return self.env["loyalty.reporting.reconciliation"]._reconcile_period(
            self.date_from, self.date_to
        )
