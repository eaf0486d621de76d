from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.erasure.merge import merge
from ..core.errors import ReportingError


class LoyaltyReportingMerge(models.TransientModel):
    """Which customer another one turned out to be."""

    _name = "loyalty.reporting.merge"
    _description = "Merge Customers of Loyalty Reports"

    customer_id = fields.Many2one(
        "loyalty.reporting.customer", compute="_compute_customer_id"
    )
    source = fields.Char(related="customer_id.source")
    into_id = fields.Many2one(
        "loyalty.reporting.customer",
        string="Is Really",
        domain="[('source', '=', source), ('id', '!=', customer_id),"
        " ('external_id', '>', 0)]",
    )

    @api.depends_context("active_id")
    def _compute_customer_id(self):
        self.customer_id = self.env.context.get("active_id")

    def action_merge(self):
        """Count the one as the other, what was loaded as well as what will be."""
        self.ensure_one()
        source = self.env["loyalty.reporting.source"]
        if not source.has_access("write"):
            raise AccessError(self.env._("This is for reporting managers."))
        pipeline = self.env["loyalty.reporting.pipeline"]
        databases = source.search(
            [("system", "=", self.source), ("type", "not in", ["stream", "push"])]
        ).filtered("is_configured")
        if not databases:
            raise UserError(
                self.env._(
                    "No database of this system is configured, from which the customer's "
                    "orders could be read again."
                )
            )
        try:
            keys = merge(pipeline._dsn(), self.customer_id.id, self.into_id.id)
        except ReportingError as error:
            raise UserError(str(error)) from error
        for database in databases:
            result = pipeline._replay(database, keys)
        return source._notify_result(self.into_id.display_name, result)
