"""A privacy officer erases a customer, from the contact to the certificate."""

import pytest

# Of nobody whom another test looks at.
HOUSEHOLD = "2401"


@pytest.fixture
def contact(odoo):
    """Number of the contact of a household."""
    [found] = odoo.call("res.partner", "search", [["ref", "=", HOUSEHOLD]])
    return found


def test_from_a_contact_to_its_certificate(screen, odoo, contact):
    page = screen.page
    screen.go(f"res.partner/{contact}")
    page.locator(".o_cp_action_menus .dropdown-toggle").click()
    page.get_by_role("menuitem", name="Erase in Loyalty Reports").click()
    dialog = page.locator(".modal", has_text="cannot be undone")
    dialog.locator("[name=summary]", has_text="Customers: 1, cards: 1").wait_for()
    dialog.locator("[name=reference] input").fill("GDPR-2017-1")
    screen.picture("erase")
    dialog.get_by_role("button", name="Erase").click()
    page.locator(".modal .modal-footer .btn-primary", has_text="Ok").click()
    page.locator(".o_form_view", has_text="HMAC").or_(
        page.locator(".o_form_view [name=digests]", has_text="customer (engine)")
    ).first.wait_for(timeout=60_000)
    page.locator(".o_form_view .o_arrow_button_current", has_text="Done").wait_for()
    screen.picture("erasure")
    rows = page.locator(".o_data_row")
    assert rows.count() == 10
    domain = [["external_id", "=", int(HOUSEHOLD)]]
    assert odoo.call("loyalty.reporting.customer", "search", domain) == []


def test_the_certificate_can_be_printed(screen, odoo):
    number = odoo.call("loyalty.reporting.erasure", "search", [])[0]
    report = "loyalty_reporting.erasure_certificate"
    screen.page.goto(f"{screen.url}/report/html/{report}/{number}")
    page = screen.page.locator(".page")
    page.get_by_text("GDPR-2017-1").wait_for()
    page.get_by_text("Orders, memberships and points").wait_for()
    screen.picture("certificate")


def test_who_is_no_privacy_officer_has_no_such_action(open_screen, user_of, contact):
    screen = open_screen(user_of("points"))
    screen.go(f"res.partner/{contact}")
    screen.page.locator(".o_cp_action_menus .dropdown-toggle").click()
    screen.page.get_by_role("menuitem").first.wait_for()
    action = screen.page.get_by_role("menuitem", name="Erase in Loyalty Reports")
    assert action.count() == 0
