"""Months that are archived: what is said above single rows, and what an administrator sees."""

from datetime import date

import pytest
from oracle import promotion_performance
from oracle.membership_analytics import membership_analytics
from reporting import execute, rows

LINES = "promotion-lines"
POINTS = "action-loyalty_reporting.point_analytics_action"
PERFORMANCE, MEMBERS = "promotion-performance", "membership-analytics"
RETENTION = "loyalty-reporting-retention"
ARCHIVES = "loyalty-reporting-archives"
TABLES = ("promotion_report_detail_data", "point_analytics_data")


@pytest.fixture
def january_away():
    """January 2017 counts as archived, in both tiers."""
    execute(
        "INSERT INTO loyalty_reporting_archive (month, tier, state, location) VALUES"
        " ('2017-01-01', 'detail', 'archived', '/archives'),"
        " ('2017-01-01', 'aggregate', 'archived', '/archives')"
    )
    yield
    execute("DELETE FROM loyalty_reporting_archive WHERE month = '2017-01-01'")


@pytest.fixture
def archived():
    """The month before the history is archived: no row of it is here, or was."""
    execute(
        "INSERT INTO loyalty_reporting_archive (month, state, generation, location,"
        " manifest, archived_at) VALUES ('2016-12-01', 'archived', 1, '/archives', '{}',"
        " '2017-04-02 01:00')"
    )
    for table in TABLES:
        execute(
            "INSERT INTO loyalty_reporting_archive_file (archive_id, table_name,"
            " generation, path, rows, bytes, sha256) SELECT id, %(table)s, 1,"
            " %(table)s || '/' || %(table)s || '_201612.1.parquet', 81234, 2345678, 'x'"
            " FROM loyalty_reporting_archive WHERE month = '2016-12-01'",
            {"table": table},
        )
    yield
    execute("DELETE FROM loyalty_reporting_archive WHERE month = '2016-12-01'")


def notice_on(screen):
    """The notice above the rows."""
    return screen.page.locator(
        ".o_loyalty_notice", has_text="Rows before 01/01/2017 are archived."
    )


@pytest.mark.parametrize("path", [LINES, POINTS])
@pytest.mark.parametrize("view", ["list", "pivot", "graph"])
def test_above_single_rows_stands_since_when_they_are_here(
    path, view, screen, archived
):
    screen.go(path)
    screen.page.locator(f".o_switch_view.o_{view}").click()
    screen.page.locator(f".o_{view}_view").wait_for()
    notice_on(screen).wait_for()
    screen.settle()
    screen.picture(f"horizon_{path[:6]}_{view}")
    assert screen.faults(".o_loyalty_health") == []
    notice_on(screen).get_by_role("button", name="Show").click()
    screen.page.locator(".o_breadcrumb", has_text="Archives").wait_for()


def test_a_period_before_it_says_why_it_is_empty(screen, archived):
    screen.go(LINES)
    search = screen.page.locator(".o_searchview_input")
    search.fill("no such order")
    search.press("Enter")
    empty = screen.page.locator(".o_view_nocontent", has_text="01/01/2017")
    empty.wait_for()
    assert "Rows before 01/01/2017 are archived." in empty.inner_text()
    screen.picture("horizon_empty")


@pytest.mark.parametrize("path", [LINES, POINTS])
def test_while_nothing_is_archived_nothing_stands_there(path, screen):
    with screen.page.expect_response("**/loyalty.reporting.health/horizon"):
        screen.go(path)
    screen.settle()
    assert screen.page.locator(".o_loyalty_notice").count() == 0


def test_a_dry_run_shows_what_would_go(screen, odoo):
    number = odoo.ref("loyalty_reporting.retention_detail")
    values = {"active": True, "location": "/archives", "days": 2900}
    model = "loyalty.reporting.retention"
    odoo.call(model, "write", [number], values)
    try:
        screen.go(RETENTION)
        screen.page.locator(".o_data_row").first.wait_for()
        screen.picture("retention")
        screen.page.get_by_role("button", name="What Would Go").click()
        screen.page.locator(".o_breadcrumb", has_text="What Would Go").wait_for()
        screen.page.locator(
            ".o_data_row", has_text="point_analytics_data"
        ).first.wait_for()
        screen.picture("dry_run")
    finally:
        odoo.call(model, "write", [number], {"active": False})


def test_the_list_of_archives_leads_to_the_files(screen, archived):
    screen.go(ARCHIVES)
    row = screen.page.locator(".o_data_row", has_text="2016-12")
    row.wait_for()
    screen.picture("archives")
    row.locator("td.o_data_cell").first.click()
    screen.page.locator(".o_form_view .o_data_row").first.wait_for()
    assert screen.page.locator(".o_form_view .o_data_row").count() == len(TABLES)
    screen.picture("archive")


@pytest.mark.parametrize("path", [PERFORMANCE, MEMBERS])
@pytest.mark.parametrize("view", ["pivot", "graph", "list"])
def test_above_aggregates_stands_since_when_they_are_here(
    path, view, screen, january_away
):
    screen.go(path)
    screen.page.locator(f".o_switch_view.o_{view}").click()
    screen.page.locator(f".o_{view}_view").wait_for()
    notice = screen.page.locator(
        ".o_loyalty_notice", has_text="Rows before 02/01/2017 are archived."
    )
    notice.wait_for()
    shown = {"pivot": ".o_pivot tbody tr", "graph": "canvas", "list": ".o_data_row"}
    screen.page.locator(shown[view]).first.wait_for()
    screen.settle()
    screen.picture(f"horizon_{path}_{view}")
    assert screen.page.locator(".o_error_dialog, .modal").count() == 0
    assert screen.faults(".o_loyalty_health") == []


def test_a_pivot_without_a_period_begins_at_the_horizon(screen, odoo, january_away):
    [[expected]] = odoo.call(
        "promotion.order", "formatted_read_grouping_sets",
        [["date", ">=", "2017-02-01"]], [[]], ["total_transactions:count_distinct"],
        # Of others, with another time zone, the first day may be another.
        context={"allowed_company_ids": [1]},
    )  # fmt: skip
    screen.go(PERFORMANCE)
    total = screen.page.locator(".o_pivot tbody tr").first.locator("td").first
    total.wait_for()
    assert total.inner_text() == f"{expected['total_transactions:count_distinct']:,}"
    # Grouped by what is asked for, it stays.
    screen.page.locator(".o_pivot tbody th").nth(1).click()
    screen.page.get_by_role("menuitem", name="Shop").click()
    screen.page.locator(".o_pivot tbody tr").nth(60).wait_for()
    assert screen.page.locator(".o_error_dialog, .modal").count() == 0


QUARTER = {"date_from": "2017-01-01", "date_to": "2017-03-31"}
OF_QUARTER = "loyalty-dashboard?date_from=2017-01-01&date_to=2017-03-31"


def test_a_dashboard_tells_of_archived_months_what_sums_by_day_know(
    screen, january_away
):
    page = screen.page
    screen.go(OF_QUARTER)
    [whole] = promotion_performance.performance(group=(), **QUARTER).to_dict("records")
    assert money(tile(page, "total_amount")) == f"{whole['total_amount']:,}"
    [whole] = membership_analytics(group=(), grain=None, **QUARTER).to_dict("records")
    assert money(tile(page, "total_spending")) == f"{whole['total_spending']:,}"
    assert page.locator("[data-measure=members]").count() == 1
    assert page.locator("[data-measure=points_earned]").count() == 1
    for name in ("total_transactions", "unique_customers", "active_members"):
        assert page.locator(f"[data-measure={name}]").count() == 0
    left_out = page.locator("[data-family=promotions] > .o_loyalty_left_out")
    assert "Transactions, Customers, and Conversion" in left_out.inner_text()
    assert page.locator("[data-card=levels] canvas").count() == 1
    screen.settle()
    screen.picture("horizon_dashboard")
    assert screen.faults(".o_loyalty_dashboard_content") == []


def test_a_chart_of_what_is_archived_leads_to_the_days_that_are_here(
    screen, january_away
):
    page = screen.page
    screen.go(f"{OF_QUARTER}&measure=unique_customers")
    card = page.locator("[data-card=promotions_over_time]")
    card.get_by_text("Archived in part of this period: Customers.").wait_for()
    screen.settle()
    screen.picture("horizon_dashboard_card")
    card.get_by_role("button", name="Show from 02/01/2017 on").click()
    days = {**QUARTER, "date_from": "2017-02-01"}
    [here] = promotion_performance.performance(group=(), **days).to_dict("records")
    tile(page, "unique_customers").get_by_text(
        f"{here['unique_customers']:,}"
    ).wait_for()
    assert "date_from=2017-02-01" in page.url
    assert card.locator("canvas").count() == 1
    assert page.locator(".o_loyalty_left_out").count() == 0


def test_where_none_of_the_days_is_here_as_many_are_shown_after_them(
    screen, january_away
):
    page = screen.page
    screen.go("loyalty-dashboard?date_from=2017-01-10&date_to=2017-01-16")
    page.get_by_role("button", name="Show from 02/01/2017 on").first.click()
    page.locator(".o_loyalty_status", has_text="02/01/2017 – 02/07/2017").wait_for()


def test_a_dashboard_is_shown_without_a_period_before_that_is_archived(
    screen, january_away
):
    page = screen.page
    screen.go("loyalty-dashboard?date_from=2017-02-01&date_to=2017-02-28")
    tile(page, "total_amount").wait_for()
    found = page.locator("[data-measure=total_amount]")
    assert "no comparison" in found.inner_text()
    assert page.locator(".o_loyalty_left_out").count() == 0
    # Only of points is January told: only they are compared with it.
    with_what = page.locator(".o_loyalty_compared")
    assert with_what.all_inner_texts() == ["compared with 01/01/2017 – 01/31/2017"]
    assert page.locator("[data-family=points] .o_loyalty_compared").count() == 1
    screen.settle()
    screen.picture("horizon_dashboard_compared")


def money(tile):
    """The amount of a tile."""
    return tile.inner_text().replace("$\N{NO-BREAK SPACE}", "")


def tile(page, measure):
    """The value of a tile."""
    return page.locator(f"[data-measure={measure}] .o_loyalty_tile_value")


@pytest.fixture
def old_month(odoo, tmp_path):
    """An evaluation of December 2016, which alone is old enough to leave."""
    [horizon] = rows("SELECT instant::text FROM card_horizon")
    execute(
        "CREATE TABLE promotion_evaluation_data_201612 PARTITION OF"
        " promotion_evaluation_data FOR VALUES FROM ('2016-12-01') TO ('2017-01-01')"
    )
    columns = ", ".join(
        name
        for (name,) in rows(
            "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND"
            " attrelid = 'promotion_evaluation_data'::regclass ORDER BY attnum"
        )
    )
    execute(
        "CREATE TEMP TABLE one AS SELECT * FROM promotion_evaluation_data LIMIT 1;"
        "UPDATE one SET transaction_date = '2016-12-20 12:00', date = '2016-12-20',"
        " hour = '2016-12-20 12:00';"
        f"INSERT INTO promotion_evaluation_data ({columns}) SELECT {columns} FROM one"
    )
    number = odoo.ref("loyalty_reporting.retention_detail")
    folder = tmp_path / "archives"
    folder.mkdir()
    days = (date.today() - date(2017, 1, 1)).days - 5
    model = "loyalty.reporting.retention"
    odoo.call(
        model,
        "write",
        [number],
        {"active": True, "location": str(folder), "days": days},
    )
    yield folder
    odoo.call(model, "write", [number], {"active": False, "location": False})
    execute("DELETE FROM loyalty_reporting_archive WHERE month = '2016-12-01'")
    execute("DROP TABLE IF EXISTS promotion_evaluation_data_201612")
    execute("UPDATE card_horizon SET instant = %s::timestamp", horizon)


def test_a_month_is_archived_verified_and_restored(screen, old_month):
    page = screen.page
    screen.go(ARCHIVES)
    page.get_by_role("button", name="Archive Now").click()
    page.locator(".o_notification", has_text="Months archived: 1.").wait_for()
    screen.picture("archive_now")
    page.locator(".o_notification_close").first.click()
    row = page.locator(".o_data_row", has_text="2016-12")
    row.wait_for()
    assert [*old_month.glob("promotion_evaluation_data/*201612*")]
    row.locator("input[type=checkbox]").click()
    page.get_by_role("button", name="Verify").click()
    page.locator(".o_notification", has_text="as they were written: 1.").wait_for()
    screen.picture("archive_verified")
    page.locator(".o_notification_close").first.click()

    row.locator("td.o_data_cell").first.click()
    page.locator(".o_form_view .o_data_row", has_text="promotion_evaluation").wait_for()
    screen.picture("archive_form")
    page.get_by_role("button", name="Restore").click()
    page.locator(".o_notification", has_text="in the database again").wait_for()
    page.locator(".o_arrow_button_current", has_text="Restored").wait_for()
    screen.picture("archive_restored")
    assert rows(
        "SELECT count(*) FROM promotion_evaluation_data"
        " WHERE transaction_date < '2017-01-01'"
    ) == [(1,)]


def test_a_damaged_file_is_named(screen, old_month):
    page = screen.page
    screen.go(ARCHIVES)
    page.get_by_role("button", name="Archive Now").click()
    row = page.locator(".o_data_row", has_text="2016-12")
    row.wait_for()
    page.locator(".o_notification_close").first.click()
    [file] = old_month.glob("promotion_evaluation_data/*201612*")
    file.write_bytes(file.read_bytes()[:-1])
    row.locator("input[type=checkbox]").click()
    page.get_by_role("button", name="Verify").click()
    page.locator(".o_notification", has_text="another checksum").wait_for()
    row.locator("td[name=problem]", has_text="another checksum").wait_for()
    screen.picture("archive_damaged")
    row.locator("td.o_data_cell").first.click()
    page.locator(".alert-danger", has_text="another checksum").wait_for()
    screen.picture("archive_damaged_form")
