import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ..core.api.exports import Asked
from ..core.api.rest import MIMETYPES
from ..core.errors import ReportingError
from ..core.exports import figures, files, picture, words
from ..core.exports.sections import pictured
from .ir_mail_server import SHOWN
from .loyalty_reporting_edition import LANGUAGE

CHART = "chart.png"
_MEGABYTE = 1024 * 1024
_ROOM = 64 * 1024  # bytes for the text
_BASE64 = 4 / 3
_TEMPLATE = "loyalty_reporting.loyalty_reporting_mail"
_EXPORTS = "/odoo/action-loyalty_reporting.loyalty_reporting_export_job_action"


@dataclass(frozen=True)
class Letter:
    """A report as mail.

    :param body_for: function from a partner to HTML
    :param attachments: (name, bytes, type) of each
    :param rows: of the report
    """

    subject: str
    body_for: Callable
    attachments: list
    rows: int


@dataclass(frozen=True)
class _Made:
    """What was read for a letter, of one state of the data.

    :param content: bytes of the file; None if mail has no room for it
    :param size: of the file, in bytes
    :param beside: answers to :func:`core.exports.figures.questions`
    """

    content: bytes | None
    size: int
    rows: int
    beside: tuple


class LoyaltyReportingSending(models.Model):
    """What a mail says, and what is attached to it."""

    _inherit = "loyalty.reporting.sending"

    def _letter(self, query, seconds):
        """Return the :class:`Letter` of a question, as the subscriber may read it.

        :param query: that the subscriber asks
        :param seconds: that reading may last
        """
        self.ensure_one()
        lang = self.subscription_id.lang
        told = self.with_context(lang=lang, **{LANGUAGE: lang})
        subscription = told.subscription_id
        reader = told.env["loyalty.reporting.reader"].with_user(subscription.user_id)
        edition = reader._edition(query, subscription.parameters or {})
        made = told._made(reader, query, edition, seconds)
        section, asked = pictured(query)
        chart = picture.picture(section, asked, made.beside[0], edition)
        attachments = [(CHART, chart, "image/png")] if chart else []
        if made.content is not None:
            file_format = subscription.file_format
            name = files.name_of(query, file_format)
            attachments.append((name, made.content, MIMETYPES[file_format]))
        values = {
            **told._texts(query, made, edition),
            "chart": f"cid:{CHART}{SHOWN}" if chart else "",
            "alt": picture.described(section, asked, edition),
        }
        readers = told._exporting() if made.content is None else self.env["res.users"]

        def body_for(partner):
            has_export = partner in readers.partner_id
            of_file = told._of_file(made, edition, has_export=has_export)
            own = {"has_export": has_export, "of_file": of_file}
            return told.env["ir.qweb"]._render(_TEMPLATE, {**values, **own})

        subject = f"{subscription.name}: {values['days']}"
        return Letter(subject, body_for, attachments, made.rows)

    def _made(self, reader, query, edition, seconds):
        """Read all that a letter needs; the file is written on the way."""
        file_format, counted = self.subscription_id.file_format, files.Counted()
        questions = figures.questions(query)
        opening = reader._exported(query, file_format, seconds, questions=questions)
        with tempfile.TemporaryFile() as file, opening as answer:
            own = len(answer.beside) - len(questions)
            of_file = replace(answer, beside=answer.beside[:own])
            files.write(file, query, counted.of(of_file), file_format, edition)
            size, content = file.tell(), None
            if size * _BASE64 <= self._room():
                file.seek(0)
                content = file.read()
        return _Made(content, size, counted.count, answer.beside[own:])

    @api.model
    def _room(self):
        """Return how many bytes a file may have in a mail, as it is sent."""
        servers = self.env["ir.mail_server"].sudo()
        limits = [s._get_max_email_size() for s in (servers, *servers.search([]))]
        return min(limits) * _MEGABYTE - _ROOM

    def _texts(self, query, made, edition):
        """Return what the mail's template shows."""
        company = self.subscription_id.company_id
        base_url = self.subscription_id.get_base_url()
        shown = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_subscription_action"
        )
        days = figures.days(query.date_from, query.date_to, edition)
        before = figures.days(*figures.compared(query), edition)
        return {
            "subscription": self.subscription_id,
            "title": edition.translate(query.report.title),
            "subtitle": f"{company.name}, {days}",
            "days": days,
            "compared": self.env._("Before: %(days)s", days=before),
            "figures": figures.figures(query, made.beside, edition),
            "restrictions": words.restrictions(query, edition),
            "is_empty": not made.rows,
            "about": self.env._(
                "Days are those of the time zone %(zone)s. %(user)s has this report "
                "mailed to you:",
                zone=query.company.timezone,
                user=self.user_id.name,
            ),
            "exports_url": base_url + _EXPORTS,
            "subscription_url": f"{base_url}/odoo/{shown['path']}/{self.subscription_id.id}",
        }

    def _of_file(self, made, edition, *, has_export):
        """Return where the file is, in words."""
        known = {
            "rows": figures.count(made.rows, edition),
            "size": figures.megabytes(made.size, edition),
            "user": self.user_id.name,
        }
        if made.content is not None:
            return self.env._("The file attached has all %(rows)s rows.", **known)
        if has_export:
            return self.env._(
                "The file has %(rows)s rows and %(size)s, too much for mail. It is "
                "written for you now; then it is here:",
                **known,
            )
        return self.env._(
            "The file has %(rows)s rows and %(size)s, too much for mail. Ask %(user)s "
            "for it.",
            **known,
        )

    def _exporting(self):
        """Have the file written for each recipient who may; returns these users.

        Everybody gets an export of their own: a link that opens it for others would let
        in whoever has the mail.
        """
        subscription, found = self.subscription_id, self.env["res.users"]
        for user in subscription.recipient_ids.filtered("active"):
            asked = Asked(
                subscription.report, subscription.file_format, subscription._given()
            )
            jobs = self.env["loyalty.reporting.export.job"].with_user(user)
            try:
                with self.env.cr.savepoint():
                    jobs._ask(asked)
            except (AccessError, UserError, ReportingError):
                continue
            found |= user
        return found
