from odoo import api, models
from odoo.tools.misc import format_date, formatLang

from ..core import dashboard
from ..core.errors import ReportingError
from ..core.settings import redact

DONE, TODO, RUNNING, TROUBLE = "done", "todo", "running", "trouble"
UTC = ("UTC", "Etc/UTC", "Etc/UCT", "Etc/GMT", "GMT", False)
READERS = ("promotions", "membership", "points")


class LoyaltyReportingOnboardingStep(models.AbstractModel):
    """How the first steps stand, out of what is true now.

    A step is a dict of ``name``, ``state`` (done, todo, running, trouble), ``text``, a
    sentence for a person, and ``place``, where it is done
    (``loyalty.reporting.onboarding.open_step``), if that is not always the same.
    """

    _name = "loyalty.reporting.onboarding.step"
    _description = "Loyalty Reporting: state of the first steps"

    @api.model
    def _needed(self, company, source, paused):
        """Return the steps to the first figures.

        :param source: the source that is read for the company; empty without one
        :param paused: one that could be
        """
        return [
            {"name": "source", **self._connected(company, source, paused)},
            {"name": "company", **self._mapped(company, source)},
            {"name": "test", **self._tested(source)},
            {"name": "load", **self._loaded(source)},
            {"name": "figures", **self._shown(company, source)},
        ]

    @api.model
    def _tried(self, source):
        """Return the step *test* of a source that is asked just now."""
        if not source or source.type == "push":
            return {"name": "test", **self._tested(source)}
        try:
            faults = self._faults(source)
        except ReportingError as error:
            faults = [str(error)]
        if faults:
            return {"name": "test", **_step(TROUBLE, "\n".join(faults))}
        text = self.env._("%s answers, and offers what is needed.", source.name)
        return {"name": "test", **_step(DONE, text)}

    @api.model
    def _optional(self):
        """Return what is not needed for the first figures."""
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        readers = self.env["res.users"]
        for audience in READERS:
            group = self.env.ref(
                f"loyalty_reporting.group_loyalty_reporting_{audience}"
            )
            readers |= group.sudo().all_user_ids
        readers -= self.env.ref("base.user_root")
        keys = self.env["res.users.apikeys"].sudo()
        count = keys.search_count([("user_id", "in", readers.ids)])
        mails = self.env["loyalty.reporting.subscription"].search_count([])
        found = {
            "clickhouse": redact(settings.clickhouse_url),
            "redis": redact(settings.redis_url),
            "people": len(readers) > 1
            and self.env._("People who read the reports: %s.", len(readers)),
            "mails": mails and self.env._("Reports sent by mail: %s.", mails),
            "keys": count and self.env._("API keys of readers: %s.", count),
        }
        return [
            {"name": name, **_step(DONE if text else TODO, text or "")}
            for name, text in found.items()
        ]

    # ------------------------------------------------------------ the steps

    def _connected(self, company, source, paused):
        """Is there something to read for this company?"""
        if source:
            text = f"{source.name}: {source.address}" if source.address else source.name
            return _step(DONE, text)
        if self.env["loyalty.reporting.pipeline"]._settings().is_neutralized:
            return _step(
                TROUBLE,
                self.env._(
                    "This database is a neutralized copy: it reaches nothing outside, "
                    "on purpose."
                ),
            )
        if paused:
            text = self.env._("%s is paused: resume it.", paused.name)
            return _step(TROUBLE, text)
        text = self.env._("Choose where the sales of %s are recorded.", company.name)
        return _step(TODO, text)

    def _mapped(self, company, source):
        """Do the source's orders reach this company, and are its days cut right?"""
        if not source:
            return self._waiting()
        named = self._named(source)
        if source.type != "odoo" and company not in named:
            text = self.env._(
                "%(name)s names no company that is %(company)s: add its number to the "
                "companies of the source.",
                name=source.name,
                company=company.name,
            )
            return _step(TROUBLE, text, "source")
        zone, own = company.loyalty_reporting_tz, self.env.user.tz
        if zone in UTC and own not in UTC:
            text = self.env._(
                "Days are cut in UTC, but you are in %s. Better now than later: with "
                "another time zone all days are cut anew.",
                own,
            )
            return _step(TODO, text, "zone")
        text = self.env._(
            "%(company)s, with the days of %(zone)s.", company=company.name, zone=zone
        )
        return _step(DONE, text, "zone")

    def _tested(self, source):
        """Did the source answer when it was last read?"""
        if not source:
            return self._waiting()
        if source.type == "push":
            text = self.env._("Each event is answered to its sender with a verdict.")
            return _step(DONE if source.sender_ids else TODO, text, "source")
        if source.last_state == "failed":
            return _step(TROUBLE, source.last_message or "")
        if source.last_state:
            return _step(DONE, self.env._("%s was read.", source.name))
        return _step(TODO, self.env._("See the first rows of each table."))

    def _loaded(self, source):
        """How far is the first load?"""
        if not source:
            return self._waiting()
        if source.type == "push":
            return self._pushed(source)
        if source.last_state == "failed":
            return _step(TROUBLE, source.last_message or "", "runs")
        if not source.last_state:
            if not self.env.ref("loyalty_reporting.ir_cron_sync").sudo().active:
                text = self.env._("The scheduled action that reads sources is off.")
                return _step(TROUBLE, text, "cron")
            text = self.env._("It begins by itself within a minute.")
            return _step(TODO, text, "load")
        is_over = source.last_state == "done"
        return _step(DONE if is_over else RUNNING, self._progress(source), "runs")

    def _shown(self, company, source):
        """Are there figures?"""
        reporting = self.env["loyalty.reporting.pipeline"]._company(company)
        bounds = dashboard.bounds(self.env.cr, reporting)
        if bounds.last:
            text = self.env._(
                "There are figures from %(first)s to %(last)s.",
                first=format_date(self.env, bounds.first),
                last=format_date(self.env, bounds.last),
            )
            return _step(DONE, text)
        if source and source.dead_letter_count:
            text = self.env._(
                "Rows that were refused: %s. The dead letters say why.",
                source.dead_letter_count,
            )
            return _step(TROUBLE, text, "letters")
        if source and source.last_state == "done":
            text = self.env._(
                "%(name)s was read to its end and tells nothing of %(company)s.",
                name=source.name,
                company=company.name,
            )
            return _step(TROUBLE, text, "source")
        return _step(TODO, self.env._("They appear here while the history is loaded."))

    # ------------------------------------------------------------ what is looked up

    def _waiting(self):
        return _step(TODO, self.env._("Connect a source first."))

    def _named(self, source):
        """Return the companies that the sources of a system name: they share them."""
        sources = self.env["loyalty.reporting.source"].with_context(active_test=False)
        siblings = sources.search([("system", "=", source.system)])
        return siblings.company_map_ids.company_id

    def _pushed(self, source):
        """Did events come?"""
        if not source.sender_ids:
            text = self.env._("Name the users whose API keys may push events.")
            return _step(TODO, text, "source")
        self.env.cr.execute(
            "SELECT count(*) FROM loyalty_reporting_pushed_event WHERE source_name = %s",
            [source.code],
        )
        [count] = self.env.cr.fetchone()
        text = self.env._("Events so far: %s.", self._number(count))
        return _step(DONE if count else TODO, text, "source")

    def _faults(self, source):
        if source.type == "stream":
            test = self.env["loyalty.reporting.source.test"]
            return test.new({"source_id": source.id})._findings()["faults"]
        return source._connector().check()

    def _progress(self, source):
        """Return how much was read so far, in a sentence."""
        self.env.cr.execute(
            "SELECT coalesce(sum(documents_read), 0), coalesce(sum(rows_loaded), 0)"
            " FROM loyalty_reporting_run WHERE source_name = %s",
            [source.code],
        )
        documents, rows = map(self._number, self.env.cr.fetchone())
        months = len((source._position() or {}).get("months", ()))
        if months:
            return self.env._(
                "So far %(months)s months: %(documents)s documents, %(rows)s rows.",
                months=months,
                documents=documents,
                rows=rows,
            )
        return self.env._(
            "%(documents)s documents, %(rows)s rows.", documents=documents, rows=rows
        )

    def _number(self, count):
        return formatLang(self.env, count, digits=0)


def _step(state, text, place=""):
    return {"state": state, "text": text, "place": place}
