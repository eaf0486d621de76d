from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.erasure.request import Asked, begin, preview
from ..core.errors import ReportingError


class LoyaltyReportingErase(models.TransientModel):
    """Who is to be erased, and who asked for it."""

    _name = "loyalty.reporting.erase"
    _description = "Erase a Person in Loyalty Reports"

    # Not stored: a row that pointed to the customer would keep it from being changed.
    customer_ids = fields.Many2many(
        "loyalty.reporting.customer", compute="_compute_customer_ids"
    )
    summary = fields.Text(compute="_compute_customer_ids")
    requester = fields.Selection(
        selection="_selection_requester", required=True, default="person"
    )
    reference = fields.Char(
        help="A number in your own files. No name: the certificate is kept."
    )

    @api.model
    def _selection_requester(self):
        erasure = self.env["loyalty.reporting.erasure"]
        return erasure._fields["requester"]._description_selection(self.env)

    @api.depends_context("active_model", "active_ids")
    def _compute_customer_ids(self):
        customers = self._asked()
        for wizard in self:
            wizard.customer_ids = customers
            wizard.summary = self._told(customers)

    def action_erase(self):
        """Erase the person, as far as every place can be reached."""
        self.ensure_one()
        self.env["loyalty.reporting.erasure"]._check_officer()
        customers = self._asked()
        if not customers:
            raise UserError(
                self.env._("Loyalty reports know no customer of this contact.")
            )
        pipeline = self.env["loyalty.reporting.pipeline"]
        asked = Asked(
            tuple(customers.ids), self.env.uid, self.requester, self.reference or ""
        )
        try:
            secret = pipeline._settings().erasure_secret
            number = begin(pipeline._dsn(), secret, asked)
        except ReportingError as error:
            raise UserError(str(error)) from error
        pipeline._erase(number)
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.reporting.erasure",
            "res_id": number,
            "views": [(False, "form")],
        }

    @api.model
    def _asked(self):
        """Return the customers that were chosen, or those of the chosen contacts."""
        customers = self.env["loyalty.reporting.customer"]
        ids = self.env.context.get("active_ids") or []
        if self.env.context.get("active_model") == customers._name:
            found = customers.browse(ids).exists()
        else:
            found = customers.search([("partner_id", "in", ids)])
        return found.filtered(lambda customer: not customer._is_erased())

    @api.model
    def _told(self, customers):
        counts = preview(self.env.cr, customers.ids)
        return self.env._(
            "Customers: %(customers)s, cards: %(cards)s, orders: %(orders)s, "
            "bookings of points: %(bookings)s; archived months with more of them: "
            "%(months)s.",
            **counts,
        )
