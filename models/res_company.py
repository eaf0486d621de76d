from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import ValidationError

from ..core.stores import archived
from ..core.stores.configuration import zones_of_days


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
        "synchronisation, which takes a while on a long history. Once archived months "
        "have expired, it cannot be changed any more.",
    )

    loyalty_reporting_system = fields.Selection(
        [("engine", "Engine"), ("odoo", "Odoo"), ("demo", "Demo")],
        string="System of Record for Sales",
        compute="_compute_loyalty_reporting_system",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="Where the sales of this company are kept. Only that system's figures are "
        "in the loyalty reports, so that nothing counts twice.",
    )

    @api.model
    def cache_invalidation_fields(self):
        """Add what the reader of reports remembers of a company, and of whose it is."""
        known = super().cache_invalidation_fields()
        return known | {"currency_id", "loyalty_reporting_tz", "user_ids"}

    # No dependency: a proposal for new companies, never changed afterwards.
    @api.depends()
    def _compute_loyalty_reporting_tz(self):
        for company in self:
            company.loyalty_reporting_tz = (
                company.loyalty_reporting_tz or company.partner_id.tz or "UTC"
            )

    # No dependency: a proposal for new companies. See also the two methods below.
    @api.depends()
    def _compute_loyalty_reporting_system(self):
        for company in self:
            company.loyalty_reporting_system = company.loyalty_reporting_system or (
                "engine" if company._origin in self._of_engine() else "odoo"
            )

    def _zone_of_days(self):
        """Return the time zone in which this company's business days are cut.

        It is another one than the company's until its next load has cut them anew, and
        while archived months cannot be.
        """
        self.ensure_one()
        zones = zones_of_days(self.env.cr)
        return zones.get(self.id) or self.sudo().loyalty_reporting_tz

    @api.model
    def _of_engine(self):
        """Return the companies that a source of the engine names."""
        mapped = self.env["loyalty.reporting.company.map"].sudo()
        return mapped.search([("source_id.system", "=", "engine")]).company_id

    @api.model
    def _propose_engine(self):
        """As long as Odoo is not read, the engine is the record of whom it names."""
        sources = self.env["loyalty.reporting.source"].sudo()
        if not sources.search_count([("system", "=", "odoo")]):
            named = self._of_engine().filtered(
                lambda company: company.loyalty_reporting_system != "demo"
            )
            named.loyalty_reporting_system = "engine"

    @api.model
    def _propose_odoo(self):
        """Where no engine is configured, Odoo is the record of all companies."""
        sources = self.env["loyalty.reporting.source"].sudo()
        if not sources.search([("system", "=", "engine")]).filtered("is_configured"):
            companies = self.sudo().with_context(active_test=False)
            others = companies.search([("loyalty_reporting_system", "!=", "odoo")])
            others.loyalty_reporting_system = "odoo"

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

    @api.constrains("loyalty_reporting_tz")
    def _check_days_can_be_cut(self):
        if not archived.has_expired(self.env.cr):
            return
        zones = zones_of_days(self.env.cr)
        for company in self:
            zone = zones.get(company.id)
            if zone and zone != company.loyalty_reporting_tz:
                raise ValidationError(
                    self.env._(
                        "The reporting time zone of %(company)s must stay %(zone)s: the "
                        "archives of some months have expired, so their days cannot be "
                        "cut anew.",
                        company=company.name,
                        zone=zone,
                    )
                )
