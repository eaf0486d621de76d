from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# Two workers that link at once would fail on each other's rows; the lock comes before
# the transaction's snapshot, so the second one sees what the first one did.
LOCK = "LOCK TABLE loyalty_reporting_customer IN SHARE UPDATE EXCLUSIVE MODE"
# A reference that several partners share says nothing. Odoo's own customers are linked by
# their id.
LINK = """
    UPDATE loyalty_reporting_customer c SET partner_id = p.id
    FROM (
        SELECT ref, min(id) AS id FROM res_partner
        WHERE ref <> '' AND active GROUP BY ref HAVING count(*) = 1) p
    WHERE c.partner_id IS NULL AND c.source <> 'odoo' AND p.ref = c.external_id::text
"""


class LoyaltyReportingCustomer(models.Model):
    """A customer of the engine; facts point here, never to a partner."""

    _name = "loyalty.reporting.customer"
    _description = "Reported Customer"
    _auto = False
    _log_access = False
    _order = "external_id, id"
    _rec_names_search = ["partner_id"]

    source = fields.Char(string="System", readonly=True)
    external_id = fields.Integer(
        string="Source ID",
        readonly=True,
        aggregator=None,
        help="Identifier in the source system; the API and SQL speak it.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        help="Found by itself where exactly one contact's reference is the "
        "identifier in the source system.",
    )

    @api.depends("partner_id.display_name", "external_id")
    def _compute_display_name(self):
        for customer in self:
            if customer._is_erased():
                customer.display_name = self.env._(
                    "Erased customer %s", customer._origin.id
                )
                continue
            customer.display_name = customer.sudo().partner_id.display_name or (
                self.env._("Customer %s", customer.external_id)
            )

    def write(self, vals):
        if vals.get("partner_id") and any(c._is_erased() for c in self):
            raise UserError(
                self.env._("An erased customer is nobody's: it cannot be linked.")
            )
        return super().write(vals)

    def _is_erased(self):
        """Tell whether who it was is known no more: its key stands for it."""
        self.ensure_one()
        return bool(self._origin) and self.external_id == -self._origin.id

    @api.model
    def _link(self, cr):
        """Point customers that have no contact yet to theirs, by its reference."""
        cr.execute(SQL(LOCK))
        cr.execute(SQL(LINK))
        return cr.rowcount

    @api.autovacuum
    def _gc_links(self):
        """Link customers whose contact appeared after their first order."""
        self._link(self.env.cr)
