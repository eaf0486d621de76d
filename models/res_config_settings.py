from odoo import api, fields, models

from ..core.settings import redact


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
        copy = self.env["loyalty.reporting.clickhouse"].sudo().browse(1)
        self.loyalty_reporting_state = copy.state
