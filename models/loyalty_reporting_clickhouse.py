from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..core.settings import redact

# A ClickHouse that was filled once and is switched off may come back.
ACKNOWLEDGED = "DELETE FROM %s WHERE load_id <= %s OR NOT %s AND %s = 0"
TOMBSTONES = (
    "promotion_order_tombstone",
    "promotion_performance_tombstone",
    "customer_day_tombstone",
    "membership_analytics_tombstone",
    "point_analytics_rollup_tombstone",
)


class LoyaltyReportingClickhouse(models.Model):
    """How far the ClickHouse copy is: one row, written by the push."""

    _name = "loyalty.reporting.clickhouse"
    _description = "ClickHouse Copy"
    _auto = False
    _log_access = False

    epoch = fields.Integer(readonly=True, help="Rises with every push and rebuild.")
    pushing = fields.Boolean(readonly=True)
    watermark = fields.Integer(
        readonly=True, help="Number of the last load that ClickHouse holds completely."
    )
    target = fields.Char(readonly=True)
    pushed_at = fields.Datetime(string="Last Push", readonly=True)
    problem = fields.Text(string="Last Problem", readonly=True)
    problem_at = fields.Datetime(string="Problem Since", readonly=True)
    newest = fields.Integer(
        string="Newest Load",
        compute="_compute_state",
        help="Number of the last load into PostgreSQL that changed anything.",
    )
    behind = fields.Integer(
        string="Loads Behind",
        compute="_compute_state",
        help="Loads that ClickHouse does not hold yet; it catches up by itself.",
    )
    address = fields.Char(
        compute="_compute_state", help="Without the password; from the configuration."
    )
    state = fields.Selection(
        [
            ("off", "Not configured"),
            ("ready", "Up to date"),
            ("behind", "Catching up"),
            ("problem", "Problem"),
        ],
        compute="_compute_state",
    )

    @api.depends("watermark", "problem")
    def _compute_state(self):
        address = self.env["loyalty.reporting.pipeline"]._settings().clickhouse_url
        [(newest,)] = self.env.execute_query(SQL("SELECT load_id FROM fact_load"))
        for copy in self:
            copy.address = redact(address)
            copy.newest = newest
            copy.behind = max(0, newest - copy.watermark)
            copy.state = copy._state_of(address)

    def _state_of(self, address):
        if not address:
            return "off"
        if self.problem:
            return "problem"
        return "behind" if self.behind else "ready"

    @api.depends("address")
    def _compute_display_name(self):
        for copy in self:
            copy.display_name = self.env._("ClickHouse")

    def action_push(self):
        """Ship what is new, now."""
        return self._run("_push", self.env._("Push to ClickHouse"))

    def action_rebuild(self):
        """Fill ClickHouse anew from PostgreSQL; readers keep the old copy meanwhile."""
        return self._run("_rebuild", self.env._("Rebuild of ClickHouse"))

    def _run(self, job, title):
        source = self.env["loyalty.reporting.source"]
        if not source.has_access("write"):
            raise AccessError(self.env._("This is for reporting managers."))
        result = getattr(self.env["loyalty.reporting.pipeline"], job)()
        return source._notify_result(title, result)

    @api.autovacuum
    def _gc_tombstones(self):
        """Forget removed keys once ClickHouse has acknowledged them."""
        configured = bool(
            self.env["loyalty.reporting.pipeline"]._settings().clickhouse_url
        )
        watermark = self.browse(1).watermark
        for table in TOMBSTONES:
            self.env.cr.execute(
                SQL(
                    ACKNOWLEDGED,
                    SQL.identifier(table),
                    watermark,
                    configured,
                    watermark,
                )
            )
