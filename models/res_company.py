from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    loyalty_reporting_tz = fields.Selection(
        _tz_get,
        string="Reporting Time Zone",
        compute="_compute_loyalty_reporting_tz",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="Business days, weeks and months of the loyalty reports are cut in this "
        "time zone. Changing it cuts all days of this company anew at the next "
        "synchronisation, which takes a while on a long history.",
    )

    # No dependency: a proposal for new companies, never changed afterwards.
    @api.depends()
    def _compute_loyalty_reporting_tz(self):
        for company in self:
            company.loyalty_reporting_tz = (
                company.loyalty_reporting_tz or company.partner_id.tz or "UTC"
            )

    @api.constrains("loyalty_reporting_tz")
    def _check_loyalty_reporting_tz(self):
        for zone in set(self.mapped("loyalty_reporting_tz")):
            self.env.cr.execute("SELECT FROM pg_timezone_names WHERE name = %s", [zone])
            if not self.env.cr.rowcount:
                raise ValidationError(
                    self.env._(
                        "PostgreSQL does not know the time zone %s: "
                        "choose another one.",
                        zone,
                    )
                )
