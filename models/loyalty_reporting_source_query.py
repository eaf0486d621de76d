from odoo import fields, models


class LoyaltyReportingSourceQuery(models.Model):
    """What to read at the source: one query gives one table of the contract."""

    _name = "loyalty.reporting.source.query"
    _description = "Extraction Query of a Reporting Source"
    _order = "id"
    _rec_name = "table_name"

    source_id = fields.Many2one(
        "loyalty.reporting.source", required=True, ondelete="cascade", index=True
    )
    table_name = fields.Char(string="Table", required=True, readonly=True)
    query = fields.Text(
        required=True,
        help="A SELECT that gives the columns of the contract, by their names. It runs "
        "on a read-only connection with a time limit.",
    )

    _table_unique = models.Constraint(
        "UNIQUE(source_id, table_name)", "A source has one query for each table."
    )
