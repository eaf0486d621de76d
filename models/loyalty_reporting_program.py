from odoo import fields, models


class LoyaltyReportingProgram(models.Model):
    """A promotion of the engine; its rows are written by the data path."""

    _name = "loyalty.reporting.program"
    _description = "Reported Program"
    _auto = False
    _log_access = False
    _order = "name, id"
    _rec_names_search = ["name", "program_type"]

    source = fields.Char(string="System", readonly=True)
    external_id = fields.Integer(
        string="Source ID",
        readonly=True,
        aggregator=None,
        help="Identifier in the source system; the API and SQL speak it.",
    )
    name = fields.Char(readonly=True)
    program_type = fields.Char(string="Type", readonly=True)
    active = fields.Boolean(readonly=True, help="As the engine says.")
    valid_from = fields.Date(readonly=True)
    valid_to = fields.Date(readonly=True)
    is_known = fields.Boolean(
        string="Described",
        readonly=True,
        help="The engine delivered this program itself. If not, it is only known "
        "from order lines, and its name is a number.",
    )
    odoo_program_id = fields.Many2one(
        "loyalty.program",
        string="Program in Odoo",
        help="The program of Odoo's own that this is, if there is one.",
    )
