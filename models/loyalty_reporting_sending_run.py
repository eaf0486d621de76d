import json
import logging
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.errors import ReportingError, StoreError
from ..core.exports.job import FAULT
from ..core.exports.sendings import Sendings, Taken

_logger = logging.getLogger(__name__)
# What trying again does not mend.
_INVALID = ("mail_email_invalid", "mail_email_missing")
_WARNING = "mail.mail_activity_data_warning"


class LoyaltyReportingSending(models.Model):
    """How reports are mailed: in transactions of their own, as the subscriber."""

    _inherit = "loyalty.reporting.sending"

    @api.model
    def _cron_send(self):
        """Plan what is due, and send what waits until the worker's time is over."""
        sendings = self._sendings()
        sendings.plan()
        while self._run_next(sendings):
            if not self.env["ir.cron"]._commit_progress(1, remaining=0):
                self.env["loyalty.reporting.subscription"]._wake()
                break

    @api.model
    def _sendings(self):
        return Sendings(self.env.registry.cursor, fields.Datetime.now)

    @api.model
    def _run_next(self, sendings=None):
        """Make the next attempt at a sending; returns it, or None if nothing waits."""
        with (sendings or self._sendings()).taken() as taken:
            if taken:
                self._attempt(taken)
        self.env.invalidate_all()
        return taken

    def _attempt(self, taken):
        """Make the mails, unless they are made, and send them; note how that ended."""
        try:
            if taken.is_spent:
                with self._own(taken) as sending:
                    sending._end("failed", sending._interrupted(taken))
                return
            if not taken.is_mailing:
                with self._own(taken) as sending:
                    sending._make()
            self._deliver(taken)
            with self._own(taken) as sending:
                sending._settle()
        except Exception as error:  # noqa: BLE001 (every end is noted)
            with self._own(taken) as sending:
                sending._stumbled(error)

    @contextmanager
    def _own(self, taken):
        """Yield a sending in a transaction of its own; it may be gone."""
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            found = env[self._name].browse(taken.id).exists()
            # The log speaks the subscriber's language.
            lang = found.user_id.lang or "en_US"
            yield found.with_context(lang=lang)

    def _make(self):
        """Write the mails into Odoo's queue, if the subscriber may read the report.

        :raise AccessError: may not
        :raise ReportingError: the report cannot be asked, or not answer
        """
        if not self:
            return
        subscription = self.subscription_id
        query = subscription._query_as(subscription.user_id)
        self.write({"date_from": query.date_from, "date_to": query.date_to})
        partners, left_out = subscription._addressees()
        if not partners:
            raise UserError(self.env._("There is nobody to send it to.") + left_out)
        seconds = self.env["loyalty.reporting.export.job"]._seconds()
        letter = self._letter(query, seconds)
        self._queue(letter, partners)
        self.write(
            {
                "state": "mailing",
                "attempts": 1,
                "rows": letter.rows,
                "recipients": ", ".join(partners.mapped("name")),
                "message": left_out,
            }
        )

    def _deliver(self, taken):
        """Send the mails that are not sent yet, each in a transaction of its own."""
        try:
            with self._own(taken) as sending:
                mails = sending._mails()
                left = mails.filtered(
                    lambda m: m.state == "exception" and m.failure_type not in _INVALID
                )
                left.mark_outgoing()
                sending.env.cr.commit()
                mails.filtered(lambda m: m.state == "outgoing").send(auto_commit=True)
        except Exception:
            # What was sent before is noted; what was not is looked for below.
            _logger.exception("The mails of sending %s were not all sent.", taken.id)

    def _settle(self):
        """End a sending whose mails are all sent; have the others tried again."""
        if not self:
            return
        left = self._mails().filtered(lambda mail: mail.state != "sent")
        if not left:
            self._end("done", self.subscription_id._addressees()[1])
            return
        names = ", ".join(left.recipient_ids.mapped("name"))
        reasons = ", ".join({*filter(None, left.mapped("failure_reason"))})
        text = self.env._(
            "Not sent to %(names)s: %(reasons)s", names=names, reasons=reasons or "?"
        )
        can_pass = any(mail.failure_type not in _INVALID for mail in left)
        self._again(text) if can_pass else self._end("failed", text)

    def _stumbled(self, error):
        """Note what prevented the mails; what may pass by itself is tried again."""
        if not self:
            return
        if isinstance(error, AccessError):
            self._end("refused", str(error))
            return
        is_told = isinstance(error, ReportingError | UserError)
        if not is_told:
            _logger.error("Sending %s failed: %s", self.id, error, exc_info=error)
        text = str(error) if is_told else FAULT
        may_pass = not is_told or isinstance(error, StoreError)
        self._again(text) if may_pass else self._end("failed", text)

    def _again(self, text):
        """Try again later, unless that was the last time."""
        tried = Taken(self.id, self.attempts, self.state == "mailing")
        if tried.is_last:
            self._end("failed", text)
            return
        next_try_at = fields.Datetime.now() + tried.pause
        state = "mailing" if tried.is_mailing else "waiting"
        self.write({"state": state, "next_try_at": next_try_at, "message": text})

    def _interrupted(self, taken):
        return self.env._(
            "It was interrupted %(count)s times: its process was killed or the server "
            "restarted. Ask for a shorter period, or have an administrator look at the "
            "limits of scheduled actions.",
            count=taken.most,
        )

    def _end(self, state, text):
        """Note how a sending ended, forget its mails, and tell whom it concerns."""
        if not self:
            return
        self._take_back()
        now = fields.Datetime.now()
        begun = self.started_at or now
        seconds = (now - begun).total_seconds()
        self.write({"state": state, "message": text or False, "seconds": seconds})
        self._audit()
        self._tell()

    def _audit(self):
        """Write down who had which figures mailed."""
        subscription = self.subscription_id
        values = {
            "user_id": self.user_id.id,
            "user_login": self.user_id.login,
            "company_id": self.company_id.id,
            "report": subscription.report,
            "parameters": json.dumps(subscription.parameters or {}, sort_keys=True),
            "file_format": subscription.file_format,
            "rows": self.rows,
            "started_at": self.started_at,
            "seconds": self.seconds,
            "request_id": f"mail {self.id}",
        }
        state = "done" if self.state == "done" else "failed"
        self.env["loyalty.reporting.export.log"]._write_down(values, state)

    def _tell(self):
        """Tell the subscriber what failed, and who asked for it that it is done."""
        subscription, user = self.subscription_id, self.user_id
        subscription = subscription.with_context(mail_activity_quick_update=True)
        subscription.activity_unlink([_WARNING])
        told = {"title": subscription.name, "sticky": False}
        if self.state == "done":
            message = self.env._("It was sent to %(names)s.", names=self.recipients)
            told |= {"type": "success", "message": message}
            self.create_uid._bus_send("simple_notification", told)
            return
        told |= {"type": "danger", "message": self.message, "sticky": True}
        (user | self.create_uid)._bus_send("simple_notification", told)
        if user.active:
            subscription.activity_schedule(
                _WARNING,
                user_id=user.id,
                summary=self.env._("The report was not mailed"),
                note=self.message,
            )
