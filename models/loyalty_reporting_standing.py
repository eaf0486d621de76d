from decimal import Decimal

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..core.standing import question, reading
from ..core.standing.document import document, points
from ..core.standing.rewards import Offer, suggested
from ..core.stores.archived import all_away, read_whole

POINTS_GROUP = "loyalty_reporting.group_loyalty_reporting_points"
CASHIER_GROUP = "point_of_sale.group_pos_user"


class LoyaltyReportingStanding(models.AbstractModel):
    """Where one customer stands, for the POS and the web client."""

    _name = "loyalty.reporting.standing"
    _description = "Loyalty Reporting: standing of a customer"

    @api.model
    def _standing(self, given):
        """Return the standing that ``given`` asks for, as JSON values and decimals.

        A customer that does not exist, one without facts in the company and one whom
        the user may not see are the same: the standing is empty, ``known`` is false.

        :param given: name → JSON value; see ``core.standing.question``
        :raise AccessError: the user is neither a cashier nor a reader of points
        :raise BadQuery: a fault in a parameter
        :raise NotFound: no such company of the user's
        """
        self._check_group()
        asked = question.parse(given)
        company = self._company(asked)

        def read(cr, _away):
            return self.with_env(self.env(cr=cr))._read_standing(asked, company)

        fresh_cursor = self.env["loyalty.reporting.reader"]._primary_cursor
        return read_whole(read, all_away, self.env.cr, fresh_cursor)

    def _read_standing(self, asked, company):
        at = reading.clock(self.env.cr, asked, company.timezone)
        found = self._visible(reading.customers(self.env.cr, asked), company)
        standing = reading.standing(self.env.cr, found, company, at)
        reward = suggested(standing, self._offers(standing, company, at.day))
        return document(standing, at, company, self._partner(asked, found), reward)

    @api.model
    def _is_offered(self, company):
        """Return whether cashiers of a company may meet a customer with a standing.

        So it is where a source that feeds the company knows a customer who is linked to
        a contact. It is asked once, when a till opens: one row of an index.
        """
        return reading.is_offered(self.env.cr, company.id)

    def _check_group(self):
        user = self.env.user
        if not (user.has_group(POINTS_GROUP) or user.has_group(CASHIER_GROUP)):
            raise AccessError(
                self.env._(
                    "The standing of customers is for users of the Point of Sale, and "
                    "for the group Loyalty Reporting / Points."
                )
            )

    def _company(self, asked):
        """Return the company asked for, or the caller's own; see the reader."""
        given = {}
        if asked.company_id is not None:
            given["company_id"] = str(asked.company_id)
        return self.env["loyalty.reporting.reader"]._company(given)

    def _visible(self, found, company):
        """Return those customers that the user may see.

        Readers of points see customers as the record rules of customers say; cashiers
        those whose contact they can read.
        """
        if not found:
            return []
        env = self.with_context(active_test=False, allowed_company_ids=[company.id]).env
        seen = set()
        if env.user.has_group(POINTS_GROUP):
            keys = [customer.key for customer in found]
            seen.update(
                env["loyalty.reporting.customer"].search([("id", "in", keys)]).ids
            )
        if env.user.has_group(CASHIER_GROUP):
            linked = [c.odoo_partner_id for c in found if c.odoo_partner_id]
            partners = set(env["res.partner"].search([("id", "in", linked)]).ids)
            seen.update(c.key for c in found if c.odoo_partner_id in partners)
        return [customer for customer in found if customer.key in seen]

    def _partner(self, asked, found):
        """Return Odoo's number of the contact: as asked, or the only linked one."""
        if asked.by == question.BY_ODOO_PARTNER:
            return asked.id
        linked = {customer.odoo_partner_id for customer in found} - {None}
        return linked.pop() if len(linked) == 1 else None

    def _offers(self, standing, company, day):
        """Return the rewards of the programs of Odoo's own that the cards belong to."""
        programs = [*set(standing.programs.values())]
        if not programs:
            return []
        rewards = self.env["loyalty.reward"].sudo()
        found = rewards.search(
            Domain("program_id", "in", programs)
            & Domain("program_id.active", "=", True)
            & Domain("program_id.company_id", "in", [False, company.id])
            & (
                Domain("program_id.date_from", "=", False)
                | Domain("program_id.date_from", "<=", day)
            )
            & (
                Domain("program_id.date_to", "=", False)
                | Domain("program_id.date_to", ">=", day)
            )
        )
        return [
            Offer(
                reward.program_id.id,
                reward.id,
                reward.description or reward.display_name,
                points(Decimal(str(reward.required_points))),
            )
            for reward in found
        ]
