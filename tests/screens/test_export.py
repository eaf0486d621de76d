"""A pivot's filter is taken into the export wizard; the file has the pivot's figures."""

import pytest
from openpyxl import load_workbook

PERIOD = {"date_from": "2017-01-01", "date_to": "2017-12-31"}


@pytest.fixture
def pivot(screen):
    """The pivot of promotions, restricted to campaigns."""
    screen.go("promotion-performance")
    screen.page.locator(".o_pivot table").wait_for()
    search(screen, "camp")
    screen.page.locator(".o_searchview_facet", has_text="camp").wait_for()
    return screen


def search(screen, text):
    screen.page.locator(".o_searchview_input").fill(text)
    screen.page.locator(".o_searchview_autocomplete .focus").first.wait_for()
    screen.page.keyboard.press("Enter")


def open_wizard(screen):
    """Choose Export workbook in the cog menu; returns the dialog."""
    screen.page.locator(".o_cp_action_menus button:has(.fa-cog)").click()
    screen.page.locator(".o_loyalty_reporting_export_workbook").click()
    dialog = screen.page.locator(".modal .o_form_view")
    dialog.wait_for()
    return screen.page.locator(".modal")


def downloaded(screen, dialog, tmp_path):
    with screen.page.expect_download() as coming:
        dialog.locator("button[name=action_export]").click()
    path = tmp_path / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def test_the_file_has_the_rows_of_the_pivot(pivot, odoo, tmp_path):
    dialog = open_wizard(pivot)
    pivot.picture("export_wizard")
    assert dialog.locator(".alert-warning").count() == 0
    path = downloaded(pivot, dialog, tmp_path)
    assert path.name == "promotions_performance_2017-01-01_2017-12-31.xlsx"
    domain = [["name", "ilike", "camp"]]
    programs = odoo.call(
        "loyalty.reporting.program", "search_read", domain, ["external_id"]
    )
    expected = odoo.report(
        "promotions/performance",
        **PERIOD,
        group_by="period",
        program_id=",".join(str(p["external_id"]) for p in programs),
        measures="total_transactions,unique_customers,total_amount",
        totals="true",
        per_page=1000,
    )
    book = load_workbook(path)
    head, *lines = book["Data"].iter_rows(values_only=True)
    shown = {line[1]: dict(zip(head, line, strict=True)) for line in lines if line[1]}
    assert len(shown) == len(expected["data"])
    for row in expected["data"]:
        found = shown[row["program_name"]]
        assert found["Transactions"] == row["total_transactions"]
        assert found["Customers"] == row["unique_customers"]
        assert found["Amount"] == row["total_amount"]
    total = {line[0]: line[1] for line in book["Summary"].iter_rows(values_only=True)}
    assert total["Customers"] == expected["totals"]["unique_customers"]
    assert total["Program"].startswith("Campaign")


def test_what_the_report_cannot_be_asked_is_named(pivot):
    pivot.page.locator(".o_searchview_dropdown_toggler").click()
    pivot.page.get_by_role("menuitemcheckbox", name="Refunds").click()
    pivot.page.locator(".o_searchview_facet", has_text="Refunds").wait_for()
    pivot.page.keyboard.press("Escape")
    dialog = open_wizard(pivot)
    told = dialog.locator(".alert-warning").inner_text()
    pivot.picture("export_wizard_left_out")
    assert "Refund = True" in told
    assert "Campaign 18" in dialog.inner_text()


def test_a_listing_offers_no_measures(screen):
    screen.go("action-loyalty_reporting.loyalty_reporting_export_action")
    dialog = screen.page.locator(".modal")
    dialog.locator(".o_form_view").wait_for()
    dialog.locator("div[name=report] input").click()
    screen.page.locator(".o_select_menu_item", has_text="Point transactions").click()
    dialog.locator("[name=cards]").first.wait_for()
    assert dialog.locator("div[name=measure_ids]").count() == 0
    screen.picture("export_wizard_listing")
