from odoo import api, models


class PosConfig(models.Model):
    _inherit = "pos.config"

    @api.model
    def _load_pos_data_read(self, records, config):
        """Tell the till whether there is a standing to show at all."""
        found = super()._load_pos_data_read(records, config)
        standing = self.env["loyalty.reporting.standing"]
        for record in found[:1]:
            record["_has_loyalty_standing"] = standing._is_offered(config.company_id)
        return found
