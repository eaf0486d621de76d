import time

from odoo import api, fields, models

from ..core.guard import connections
from ..core.settings import redact
from .notification import notification

# Service → (the setting that has its address, how it is tried).
_TRIED = {
    "engine": ("engine_dsn", connections.engine),
    "clickhouse": ("clickhouse_url", connections.clickhouse),
    "redis": ("redis_url", connections.redis),
}
# Seconds that somebody waits for an answer.
_PATIENCE = 5


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_reporting_tz = fields.Selection(
        related="company_id.loyalty_reporting_tz", readonly=False
    )
    loyalty_reporting_engine = fields.Char(
        string="Engine Database", compute="_compute_loyalty_reporting"
    )
    loyalty_reporting_clickhouse = fields.Char(
        string="ClickHouse", compute="_compute_loyalty_reporting"
    )
    loyalty_reporting_redis = fields.Char(
        string="Redis", compute="_compute_loyalty_reporting"
    )
    loyalty_reporting_stream = fields.Char(
        string="Event Stream", compute="_compute_loyalty_reporting"
    )
    loyalty_reporting_state = fields.Selection(
        lambda self: (
            self.env["loyalty.reporting.clickhouse"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        string="State of ClickHouse",
        compute="_compute_loyalty_reporting",
    )

    @api.depends("company_id")
    def _compute_loyalty_reporting(self):
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        self.loyalty_reporting_engine = redact(settings.engine_dsn)
        self.loyalty_reporting_clickhouse = redact(settings.clickhouse_url)
        self.loyalty_reporting_redis = redact(settings.redis_url)
        self.loyalty_reporting_stream = redact(settings.stream_url)
        copy = self.env["loyalty.reporting.clickhouse"].sudo().browse(1)
        self.loyalty_reporting_state = copy.state

    def action_loyalty_reporting_test(self):
        """Tell whether a service answers, and if not, what it says.

        The service is named by ``loyalty_reporting_service`` in the context.
        """
        self.check_access("write")
        service = self.env.context.get("loyalty_reporting_service")
        if service == "stream":
            return self._loyalty_reporting_test_stream()
        setting, probe = _TRIED[service]
        address = getattr(self.env["loyalty.reporting.pipeline"]._settings(), setting)
        name = self._fields[f"loyalty_reporting_{service}"]._description_string(
            self.env
        )
        began = time.monotonic()
        try:
            found = probe(address, seconds=_PATIENCE)
        except Exception as e:
            return notification(name, f"{redact(address)}: {e}", "danger")
        text = self.env._(
            "Version %(version)s answered within %(milliseconds)s ms.",
            version=found["version"],
            milliseconds=round(1000 * (time.monotonic() - began)),
        )
        return notification(name, text, "success")

    def _loyalty_reporting_test_stream(self):
        """Show the first events that wait, as the source's own test does."""
        sources = self.env["loyalty.reporting.source"]
        source = sources.search([("type", "=", "stream")], limit=1)
        if source:
            return source.action_test()
        text = self.env._(
            "No source reads it yet: create one of the type Event stream."
        )
        return notification(self.env._("Event Stream"), text, "warning")
