from odoo import api, models
from odoo.tools import format_date

_MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"
_USER = "loyalty_reporting.group_loyalty_reporting_user"


class LoyaltyReportingHealth(models.AbstractModel):
    """What is said above single rows while some of them are archived."""

    _inherit = "loyalty.reporting.health"

    @api.model
    @api.readonly
    def horizon(self, _company=None, model="point.analytics"):
        """Return the notice that rows begin later than facts do, as :meth:`notices` does.

        It is about single rows, and about totals that are made of them.

        :param model: name of the one whose rows are shown
        :raise AccessError: the user may read no report
        """
        self.env["loyalty.reporting.reader"]._reports()
        shown = self.env.get(model)
        since = getattr(shown, "_here_since", lambda: None)()
        if not since:
            return []
        user = self.env.user
        if getattr(shown, "_rollup_fields", ()):
            reason = self.env._("Totals by day, program or level are not concerned.")
        else:
            reason = self.env._("Totals here begin then.")
        if user.has_group(_MANAGER):
            reason += " " + self.env._("Restore a month to see its rows.")
        action = "loyalty_reporting.loyalty_reporting_archive_action"
        return [
            {
                "level": "info",
                "message": self.env._(
                    "Rows before %(day)s are archived.",
                    day=format_date(self.env, since),
                ),
                "reason": reason,
                "action": action if user.has_group(_USER) else "",
            }
        ]
