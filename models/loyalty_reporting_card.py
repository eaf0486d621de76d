import re

from odoo import api, fields, models
from odoo.fields import Domain

_NUMBER = re.compile(r"\d+")


class LoyaltyReportingCard(models.Model):
    """A card of points; its rows are written by the data path.

    It is called by its number: the code of a card of Odoo's own pays, whoever knows it.
    """

    _name = "loyalty.reporting.card"
    _description = "Reported Card"
    _auto = False
    _log_access = False
    _order = "external_id, id"

    source = fields.Char(string="System", readonly=True)
    external_id = fields.Integer(
        string="Source ID",
        readonly=True,
        aggregator=None,
        help="Identifier in the source system; the API and SQL speak it.",
    )
    active = fields.Boolean(readonly=True, help="As the engine says.")

    @api.depends("external_id")
    def _compute_display_name(self):
        for card in self:
            if card._origin and card.external_id == -card._origin.id:
                card.display_name = self.env._("Erased card %s", card._origin.id)
            else:
                card.display_name = self.env._("Card %s", card.external_id)

    @api.model
    def _search_display_name(self, operator, value):
        """Find cards by the numbers in a text."""
        if operator not in ("=", "in", "ilike", "=ilike", "like", "=like"):
            return NotImplemented
        texts = [value] if isinstance(value, str) else value
        numbers = [int(n) for text in texts for n in _NUMBER.findall(str(text))]
        return Domain("external_id", "in", numbers)
