"""A report is mailed regularly: from the wizard to the log, and the mail itself."""

import email
import io
import os
import socket
import time
from email import policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from openpyxl import load_workbook
from screen import Screen

SUBSCRIPTION = "loyalty.reporting.subscription"
ACTION = "action-loyalty_reporting.loyalty_reporting_export_action"
PATIENCE = 90  # seconds until the scheduled action has run


class Mailbox:
    """What an SMTP server received."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        parsed = email.message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(parsed)
        return "250 OK"


@pytest.fixture
def mailbox(odoo):
    """A server that takes Odoo's mail, and who is written to; taken away at the end."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    known = {"name": "Screens", "smtp_host": "127.0.0.1", "smtp_encryption": "none"}
    number = odoo.call(
        "ir.mail_server", "create", [{**known, "smtp_port": port, "sequence": 0}]
    )
    [user] = odoo.call("res.users", "read", [odoo.uid], ["email"])
    odoo.call("res.users", "write", [odoo.uid], {"email": "admin@example.com"})
    yield box
    odoo.call("res.users", "write", [odoo.uid], {"email": user["email"]})
    odoo.call("ir.mail_server", "unlink", number)
    server.stop()


@pytest.fixture
def clean(odoo):
    """Without reports by mail, before and after."""

    def remove():
        ids = odoo.call(SUBSCRIPTION, "search", [])
        odoo.call(SUBSCRIPTION, "unlink", ids)

    remove()
    yield
    remove()


def proposed(screen):
    """Ask the wizard to send regularly; returns the form of the new report by mail."""
    screen.go(ACTION)
    dialog = screen.page.locator(".modal")
    dialog.locator(".o_form_view").wait_for()
    screen.picture("mail_wizard")
    dialog.locator("button[name=action_subscribe]").click()
    form = screen.page.locator(".o_form_view:not(.modal *)")
    form.locator("[name=question]").wait_for()
    return form


def test_from_the_wizard_to_the_mail_and_its_log(screen, odoo, mailbox, clean):
    form = proposed(screen)
    form.locator("[name=name] input, [name=name] textarea").first.fill(
        "Promotions of last year"
    )
    form.locator("[name=period] input").click()
    screen.page.locator(".o_select_menu_item", has_text="Last 365 days").click()
    assert "A row for each: Day" in form.locator("[name=question]").inner_text()
    screen.picture("mail_new")
    form.locator(".o_form_button_save").click()
    form.locator("button[name=action_send_now]").wait_for()
    [made] = odoo.call(SUBSCRIPTION, "search_read", [], ["state", "next_at", "name"])
    assert (made["state"], made["name"]) == ("running", "Promotions of last year")
    assert made["next_at"]
    form.locator("button[name=action_send_now]").click()
    screen.page.locator(".o_notification", has_text="background").wait_for()
    until = time.monotonic() + PATIENCE
    while not mailbox.messages and time.monotonic() < until:
        time.sleep(0.5)
    [message] = mailbox.messages
    assert message["To"].endswith("<admin@example.com>")
    screen.page.locator(".o_notification", has_text="It was sent to").wait_for()
    screen.page.reload()
    form.locator(".o_list_view, .o_list_renderer").get_by_text("Sent").wait_for()
    screen.picture("mail_sent")
    # The rest of the form are Odoo's own parts.
    assert screen.faults(".o_statusbar_buttons") == []
    # The history ends in 2017: what a mail has is compared by Odoo's own tests.
    html = message.get_body(("html",)).get_content()
    assert "There are no rows in this period" in html
    [book] = message.iter_attachments()
    assert load_workbook(io.BytesIO(book.get_payload(decode=True))).sheetnames
    looked_at(screen, html)


def looked_at(screen, html):
    """Show the mail as a mail program does."""
    page = screen.page.context.new_page()
    page.set_content(html)
    assert page.locator("thead + tbody tr", has_text="Amount").count() == 1
    assert Screen(page, screen.url).faults("body") == []
    if folder := os.environ.get("LR_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "mail.png", full_page=True)
    page.close()


def test_pause_and_resume(screen, odoo, clean):
    form = proposed(screen)
    form.locator(".o_form_button_save").click()
    form.locator("button[name=action_pause]").click()
    form.locator("button[name=action_resume]").wait_for()
    [made] = odoo.call(SUBSCRIPTION, "search_read", [], ["state", "next_at"])
    assert (made["state"], made["next_at"]) == ("paused", False)
    screen.picture("mail_paused")
    form.locator("button[name=action_resume]").click()
    form.locator("button[name=action_pause]").wait_for()
    [made] = odoo.call(SUBSCRIPTION, "search_read", [], ["state", "next_at"])
    assert made["state"] == "running"
    assert made["next_at"]
    screen.go("loyalty-mail")
    screen.page.locator(".o_data_row").wait_for()
    screen.picture("mail_list")
    assert screen.faults(".o_control_panel_main_buttons") == []


def test_what_is_asked_is_changed(screen, odoo, clean):
    form = proposed(screen)
    form.locator(".o_form_button_save").click()
    form.locator("button[name=action_change_question]").click()
    dialog = screen.page.locator(".modal")
    dialog.locator("[name=group_by] input").click()
    screen.page.locator(".o_select_menu_item", has_text="Month").click()
    screen.picture("mail_question")
    dialog.locator("button[name=action_save_question]").click()
    dialog.wait_for(state="detached")
    form.get_by_text("A row for each: Month").wait_for()
    [made] = odoo.call(SUBSCRIPTION, "search_read", [], ["parameters"])
    assert made["parameters"]["group_by"] == ["month"]


def test_new_opens_the_wizard(screen, clean):
    screen.go("loyalty-mail")
    screen.page.locator("button[name=action_new]").click()
    dialog = screen.page.locator(".modal")
    dialog.locator("button[name=action_subscribe]").wait_for()
    assert dialog.locator("button[name=action_export]").count() == 0
