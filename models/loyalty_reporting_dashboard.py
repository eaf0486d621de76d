import logging

from odoo import api, models
from odoo.exceptions import AccessError
from simplejson import RawJSON

from ..core import dashboard
from ..core.api import rest
from ..core.errors import BadQuery, ReportingError
from ..core.stores import announcements, archived

_logger = logging.getLogger(__name__)
# Filter of the page → (the model of its records, the filter of reports).
_FILTERS = {
    "programs": ("loyalty.reporting.program", "program_id"),
    "stores": ("loyalty.reporting.shop", "store_id"),
}


class LoyaltyReportingDashboard(models.AbstractModel):
    """What the dashboard shows, of one company, to one user."""

    _name = "loyalty.reporting.dashboard"
    _description = "Loyalty Reporting: dashboard"

    @api.model
    def _dashboard(self, given):
        """Return all panels that the user may see, each an answer of its report.

        A panel that cannot be answered says why, in ``error``; the others are there.
        ``left_out`` has the measures of panels that need what is archived, and since when
        they can be told.

        :param given: JSON values: ``period`` (a word of ``core.queries.periods``) or
            ``date_from`` and ``date_to``; ``programs`` and ``stores``, lists of ids;
            ``company_id``
        :raise AccessError: the user may read no report
        :raise BadQuery: a fault in what was given
        """
        reader = self.env["loyalty.reporting.reader"]
        allowed = {report.slug for report in reader._reports().values()}
        company = reader._company(self._company_given(given))
        bounds = dashboard.bounds(self.env.cr, company)
        asked = dashboard.asked(given, company.id, bounds)
        asked.filters.update(self._filters(given))
        shown = [panel for panel in dashboard.PANELS if panel.report in allowed]
        months = archived.away(self.env.cr, archived.AGGREGATES)
        found = {panel.name: self._panel(panel, asked, months) for panel in shown}
        return {
            "company_id": company.id,
            "known": announcements.known(self.env.cr),
            "currency_id": self._currency(company),
            "is_demo": self._is_demo(company),
            "time_zone": company.timezone,
            "period": asked.period,
            "date_from": asked.date_from.isoformat(),
            "date_to": asked.date_to.isoformat(),
            "group_by": dashboard.grain_of(asked.date_from, asked.date_to),
            "today": bounds.today.isoformat(),
            "first_day": bounds.first and bounds.first.isoformat(),
            "last_day": bounds.last and bounds.last.isoformat(),
            "programs": asked.filters["program_id"],
            "stores": asked.filters["store_id"],
            "definitions": self._definitions(shown),
            "panels": {name: answer for name, (answer, _) in found.items()},
            "left_out": {name: less for name, (_, less) in found.items() if less},
        }

    def _company_given(self, given):
        number = given.get("company_id")
        if number is None:
            return {}
        if type(number) is not int:
            raise BadQuery("company_id", "company_id is a whole number.")
        return {"company_id": str(number)}

    def _currency(self, company):
        return self.env["res.company"].sudo().browse(company.id).currency_id.id

    def _is_demo(self, company):
        system = self.env["res.company"].sudo().browse(company.id)
        return system.loyalty_reporting_system == "demo"

    def _filters(self, given):
        """Return {filter of reports: the source's numbers of the records chosen}."""
        found = {}
        for name, (model, asked) in _FILTERS.items():
            ids = given.get(name) or []
            if not isinstance(ids, list) or any(type(i) is not int for i in ids):
                raise BadQuery(name, f"{name} is a list of whole numbers.")
            # Not everybody reads them: who does not, has no panel with this filter.
            records = self.env[model].sudo().with_context(active_test=False)
            chosen = records.search([("id", "in", ids)])
            found[asked] = sorted({*chosen.mapped("external_id")})
        return found

    def _definitions(self, panels):
        """Return {measure: what it means, in the user's language}."""
        reader = self.env["loyalty.reporting.reader"]
        translate = reader._translate()
        return {
            measure.name: translate(measure.definition)
            for panel in panels
            for measure in reader._reports()[panel.report].measures
            if measure.name in panel.measures
        }

    def _panel(self, panel, asked, months):
        """Return (its answer or why there is none, what it leaves out or None).

        :param months: of which no aggregates are here
        """
        reader = self.env["loyalty.reporting.reader"]
        try:
            query = reader._query(panel.report, dashboard.parameters(panel, asked))
            told = dashboard.told(query, months)
            return self._answered(told.query), self._left_out(told)
        except (ReportingError, AccessError) as error:
            _logger.info("Panel %s: %s", panel.name, error)
            return {"error": str(error)}, None

    def _answered(self, query):
        if not query:
            return {}
        answer = self.env["loyalty.reporting.reader"]._answer(query)
        return RawJSON(rest.body(query, answer))

    def _left_out(self, told):
        if not told.since:
            return None
        return {"measures": [*told.left_out], "since": told.since.isoformat()}
