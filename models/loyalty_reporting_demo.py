"""Demo data: a shop that there is not, until something real is connected."""

from odoo import SUPERUSER_ID, Command, api, models
from odoo.exceptions import UserError

from ..core import dashboard, removal
from ..core.errors import ReportingError
from ..core.sources import DemoSource
from ..core.sources.demo_shop import COMPANY, LEVEL_DAYS, LEVELS, STORES

DEMO = "demo"


class LoyaltyReportingDemo(models.AbstractModel):
    """Opens and closes the demo's shop, for a company without figures of its own."""

    _name = "loyalty.reporting.demo"
    _description = "Loyalty Reporting: demo data"

    @api.model
    def _open_at_installation(self):
        """Show the demo in the main company, unless there is an engine or Odoo is read."""
        company = self.env.ref("base.main_company")
        if not self._obstacle(company):
            self._open(company)

    @api.model
    def _open(self, company):
        """Have a company show the demo's shop; its figures are there after the commit.

        :raise UserError: the company has something real to show
        """
        if obstacle := self._obstacle(company):
            raise UserError(obstacle)
        source = self._source()
        line = {"external_id": COMPANY, "company_id": company.id}
        source.company_map_ids = [Command.clear(), Command.create(line)]
        company.sudo().loyalty_reporting_system = DEMO
        source.active = True
        self.env.cr.postcommit.add(self._read)

    @api.model
    def _close(self):
        """Remove all that the demo's shop told, and stop telling.

        The documents go by the road on which they came, so that no total and no copy
        keeps any of them.

        :raise UserError: it is being read just now
        """
        source = self._source()
        pipeline = self.env["loyalty.reporting.pipeline"]
        nothing = DemoSource("UTC", "")
        try:
            feed = pipeline._feed(source)
            result = removal.remove(nothing, pipeline._dsn(), **feed)
        except ReportingError as error:
            raise UserError(str(error)) from error
        if result.state != "done":
            raise UserError(result.message)
        pipeline._after(result)
        source.active = False

    def _obstacle(self, company):
        """Return why a company cannot show the demo, or an empty text."""
        sources = self.env["loyalty.reporting.source"].sudo()
        others = sources.search([("type", "!=", DEMO)])
        real = others.filtered("is_configured")
        if real:
            return self.env._("%s is connected: there are real figures.", real[0].name)
        if not self._source():
            return self.env._("The demo shop was deleted.")
        pipeline = self.env["loyalty.reporting.pipeline"]
        if dashboard.bounds(self.env.cr, pipeline._company(company.sudo())).last:
            return self.env._("%s has figures already.", company.sudo().name)
        return ""

    def _source(self):
        sources = self.env["loyalty.reporting.source"].sudo()
        known = sources.with_context(active_test=False)
        return known.search([("type", "=", DEMO)], limit=1)

    def _read(self):
        """Read the shop's first months, once it is committed that it is open."""
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            source = env["loyalty.reporting.demo"]._source()
            if source.active:
                env["loyalty.reporting.pipeline"]._sync(source)


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        """Remove the demo's figures from a company that no longer shows them."""
        system = vals.get("loyalty_reporting_system", DEMO)
        shown = self.browse()
        if system != DEMO:
            shown = self.filtered(lambda c: c.loyalty_reporting_system == DEMO)
        result = super().write(vals)
        if shown:
            self.env["loyalty.reporting.demo"]._close()
        return result


class LoyaltyReportingSource(models.Model):
    _inherit = "loyalty.reporting.source"

    def _connector(self):
        """Return the demo's shop, which has the hours and currency of its company."""
        self.ensure_one()
        if self.type != DEMO:
            return super()._connector()
        company = self.company_map_ids[:1].company_id or self.env.company
        timezone, currency = company.loyalty_reporting_tz, company.currency_id.name
        return DemoSource(timezone, currency, self._position())

    @api.ondelete(at_uninstall=False)
    def _unlink_demo(self):
        """Who deletes the demo's shop removes what it told."""
        shops = self.filtered(lambda source: source.type == DEMO)
        shown = shops.company_map_ids.company_id.sudo().filtered(
            lambda company: company.loyalty_reporting_system == DEMO
        )
        shown.loyalty_reporting_system = "engine"

    def _end_demo(self):
        """Have the companies that this source feeds show it, where the demo was."""
        shown = self.sudo().company_map_ids.company_id.filtered(
            lambda c: c.loyalty_reporting_system == DEMO
        )
        if shown and self.system != DEMO:
            shown.loyalty_reporting_system = self.system


class LoyaltyReportingPipeline(models.AbstractModel):
    _inherit = "loyalty.reporting.pipeline"

    @api.model
    def _configuration(self, source):
        """Before anything real of a company is loaded, the demo leaves it."""
        source._end_demo()
        return super()._configuration(source)

    @api.model
    def _sync(self, source, seconds=None):
        """Name the demo's stores, and say what its levels ask for."""
        result = super()._sync(source, seconds)
        if source.type == DEMO and result.counts.documents_changed:
            with self.env.registry.cursor() as cr:
                self.with_env(self.env(cr=cr))._name_demo(source)
        return result

    def _name_demo(self, source):
        company = source.with_env(self.env).company_map_ids.company_id
        for shop in self.env["loyalty.reporting.shop"].search([("source", "=", DEMO)]):
            shop.name = STORES.get(shop.external_id, shop.name)
        levels = self.env["loyalty.reporting.membership.product"]
        for level in levels.with_company(company).search([("source", "=", DEMO)]):
            _name, spend = LEVELS.get(level.external_id, ("", 0))
            level.write({"threshold": spend, "threshold_days": LEVEL_DAYS})
