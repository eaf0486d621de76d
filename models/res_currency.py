from odoo import models


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def write(self, vals):
        """Clear what the reader of reports remembers, as Odoo does for a name."""
        written = super().write(vals)
        if "rounding" in vals:
            self.env.registry.clear_cache()
        return written
