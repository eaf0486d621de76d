"""What operators look at: is everything as it should be, and if not, why?"""

import pytest
from reporting import execute, rows

SOURCES = "action-loyalty_reporting.loyalty_reporting_source_action"
SETTINGS = "action-loyalty_reporting.res_config_settings_action"
VIEWS = "action-loyalty_reporting.loyalty_reporting_materialized_view_action"
OPERATIONS = {
    "sources": SOURCES,
    "runs": "action-loyalty_reporting.loyalty_reporting_run_action",
    "reconciliation": "action-loyalty_reporting.loyalty_reporting_reconciliation_action",
    "dead_letters": "action-loyalty_reporting.loyalty_reporting_dead_letter_action",
    "materialized_views": VIEWS,
}


@pytest.fixture
def paused_engine(odoo):
    """The engine is not read for a while."""
    number = odoo.ref("loyalty_reporting.source_engine")
    odoo.call("loyalty.reporting.source", "action_archive", [number])
    yield
    odoo.call("loyalty.reporting.source", "action_unarchive", [number])


@pytest.mark.parametrize("path", ["loyalty-dashboard", SOURCES])
def test_a_source_that_is_not_read_is_told_above_the_figures(
    screen, paused_engine, path
):
    screen.go(path)
    notice = screen.page.locator(".o_loyalty_notice", has_text="Engine is paused")
    notice.wait_for()
    screen.picture(f"notice_{path[:9]}")
    assert screen.faults(".o_loyalty_health") == []
    notice.get_by_role("button", name="Show").click()
    screen.page.locator(".o_breadcrumb", has_text="Runs").wait_for()


@pytest.fixture
def days_of_jakarta():
    """Days are cut in Jakarta's zone for good: files of an archived month have expired."""
    cut_in = "UPDATE loyalty_reporting_company SET timezone = %s WHERE company_id = 1"
    [before] = rows(
        "SELECT timezone FROM loyalty_reporting_company WHERE company_id = 1"
    )
    execute(cut_in, ["Asia/Jakarta"])
    execute(
        "INSERT INTO loyalty_reporting_archive (month, tier, state)"
        " VALUES ('2015-01-01', 'detail', 'expired')"
    )
    yield
    execute("DELETE FROM loyalty_reporting_archive WHERE month = '2015-01-01'")
    execute(cut_in, before)


@pytest.mark.parametrize("path", ["loyalty-dashboard", SOURCES])
def test_which_zone_counts_is_told_while_days_cannot_be_cut_anew(
    screen, odoo, days_of_jakarta, path
):
    screen.go(path)
    said = "Days are cut in Asia/Jakarta, not in America/New_York."
    notice = screen.page.locator(".o_loyalty_notice", has_text=said)
    notice.wait_for()
    screen.settle()
    screen.picture(f"notice_zone_{path[:9]}")
    assert screen.faults(".o_loyalty_health") == []
    told = odoo.post("/loyalty_reporting/dashboard", {})
    assert told["time_zone"] == "Asia/Jakarta"
    notice.get_by_role("button", name="Show").click()
    screen.page.locator(".o_breadcrumb", has_text="Archives").wait_for()


def test_who_cannot_do_anything_about_it_is_told_without_a_way(
    open_screen, user_of, paused_engine
):
    screen = open_screen(user_of("points"))
    screen.go("loyalty-dashboard")
    notice = screen.page.locator(".o_loyalty_notice", has_text="Engine is paused")
    notice.wait_for()
    assert notice.get_by_role("button").count() == 0


def test_while_all_is_well_nothing_stands_there(screen):
    with screen.page.expect_response("**/loyalty.reporting.health/notices"):
        screen.go("loyalty-dashboard")
    screen.page.locator(".o_loyalty_tile").first.wait_for()
    screen.settle()
    assert screen.page.locator(".o_loyalty_notice").count() == 0


@pytest.mark.parametrize("service", ["engine", "clickhouse", "redis"])
def test_each_connection_is_tried_from_the_settings(screen, service):
    screen.go(SETTINGS)
    setting = screen.page.locator(f"#loyalty_reporting_{service}")
    setting.get_by_role("button", name="Test the Connection").click()
    told = screen.page.locator(".o_notification", has_text="answered within")
    told.wait_for()
    screen.picture(f"settings_{service}")


def test_lists_of_operators_show_whole_words(screen):
    for name, path in OPERATIONS.items():
        screen.go(path)
        screen.page.locator(".o_list_renderer").wait_for()
        screen.picture(f"operations_{name}")
        heads = screen.page.locator("th[data-name] span.text-truncate")
        for head in heads.all():
            cut = "head => head.scrollWidth > head.clientWidth + 1"
            assert not head.evaluate(cut), f"{name}: {head.inner_text()}"


def test_the_help_of_a_tile_is_its_measures_definition(screen):
    screen.go("loyalty-dashboard")
    tile = screen.page.locator(".o_loyalty_tile[data-measure=conversion_rate]")
    tile.wait_for()
    assert tile.get_attribute("title").startswith("Share of the eligible orders")


def test_a_materialized_view_is_refreshed_at_a_click(screen):
    screen.go(VIEWS)
    screen.page.get_by_role("button", name="Refresh Now").click()
    told = screen.page.locator(".o_notification", has_text="mv_promotion_daily_summary")
    told.wait_for()
    assert "rows loaded" in told.inner_text()
