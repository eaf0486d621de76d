from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command

OPEN = ("waiting", "running", "mailing")
KEPT_DAYS = 365


class LoyaltyReportingSending(models.Model):
    """A report that was mailed, is about to be, or could not be: when, to whom, why not."""

    _name = "loyalty.reporting.sending"
    _description = "Sending of a Report by Mail"
    _order = "due_at desc, id desc"
    _rec_name = "due_at"

    subscription_id = fields.Many2one(
        "loyalty.reporting.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    # As they were then: who sees the subscription later sees its log.
    user_id = fields.Many2one(
        related="subscription_id.user_id", store=True, index=True, string="Subscriber"
    )
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    due_at = fields.Datetime(string="Due", required=True, readonly=True)
    next_try_at = fields.Datetime(readonly=True, index=True)
    started_at = fields.Datetime(readonly=True)
    date_from = fields.Date(string="From", readonly=True)
    date_to = fields.Date(string="To", readonly=True)
    recipients = fields.Char(readonly=True)
    rows = fields.Integer(readonly=True, aggregator=None)
    seconds = fields.Float(
        string="Duration (s)", readonly=True, digits=(16, 1), aggregator="avg"
    )
    attempts = fields.Integer(readonly=True, aggregator=None, default=0)
    message = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("running", "Being Made"),
            ("mailing", "Being Mailed"),
            ("done", "Sent"),
            ("failed", "Failed"),
            ("refused", "Refused"),
        ],
        required=True,
        readonly=True,
        default="waiting",
        index=True,
        help="Refused: the subscriber may not read the report, so nothing was mailed.",
    )

    _due_uniq = models.UniqueIndex(
        "(subscription_id, due_at)", "This report was planned for that instant already."
    )

    def unlink(self):
        """Remove what was not mailed yet, too."""
        self._take_back()
        return super().unlink()

    def _is_open(self):
        self.ensure_one()
        return self.state in OPEN

    # ------------------------------------------------------------ the mails

    def _mails(self):
        """Return the mails that are not forgotten yet, of all these sendings."""
        domain = [("model", "=", self._name), ("res_id", "in", self.ids)]
        return self.env["mail.mail"].sudo().search(domain)

    def _take_back(self):
        """Remove the mails, with what was attached to them, sent or not."""
        mails = self._mails()
        attachments = mails.attachment_ids
        mails.unlink()
        attachments.unlink()

    def _queue(self, letter, partners):
        """Write a mail for each partner into Odoo's queue.

        What is attached belongs to nobody, so that only the mails show it.

        :param letter: :class:`~odoo.addons.loyalty_reporting.models.loyalty_reporting_letter.Letter`
        """
        self.ensure_one()
        # Made anew after an interruption, only the new ones are meant.
        self._take_back()
        attachments = self.env["ir.attachment"].create(
            [
                {"name": name, "raw": content, "mimetype": mimetype}
                for name, content, mimetype in letter.attachments
            ]
        )
        author = self.user_id.partner_id
        self.env["mail.mail"].create(
            [
                {
                    "subject": letter.subject,
                    "body_html": letter.body_for(partner),
                    "author_id": author.id,
                    "email_from": author.email_formatted or False,
                    "reply_to": author.email_formatted or False,
                    "recipient_ids": [Command.link(partner.id)],
                    "model": self._name,
                    "res_id": self.id,
                    "attachment_ids": [Command.set(attachments.ids)],
                }
                for partner in partners
            ]
        )

    @api.autovacuum
    def _gc_sendings(self):
        """Forget old entries of the log."""
        until = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        domain = [("due_at", "<", until), ("state", "not in", OPEN)]
        self.search(domain).unlink()
