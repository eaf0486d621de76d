"""Months that are archived: what is said above single rows, and what an administrator sees."""

import os
from contextlib import closing

import psycopg2
import pytest

LINES = "promotion-lines"
POINTS = "action-loyalty_reporting.point_analytics_action"
RETENTION = "loyalty-reporting-retention"
ARCHIVES = "loyalty-reporting-archives"
TABLES = ("promotion_report_detail_data", "point_analytics_data")


def _execute(statement, values=None):
    with (
        closing(psycopg2.connect(os.environ["REPORT_PG_DSN"])) as connection,
        connection,
        connection.cursor() as cr,
    ):
        cr.execute(statement, values)


@pytest.fixture
def archived():
    """The month before the history is archived: no row of it is here, or was."""
    _execute(
        "INSERT INTO loyalty_reporting_archive (month, state, generation, location,"
        " manifest, archived_at) VALUES ('2016-12-01', 'archived', 1, '/archives', '{}',"
        " '2017-04-02 01:00')"
    )
    for table in TABLES:
        _execute(
            "INSERT INTO loyalty_reporting_archive_file (archive_id, table_name,"
            " generation, path, rows, bytes, sha256) SELECT id, %(table)s, 1,"
            " %(table)s || '/' || %(table)s || '_201612.1.parquet', 81234, 2345678, 'x'"
            " FROM loyalty_reporting_archive WHERE month = '2016-12-01'",
            {"table": table},
        )
    yield
    _execute("DELETE FROM loyalty_reporting_archive WHERE month = '2016-12-01'")


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
