import math
import time
from dataclasses import replace
from functools import partial

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, config, ormcache

from ..core.errors import NotFound
from ..core.exports import files
from ..core.guard import trace
from ..core.guard.counters import count
from ..core.queries import REPORTS, answer, export
from ..core.queries.base import Audience
from ..core.queries.params import company_id, parse
from ..core.records import Company
from ..core.stores.configuration import zones_of_days

# In the context: the instant (of time.monotonic) after which nobody waits any more.
DEADLINE = "loyalty_reporting_deadline"
# Whose record rules bound the reports of an audience, beside its group.
_OBJECTS = {
    Audience.PROMOTIONS: ("promotion.order", "promotion.report.detail"),
    Audience.MEMBERSHIP: ("membership.analytics", "membership.event"),
    Audience.POINTS: ("point.analytics",),
}
_COMPANY = """
    SELECT c.id, c.loyalty_reporting_tz, k.name, k.rounding
    FROM res_users u
    JOIN res_company_users_rel r ON r.user_id = u.id
    JOIN res_company c ON c.id = r.cid AND c.active
    JOIN res_currency k ON k.id = c.currency_id
    WHERE u.id = %s AND c.id = coalesce(%s, u.company_id)
"""


class LoyaltyReportingReader(models.AbstractModel):
    """The one way in which every surface reads reports: authorise, parse, answer."""

    _name = "loyalty.reporting.reader"
    _description = "Loyalty Reporting: reading reports"

    @api.model
    def _reports(self):
        """Return {slug: report} of the reports that the user may read.

        :raise AccessError: the user may read none
        """
        found = {s: r for s, r in REPORTS.items() if self._may_read(r)}
        if not found:
            raise AccessError(
                self.env._("Reports need the group Loyalty Reporting / User.")
            )
        return found

    @api.model
    def _query(self, slug, given):
        """Return what ``given`` asks of a report, if the user may ask it.

        :param given: parameter name → text, or list of texts; see ``params.parse``
        :raise NotFound: no such report, company, or thing to filter by
        :raise BadQuery: a fault in a parameter
        :raise AccessError: the user may not read this report
        """
        if slug not in REPORTS:
            raise NotFound("report", f"There is no report {slug:.100}.")
        if slug not in self._reports():
            raise AccessError(
                self.env._(
                    "The report %(slug)s needs the group Loyalty Reporting / %(group)s.",
                    slug=slug,
                    group=REPORTS[slug].audience.capitalize(),
                )
            )
        report = REPORTS[slug]
        self._check_rules(report)
        trace.note(report=slug)
        company = self._company(given)
        trace.note(company=company.id)
        return parse(report, company, given)

    @api.model
    def _answer(self, query):
        """Return the :class:`Answer` of a query that :meth:`_query` made."""
        settings = self._hurried(self.env["loyalty.reporting.pipeline"]._settings())
        found = answer.answer(query, self.env.cr, settings, self._primary_cursor)
        self._note(query.report.slug, found)
        return found

    @api.model
    def _count(self, query):
        """Return how many rows a query has on all pages."""
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        one = replace(query, page=1, per_page=1, after=None, with_totals=False)
        return answer.answer(one, self.env.cr, settings, self._primary_cursor).total

    def _note(self, slug, found):
        """Note for the access log and the metrics what was answered."""
        trace.note(store=found.store, tier=found.tier)
        trace.add("rows", len(found.rows))
        count("answer", report=slug, store=found.store)
        count("rows", len(found.rows), report=slug)

    @api.model
    def _exported(
        self, query, file_format, seconds=None, *, is_counted=False, questions=()
    ):
        """Return what opens all rows of a query: :func:`core.queries.export.exported`.

        It can be opened and read when this environment's cursor is closed.

        :param file_format: that they are read for; a workbook asks for more beside them
        :param seconds: that reading may take, where that is less than the setting
        :param is_counted: say how many rows there are before they are read
        :param questions: others of the same report, answered from the same state of the
            data after those of the file: see ``Beside``
        """
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        if seconds is not None:
            seconds = min(seconds, settings.export_timeout)
            settings = replace(settings, export_timeout=seconds)
        asked, beside = files.asked(query, file_format, is_counted=is_counted)
        beside = replace(beside, questions=(*beside.questions, *questions))
        replica = partial(self.env.registry.cursor, readonly=_has_replica())
        return export.exported(
            asked,
            self.env.cr,
            settings,
            self._primary_cursor,
            beside,
            held_cursor=replica,
        )

    def _primary_cursor(self):
        """Return a cursor of the database itself, never of its read replica.

        Without a replica, Odoo's read-only cursors are the database's, too; in its tests
        nothing else can be opened within one.
        """
        readonly = self.env.cr.readonly and not _has_replica()
        return self.env.registry.cursor(readonly=readonly)

    def _may_read(self, report):
        group = f"loyalty_reporting.group_loyalty_reporting_{report.audience}"
        return self.env.user.has_group(group)

    def _check_rules(self, report):
        """Refuse where rules of others restrict the rows that the user sees.

        The stores know companies, not rules: what they add up would be too much.
        """
        companies = Domain("company_id", "in", self.env.companies.ids)
        for name in _OBJECTS[report.audience]:
            bound = self.env["ir.rule"]._compute_domain(name, "read")
            if bound not in (Domain.TRUE, companies.optimize(self.env[name])):
                raise AccessError(
                    self.env._(
                        "Record rules restrict which rows of %(model)s you see; the "
                        "API's reports do not follow them. Use Odoo's own views.",
                        model=self.env[name]._description,
                    )
                )

    def _company(self, given):
        """Return the company asked for, or the caller's own, with the zone of its days.

        A company that does not exist and one of others are the same to the caller.
        """
        number, zone, *more = self._company_of(company_id(given))
        # A load may cut days in another zone: what is remembered of Odoo is told nothing.
        return Company(number, zones_of_days(self.env.cr).get(number, zone), *more)

    # Three records, each with all its fields, are most of what a remembered answer
    # would need the database for. Whatever is written into them clears the cache.
    @ormcache("self.env.uid", "asked")
    def _company_of(self, asked):
        """Return (id, time zone, currency, digits) of a user's company, or of their own."""
        self.env["res.users"].flush_model(["company_id", "company_ids"])
        self.env["res.company"].flush_model()
        self.env["res.currency"].flush_model(["name", "rounding"])
        found = self.env.execute_query(SQL(_COMPANY, self.env.uid, asked))
        if not found:
            raise NotFound("company_id", f"There is no company {asked} of yours.")
        [(number, timezone, currency, rounding)] = found
        digits = math.ceil(-math.log10(rounding)) if 0 < rounding < 1 else 0
        return number, timezone, currency, digits

    def _hurried(self, settings):
        """Return settings whose queries take no longer than the caller waits."""
        deadline = self.env.context.get(DEADLINE)
        if deadline is None:
            return settings
        left = max(1, math.ceil(deadline - time.monotonic()))
        return replace(settings, query_timeout=min(settings.query_timeout, left))


def _has_replica():
    return bool(config["db_replica_host"])
