from odoo import models

from .loyalty_reporting_announcement import CHANNEL

_GROUPS = ("promotions", "membership", "points")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let readers of reports hear of new figures, of their own companies only.

        The name that the client sends is a wish; what it gets are channels of records,
        which no name can stand for.
        """
        if CHANNEL in channels:
            channels = [name for name in channels if name != CHANNEL]
            channels += [(c, CHANNEL) for c in self._loyalty_reporting_companies()]
        return super()._build_bus_channel_list(channels)

    def _loyalty_reporting_companies(self):
        user = self.env.user
        groups = (f"loyalty_reporting.group_loyalty_reporting_{g}" for g in _GROUPS)
        is_reader = any(user.has_group(group) for group in groups)
        return user.company_ids if is_reader else self.env["res.company"]
