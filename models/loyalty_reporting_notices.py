from datetime import UTC, datetime

from odoo import api, models
from odoo.tools import format_datetime

from ..core.guard import health, notices
from ..core.guard.notices import Kind
from ..core.guard.probes import State
from ..core.queries.params import company_id
from ..core.stores.configuration import zones_of_days

_OPERATOR = "loyalty_reporting.group_loyalty_reporting_user"
_MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"
_LEVELS = {
    Kind.FIRST: "info",
    Kind.FAILED: "danger",
    Kind.LATE: "warning",
    Kind.BEHIND: "warning",
    Kind.PAUSED: "info",
}
# Jobs of these types of sources are started by this scheduled action.
_CRONS = {"stream": "ir_cron_stream"}


class LoyaltyReportingHealth(models.AbstractModel):
    """What is said above the figures when they are not what they should be."""

    _inherit = "loyalty.reporting.health"

    @api.model
    @api.readonly
    def notices(self, company=None):
        """Return what readers of a company's figures must know of their state.

        Each is a dict: ``level`` (``danger``, ``warning``, ``info``), ``message`` and,
        for those who read the run log, ``reason`` (may be empty) and ``action``, the
        action that shows more.

        :param company: number of one of the user's companies; None: their own
        :raise AccessError: the user may read no report
        :raise NotFound: the company is none of theirs
        """
        reader = self.env["loyalty.reporting.reader"]
        reader._reports()
        given = {} if company is None else {"company_id": str(company)}
        number, *_more = reader._company_of(company_id(given))
        found = self._of_sources(number) + self._of_zone(number)
        if self.env.user.has_group(_OPERATOR):
            found += self._of_services()
        else:
            found = [{**one, "reason": "", "action": ""} for one in found]
        if self.env.user.has_group(_MANAGER):
            found += self._of_dead_letters()
        return found

    # ------------------------------------------------------------ sources

    def _of_sources(self, company):
        """Return the notices of the sources that a company's facts come from."""
        sources = self._sources_of(company)
        readings = notices.readings(self.env.cr, sources.mapped("code"))
        late_after = self._settings().late_after
        now = datetime.now(UTC).replace(tzinfo=None)
        found = []
        for source in sources:
            reading = readings[source.code]
            # One that is read each hour is not late after a quarter of an hour.
            seconds = late_after and late_after + 60 * source.interval_minutes
            notice = notices.notice(
                reading, is_active=source.active, seconds=seconds, now=now
            )
            if notice:
                found.append(self._of_source(source, reading, notice))
        return found

    def _sources_of(self, company):
        sources = self.env["loyalty.reporting.source"].sudo()
        # What is pushed comes when it comes.
        known = sources.with_context(active_test=False).search([("type", "!=", "push")])
        return known.filtered(lambda s: company in s._mapping().values())

    def _of_source(self, source, reading, notice):
        at = self._instant(notice.at)
        texts = {
            Kind.FIRST: self.env._(
                "%(name)s is being read for the first time: figures are not complete.",
                name=source.name,
            ),
            Kind.FAILED: at
            and self.env._(
                "%(name)s cannot be read: figures are as of %(at)s.",
                name=source.name,
                at=at,
            )
            or self.env._("%(name)s cannot be read.", name=source.name),
            Kind.LATE: self.env._(
                "%(name)s was last read at %(at)s: later figures are missing.",
                name=source.name,
                at=at,
            ),
            Kind.BEHIND: self.env._(
                "%(name)s is held up: what was booked after %(at)s may be missing.",
                name=source.name,
                at=at,
            ),
            Kind.PAUSED: self.env._(
                "%(name)s is paused: figures are as of %(at)s.",
                name=source.name,
                at=at,
            ),
        }
        reasons = {
            Kind.FAILED: reading.message,
            Kind.LATE: self._why_late(source, reading),
            Kind.BEHIND: self.env._(
                "A transaction has been open there since then; it must end first."
            ),
        }
        return {
            "level": _LEVELS[notice.kind],
            "message": texts[notice.kind],
            "reason": reasons.get(notice.kind) or "",
            "action": "loyalty_reporting.loyalty_reporting_run_action",
        }

    def _why_late(self, source, reading):
        """Return why nobody reads a source, in words."""
        name = _CRONS.get(source.type, "ir_cron_sync")
        cron = self.env.ref(f"loyalty_reporting.{name}", raise_if_not_found=False)
        if not cron or not cron.sudo().active:
            return self.env._(
                "The scheduled action that reads it is switched off or deleted."
            )
        if not source.is_configured:
            return self.env._("Its address is not configured any more.")
        if reading.state == "running":
            since = self._instant(reading.begun_at)
            return self.env._("A run goes on since %(since)s.", since=since)
        return self.env._(
            "No run was started: Odoo's scheduled actions do not run, or are busy. "
            "Look at max_cron_threads and at the server's log."
        )

    # ------------------------------------------------------------ days

    def _of_zone(self, number):
        """Return the notice that days are not cut in the zone that a company has now."""
        wanted = self.env["res.company"].sudo().browse(number).loyalty_reporting_tz
        zone = zones_of_days(self.env.cr).get(number)
        if zone in (None, wanted) or not notices.is_cutting_refused(self.env.cr):
            return []
        return [
            {
                "level": "warning",
                "message": self.env._(
                    "Days are cut in %(zone)s, not in %(wanted)s.",
                    zone=zone,
                    wanted=wanted,
                ),
                "reason": self.env._(
                    "Archived months cannot be cut anew: their files have expired, or "
                    "cannot be read. Put the files back, or set the company's reporting "
                    "time zone back."
                ),
                "action": "loyalty_reporting.loyalty_reporting_archive_action",
            }
        ]

    # ------------------------------------------------------------ services

    def _of_services(self):
        """Return the notices of services that only help."""
        texts = {
            "clickhouse": self.env._(
                "ClickHouse cannot be reached: PostgreSQL answers, with the same "
                "figures, but more slowly."
            ),
            "redis": self.env._(
                "Redis cannot be reached: answers are not shared between processes."
            ),
        }
        actions = {
            "clickhouse": "loyalty_reporting.loyalty_reporting_clickhouse_action"
        }
        findings = health.services(self._settings(), tuple(self._streams()))
        return [
            {
                "level": "info",
                "message": texts[name],
                "reason": finding.details.get("reason", ""),
                "action": actions.get(name, ""),
            }
            for name, finding in findings.items()
            if finding.state is State.AWAY and name in texts
        ]

    def _of_dead_letters(self):
        letters = self.env["loyalty.reporting.dead.letter"]
        count = letters.search_count([("state", "=", "open")])
        if not count:
            return []
        return [
            {
                "level": "info",
                "message": self.env._(
                    "%(count)s rows could not be counted.", count=count
                ),
                "reason": "",
                "action": "loyalty_reporting.loyalty_reporting_dead_letter_action",
            }
        ]

    def _instant(self, instant):
        """Return an instant as the user reads it, or nothing."""
        return format_datetime(self.env, instant) if instant else ""
