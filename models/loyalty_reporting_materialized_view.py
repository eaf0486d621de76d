from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class LoyaltyReportingMaterializedView(models.Model):
    """A materialized view and its last refresh; written by the refresh."""

    _name = "loyalty.reporting.materialized.view"
    _description = "Materialized View"
    _auto = False
    _log_access = False
    _order = "name"

    name = fields.Char(readonly=True, help="Its name in SQL.")
    state = fields.Selection(
        [
            ("current", "Up to date"),
            ("behind", "Refreshed within the hour"),
            ("problem", "Problem"),
        ],
        compute="_compute_state",
    )
    row_count = fields.Integer(string="Rows", readonly=True, aggregator=None)
    refreshed_at = fields.Datetime(string="Last Refresh", readonly=True)
    seconds = fields.Float(
        readonly=True,
        digits=(16, 1),
        aggregator=None,
        help="How long the last refresh took. Readers do not wait for it.",
    )
    load_id = fields.Integer(readonly=True, aggregator=None)
    problem = fields.Text(string="Last Problem", readonly=True)

    @api.depends("load_id", "problem")
    def _compute_state(self):
        [(newest,)] = self.env.execute_query(SQL("SELECT load_id FROM fact_load"))
        for view in self:
            view.state = "current" if view.load_id == newest else "behind"
            if view.problem:
                view.state = "problem"

    def action_refresh(self):
        """Refresh these views now, whether or not anything changed."""
        source = self.env["loyalty.reporting.source"]
        if not source.has_access("write"):
            raise AccessError(self.env._("This is for reporting managers."))
        pipeline = self.env["loyalty.reporting.pipeline"]
        results = pipeline._refresh(force=True, names=self.mapped("name"))
        failed = [name for name, r in results.items() if r.state != "done"]
        name = (failed or [*results])[0]
        return source._notify_result(name, results[name])
