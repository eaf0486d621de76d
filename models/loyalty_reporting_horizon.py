from odoo import api, models
from odoo.tools import format_date

from ..core.stores import archived

_MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"
_USER = "loyalty_reporting.group_loyalty_reporting_user"


class LoyaltyReportingHealth(models.AbstractModel):
    """What is said above single rows while some of them are archived."""

    _inherit = "loyalty.reporting.health"

    @api.model
    @api.readonly
    def horizon(self, _company=None):
        """Return the notice that rows begin later than facts do, as :meth:`notices` does.

        It is about single rows, and about totals that are made of them.

        :raise AccessError: the user may read no report
        """
        self.env["loyalty.reporting.reader"]._reports()
        since = archived.here_since(self.env.cr)
        if not since:
            return []
        user = self.env.user
        reason = self.env._("Totals by day, program or level are not concerned.")
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
