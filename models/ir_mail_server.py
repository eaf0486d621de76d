from odoo import models

# What follows the name of an attachment that the body shows: <img src="cid:…" />.
SHOWN = "@loyalty_reporting"


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(  # noqa: PLW3201 (Odoo calls it so)
        self, email_from, email_to, subject, body, *args, attachments=None, **options
    ):
        """Put pictures that our mails show beside their text, where mail programs look."""
        attachments = attachments or []
        shown = [a for a in attachments if f'"cid:{a[0]}{SHOWN}"' in (body or "")]
        others = [a for a in attachments if a not in shown]
        message = super()._build_email__(
            email_from, email_to, subject, body, *args, attachments=others, **options
        )
        for name, content, mimetype in shown:
            text = message.get_body(("html",))
            text.add_related(
                content, *mimetype.split("/"), cid=f"<{name}{SHOWN}>", filename=name,
                disposition="inline",
            )  # fmt: skip
        return message
