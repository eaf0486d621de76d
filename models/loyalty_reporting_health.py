from odoo import api, models
from odoo.exceptions import AccessError

from ..core.guard import counters, health, metrics
from ..core.guard.shared import Away, Shared


class LoyaltyReportingHealth(models.AbstractModel):
    """What operators look at: is it fit to answer, and how is it going?"""

    _name = "loyalty.reporting.health"
    _description = "Loyalty Reporting: health and metrics"

    @api.model
    def _report(self, is_manager):
        """Return the states of all services; for managers also the details."""
        settings = self._settings()
        findings = health.services(settings, tuple(self._streams()))
        found = health.state(self.env.cr)
        document = health.report(found, findings, settings.late_after)
        if is_manager:
            found |= health.history(self.env.cr)
            document["details"] = health.details(found, findings)
        return document

    @api.model
    def _scrape(self, accept):
        """Return (body, Content-Type) for Prometheus.

        :param accept: the Accept header
        """
        settings = self._settings()
        shared = Shared(settings.redis_url)
        try:
            namespace = self.env["loyalty.reporting.guard"]._namespace()
            totals = counters.totals(shared, namespace)
        except Away:
            totals = None
        found = health.state(self.env.cr) | health.history(self.env.cr)
        gauges = list(health.gauges(found, bool(settings.clickhouse_url)))
        return metrics.render(totals, gauges, accept, shared.is_configured)

    @api.model
    def _check_reader(self):
        """Refuse users who are neither of our groups.

        :raise AccessError: the user is none of them
        """
        if not self.env.user.has_group(
            "loyalty_reporting.group_loyalty_reporting_user"
        ):
            raise AccessError(
                self.env._("Metrics need the group Loyalty Reporting / User.")
            )

    def _settings(self):
        return self.env["loyalty.reporting.pipeline"]._settings()

    def _streams(self):
        """Yield (source, address, name, group) of the streams that are read."""
        sources = self.env["loyalty.reporting.source"].sudo()
        for source in sources.search([("type", "=", "stream")]):
            if url := source._url():
                yield source.code, url, *source._stream_names()
