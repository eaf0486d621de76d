"""From a fact to the order of Odoo's own that it came from."""

from odoo import api, fields, models
from odoo.tools import SQL

# The models whose records the source "odoo" delivers as "<model>,<id>".
_MODELS = ("pos.order", "sale.order")
_DOCUMENTS = """
    SELECT order_key, document_key FROM fact_document
    WHERE order_key = ANY(%s) AND source = 'odoo' AND kind = 'order'
"""


class LoyaltyReportingOrderLink(models.AbstractModel):
    """Facts that belong to an order: ``order_key``."""

    _name = "loyalty.reporting.order.link"
    _description = "Loyalty Reporting: link to an order"

    order_key = fields.Integer(readonly=True, aggregator=None)
    order_record = fields.Reference(
        [("pos.order", "Point of Sale Order"), ("sale.order", "Sales Order")],
        string="Order in Odoo",
        compute="_compute_order_record",
        help="The order of Odoo's own that this came from, if you may read it.",
    )

    @api.depends("order_key")
    def _compute_order_record(self):
        found = self._orders_of(self.mapped("order_key"))
        for row in self:
            row.order_record = found.get(row.order_key, False)

    @api.model
    def _orders_of(self, keys):
        """Return {order key: record} of those orders that the user may read."""
        documents = self.env.execute_query(SQL(_DOCUMENTS, [*keys]))
        wanted = {key: text.partition(",") for key, text in documents}
        readable = {}
        for model in _MODELS:
            ids = {int(number) for name, _, number in wanted.values() if name == model}
            records = self.env[model].browse(ids).exists()
            readable |= {
                (model, record.id): record
                for record in records._filtered_access("read")
            }
        found = {
            key: readable.get((name, int(number)))
            for key, (name, _, number) in wanted.items()
        }
        return {key: record for key, record in found.items() if record}

    def action_open_order(self):
        """Open the order of Odoo's own."""
        self.ensure_one()
        return self.order_record.get_formview_action()
