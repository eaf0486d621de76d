"""What is shown where something is not as it is thought."""

import pytest

from dev.odoo_client import Client

LOGIN = "screens_nobody"


@pytest.fixture
def nobody(odoo):
    """A user of none of our groups."""
    values = {"name": "Nobody", "login": LOGIN, "password": LOGIN}
    values["group_ids"] = [odoo.ref("base.group_user")]
    if not odoo.call("res.users", "search", [["login", "=", LOGIN]]):
        odoo.call("res.users", "create", [values])
    return Client(odoo.url, odoo.database, LOGIN, LOGIN)


def test_who_has_no_rights_is_told_which_ones_are_needed(open_screen, nobody):
    screen = open_screen(nobody)
    screen.go("loyalty-dashboard")
    told = screen.page.locator(".o_loyalty_failed")
    told.wait_for()
    assert (
        "needs the group" in told.inner_text() or "need the group" in told.inner_text()
    )
    assert screen.page.locator(".o_loyalty_tile").count() == 0


def test_an_archived_contact_keeps_its_name_in_the_figures(screen, odoo):
    [partner] = odoo.call(
        "res.partner", "search_read", [["ref", "=", "1"]], ["name"], limit=1
    )
    odoo.call("res.partner", "write", [partner["id"]], {"active": False})
    try:
        screen.go("membership-analytics")
        screen.page.locator(".o_pivot table").wait_for()
        screen.page.locator(".o_switch_view.o_list").click()
        # The list brings a search bar of its own.
        screen.page.locator(
            ".o_list_view .o_data_row, .o_list_view .o_group_header"
        ).first.wait_for()
        screen.page.locator(".o_searchview_input").fill(partner["name"])
        found = screen.page.locator(".o_searchview_autocomplete .o-dropdown-item")
        found.filter(has_text="Customer").first.click()
        row = screen.page.locator(".o_data_row", has_text=partner["name"]).first
        row.wait_for()
    finally:
        odoo.call("res.partner", "write", [partner["id"]], {"active": True})


@pytest.mark.parametrize("address", ["period=last_century", "date_from=2017-13-45"])
def test_an_address_that_means_nothing_is_no_failure(screen, address):
    screen.go(f"loyalty-dashboard?{address}")
    shown = screen.page.locator(".o_loyalty_tile, .o_loyalty_failed").first
    shown.wait_for()
    screen.picture(f"nonsense_{address[:6]}")
