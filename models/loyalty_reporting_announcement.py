from odoo import api, models

from ..core.stores import announcements

# What the web client subscribes to, and the kind of message that it gets.
CHANNEL = "loyalty_reporting"


class LoyaltyReportingAnnouncement(models.AbstractModel):
    """Tells the open screens of a company that figures of theirs changed."""

    _name = "loyalty.reporting.announcement"
    _description = "Loyalty Reporting: announcement of new figures"

    @api.model
    def _announce(self, store):
        """Send a message to each company whose figures changed since the last time.

        It names the families of reports and the load, and holds no figure. It is sent with a
        transaction of its own: what it tells of was committed so, too.

        :param store: see :func:`core.stores.announcements.take`
        """
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, self.env.uid, {})
            newest, changed = announcements.take(cr, store)
            for company_id, families in changed.items():
                company = env["res.company"].browse(company_id)
                told = {"company_id": company_id, "families": families}
                env["bus.bus"]._sendone(
                    (company, CHANNEL), CHANNEL, {**told, "known": {store: newest}}
                )
