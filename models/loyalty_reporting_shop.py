from odoo import fields, models


class LoyaltyReportingShop(models.Model):
    """A shop of the engine; its rows are written by the data path."""

    _name = "loyalty.reporting.shop"
    _description = "Reported Shop"
    _auto = False
    _log_access = False
    _order = "name, id"

    source = fields.Char(string="System", readonly=True)
    external_id = fields.Integer(
        string="Source ID",
        readonly=True,
        aggregator=None,
        help="Identifier in the source system; the API and SQL speak it.",
    )
    name = fields.Char()
    config_id = fields.Many2one(
        "pos.config",
        string="Point of Sale",
        help="The point of sale of Odoo's own that this is, if there is one.",
    )
