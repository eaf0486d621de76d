from odoo import fields, models


class LoyaltyReportingCompanyMap(models.Model):
    _name = "loyalty.reporting.company.map"
    _description = "Company of a Reporting Source"
    _order = "external_id"
    _rec_name = "external_id"

    source_id = fields.Many2one(
        "loyalty.reporting.source", required=True, ondelete="cascade", index=True
    )
    external_id = fields.Integer(
        string="Company ID at the Source", required=True, default=1
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )

    _external_id_unique = models.Constraint(
        "UNIQUE(source_id, external_id)",
        "A company of the source can be mapped only once.",
    )
