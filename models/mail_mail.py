from odoo import models

from ..core.exports.plain import plain


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, *args, **options):
        """Write the tables of our mails as tables for who reads plain text."""
        found = super()._prepare_outgoing_list(*args, **options)
        if self.model == "loyalty.reporting.sending":
            for values in found:
                values["body_alternative"] = plain(values["body"])
        return found
