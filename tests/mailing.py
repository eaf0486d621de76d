"""An SMTP server of the tests', on this machine, and reports that are mailed to it."""

import email
import io
import socket
from datetime import datetime
from email import policy
from unittest.mock import patch

from aiosmtpd.controller import Controller
from odoo import fields
from openpyxl import load_workbook
from PIL import Image

from ..core.settings import Settings
from .common import Fact, ReportingCase
from .test_rest import RestCase

PROMOTIONS, LEDGER = "promotions/performance", "points/transactions"
SUBSCRIPTION = "loyalty.reporting.subscription"
# The company's clock says the 1st of March, too.
NOW = datetime(2024, 3, 1, 10, 0)
# Of January and of February, which is mailed.
MAILED = (
    Fact("11", "2024-01-10", "Spring", 1, 7, (("100.00", "10.00"),)),
    Fact("12", "2024-01-20", "Points", 1, 8, (("60.00", "0"),)),
    Fact("21", "2024-02-01", "Spring", 1, 7, (("150.00", "15.00"),)),
    Fact("22", "2024-02-15", "Spring", 2, 8, (("50.10", "5.05"),)),
    Fact("23", "2024-02-29", "Points", 1, 9, (("39.90", "0"),)),
)


class Mailbox:
    """What an SMTP server received.

    :ivar messages: parsed, in the order in which they came
    :ivar refused: addresses that it does not take
    """

    def __init__(self):
        self.messages, self.recipients, self.refused = [], [], set()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802, PLR0913, PLR0917
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        parsed = email.message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(parsed)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


class MailCase(ReportingCase):
    """A subscriber, facts of two months, and a server that takes mail."""

    roll_up = classmethod(RestCase.roll_up.__func__)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(*MAILED)
        cls.roll_up(cls.companies["a"])
        cls.subscriber = cls.person("subscriber")
        cls.colleague = cls.person("colleague", group=None)
        cls.manager = cls.person("manager", group="manager")
        pipeline = type(cls.env["loyalty.reporting.pipeline"])
        cls.startClassPatcher(patch.object(pipeline, "_settings", lambda _: Settings()))
        cls.env["ir.mail_server"].search([]).active = False
        cls.box = Mailbox()
        cls.port = free_port()
        cls.env["ir.mail_server"].create(
            {
                "name": "of the tests",
                "smtp_host": "127.0.0.1",
                "smtp_port": cls.port,
                "smtp_encryption": "none",
            }
        )
        servers = type(cls.env["ir.mail_server"])
        cls.startClassPatcher(patch.object(servers, "_disable_send", lambda *_: False))
        cls.sendings = cls.env["loyalty.reporting.sending"]
        cls.registry_enter_test_mode_cls()

    def setUp(self):
        super().setUp()
        self.at(NOW)
        self.box.__init__()
        self.server = None
        self.open_server()
        self.addCleanup(self.close_server)

    @classmethod
    def person(cls, login, group="user"):
        user = cls.user(f"mail_{login}", group=group)
        user.write({"email": f"{login}@example.com", "tz": "UTC"})
        return user

    def at(self, instant):
        """Have it be an instant from now on."""
        self.startPatcher(patch.object(fields.Datetime, "now", lambda *_: instant))

    def open_server(self):
        self.server = Controller(self.box, hostname="127.0.0.1", port=self.port)
        self.server.start()

    def close_server(self):
        if self.server:
            self.server.stop()
            self.server = None

    def subscribe(self, user=None, report=PROMOTIONS, asked=None, **values):
        """Return a new report by mail of a user."""
        subscriptions = self.env[SUBSCRIPTION].with_user(user or self.subscriber)
        usual = {"group_by": ["week"], "dimensions": ["program"]}
        made = subscriptions.create(
            {
                "name": "Promotions, monthly",
                "report": report,
                "parameters": usual if asked is None else asked,
                "company_id": self.companies["a"].id,
                "lang": "en_US",
                "tz": "UTC",
                "recipient_ids": self.subscriber.ids,
                **values,
            }
        )
        # When it is due is told by the clock of this instant.
        made.flush_recordset()
        return made

    def run_all(self):
        """Plan and send as the scheduled action does; returns how many attempts."""
        self.env.flush_all()
        sendings = self.sendings._sendings()
        sendings.plan()
        count = 0
        while self.sendings._run_next(sendings):
            count += 1
        self.env.invalidate_all()
        return count

    def sent(self, subscription):
        """Send a report now; returns the entry of the log."""
        subscription.action_send_now()
        self.run_all()
        return subscription.sending_ids[0]

    @property
    def message(self):
        """The one message that came."""
        [message] = self.box.messages
        return message

    def html(self):
        return self.message.get_body(("html",)).get_content()

    def text(self):
        return self.message.get_body(("plain",)).get_content()

    def file(self):
        """Return (name, bytes) of what is attached."""
        [part] = self.message.iter_attachments()
        return part.get_filename(), part.get_payload(decode=True)

    def workbook(self):
        return load_workbook(io.BytesIO(self.file()[1]))

    def chart(self):
        """Return (Content-ID, picture) of what the text shows; None without one."""
        images = [p for p in self.message.walk() if p.get_content_maintype() == "image"]
        if not images:
            return None
        [part] = images
        picture = Image.open(io.BytesIO(part.get_payload(decode=True)))
        picture.load()
        return part["Content-ID"].strip("<>"), picture


def free_port():
    """Return a port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
