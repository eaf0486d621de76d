"""From the installation to the first figures: what the page of the first steps asks."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"
# The best source of a company first: a database before events.
PREFERRED = ("engine_pg", "odoo", "demo", "stream", "push")
# So many are named of whom to ask.
NAMED = 5


class LoyaltyReportingOnboarding(models.AbstractModel):
    """The first steps of a company. Nothing is ticked off: all states are looked up."""

    _name = "loyalty.reporting.onboarding"
    _description = "Loyalty Reporting: first steps"

    @api.model
    def look(self, company_id):
        """Return how the steps of a company stand, as JSON.

        Who is no manager gets ``managers``, the names of whom to ask, and nothing else.

        :param company_id: one of the user's
        :return: ``steps`` and ``more``, see ``loyalty.reporting.onboarding.step``;
            ``choices``, the systems that can be chosen; what the page says besides
        """
        company = self._company(company_id)
        if not self.env.user.has_group(MANAGER):
            return {"managers": self._managers(company)}
        source = self._source_of(company)
        steps = self.env["loyalty.reporting.onboarding.step"]
        return {
            "company": company.name,
            "system": company.loyalty_reporting_system,
            "source_type": source.type or "",
            "zone": self.env.user.tz or "UTC",
            "is_hidden": company.loyalty_reporting_hides_steps,
            "choices": self._choices(company),
            "steps": steps._needed(company, source, self._paused_of(company)),
            "more": steps._optional(),
        }

    @api.model
    def try_source(self, company_id):
        """Return how the step *test* stands: the source is asked just now."""
        source = self._source_of(self._managed(company_id))
        return self.env["loyalty.reporting.onboarding.step"]._tried(source)

    @api.model
    def choose(self, company_id, system):
        """Make Odoo's own sales, or the demo's, those of a company."""
        company = self._managed(company_id)
        if system == "demo":
            self.env["loyalty.reporting.demo"]._open(company)
        elif system == "odoo":
            company.sudo().loyalty_reporting_system = "odoo"
            self._of_type("odoo").active = True
            self._read_soon()
        elif system == "engine":
            # Also the end of the demo, whose figures are removed.
            company.sudo().loyalty_reporting_system = "engine"
        else:
            raise UserError(self.env._("There is no such system of record."))

    @api.model
    def hide(self, company_id, is_hidden):
        """Leave the steps out on a company's empty dashboard, or show them again."""
        self._managed(company_id).sudo().loyalty_reporting_hides_steps = is_hidden

    @api.model
    def open_step(self, company_id, place):
        """Return the action that leads to where a step is done, or None if it was done.

        :param place: as the page names it
        """
        company = self._managed(company_id)
        engine = self._of_type("engine_pg")
        source = self._source_of(company) or self._paused_of(company) or engine
        places = {
            "source": lambda: self._form(source),
            "engine": lambda: self._form(engine),
            "push": self._new_push,
            "zone": lambda: self._form(company),
            "own_zone": lambda: self._use_own_zone(company),
            "test": source.action_test,
            "load": self._read_soon,
            "runs": source.action_open_runs,
            "letters": source.action_open_dead_letters,
            "cron": lambda: self._form(self.env.ref("loyalty_reporting.ir_cron_sync")),
            "clickhouse": lambda: self._action(
                "loyalty_reporting.loyalty_reporting_clickhouse_action"
            ),
            "mails": lambda: self._action(
                "loyalty_reporting.loyalty_reporting_subscription_action"
            ),
            "people": lambda: self._action("base.action_res_users"),
        }
        if place not in places:
            raise UserError(self.env._("There is no such step."))
        action = places[place]()
        if action:
            # A page must be told them; who presses a button of a form is.
            modes = action.get("view_mode", "form").split(",")
            action.setdefault("views", [(False, mode) for mode in modes])
        return action

    # ------------------------------------------------------------ what is looked up

    def _source_of(self, company):
        """Return the source that is read for a company; one that names it is preferred."""
        system = company.loyalty_reporting_system
        sources = self.env["loyalty.reporting.source"].search([("system", "=", system)])
        return sources.filtered("is_configured").sorted(
            lambda s: (
                company not in s.company_map_ids.company_id,
                [*PREFERRED, s.type].index(s.type),
            )
        )[:1]

    def _paused_of(self, company):
        """Return a source of the company's system that was read and is paused."""
        sources = self.env["loyalty.reporting.source"].search(
            [
                ("system", "=", company.loyalty_reporting_system),
                ("active", "=", False),
            ]
        )
        return sources.filtered(lambda s: s.is_configured and s.last_state)[:1]

    def _of_type(self, kind):
        """Return the source of a type, active or not; a new one if it was deleted."""
        sources = self.env["loyalty.reporting.source"].with_context(active_test=False)
        known = sources.search([("type", "=", kind)], order="id", limit=1)
        system = kind if kind == "odoo" else "engine"
        values = {"name": system.capitalize(), "code": system, "type": kind}
        return known or sources.create({**values, "system": system, "active": False})

    def _choices(self, company):
        """Return the systems of record that a company can be given."""
        chosen = company.loyalty_reporting_system
        sources = self.env["loyalty.reporting.source"]
        is_read = sources.search_count([("type", "=", "odoo")])
        can_show = not self.env["loyalty.reporting.demo"]._obstacle(company)
        return {
            "odoo": chosen != "odoo" or not is_read,
            "demo": chosen != "demo" and can_show,
            "engine": chosen != "engine",
        }

    def _managers(self, company):
        users = self.env.ref(MANAGER).sudo().all_user_ids - self.env.ref(
            "base.user_root"
        )
        return users.filtered(lambda u: company in u.company_ids)[:NAMED].mapped("name")

    def _company(self, company_id):
        """Return one of the user's companies.

        :raise AccessError: it is none, or the user may read no report
        """
        self.env["loyalty.reporting.reader"]._reports()
        company = self.env.user.company_ids.filtered(lambda c: c.id == company_id)
        if not company:
            raise AccessError(self.env._("This is no company of yours."))
        return company

    def _managed(self, company_id):
        """Return one of a manager's companies.

        :raise AccessError: likewise, or the user is no manager
        """
        if not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "The first steps need the group Loyalty Reporting / Manager."
                )
            )
        return self._company(company_id)

    # ------------------------------------------------------------ where steps are done

    def _form(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    def _new_push(self):
        action = self._form(self.env["loyalty.reporting.source"])
        names = {"name": self.env._("Pushed Events"), "code": "events", "type": "push"}
        context = {f"default_{name}": value for name, value in names.items()}
        return {**action, "context": context}

    def _action(self, xml_id):
        return self.env["ir.actions.act_window"]._for_xml_id(xml_id)

    def _use_own_zone(self, company):
        company.sudo().loyalty_reporting_tz = self.env.user.tz or "UTC"

    def _read_soon(self):
        """Wake the scheduled actions that read sources."""
        for name in ("ir_cron_sync", "ir_cron_stream"):
            self.env.ref(f"loyalty_reporting.{name}").sudo()._trigger()


class ResCompany(models.Model):
    _inherit = "res.company"

    loyalty_reporting_hides_steps = fields.Boolean(string="First Steps Hidden")
