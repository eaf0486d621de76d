"""An Odoo with demo data on which the addon was just installed, and nothing configured."""

import os
from datetime import UTC, date, datetime

import databases
import pytest
from oracle import generic
from test_dashboard import tile

from core.sources.demo_shop import history

pytestmark = [
    pytest.mark.first_use,
    pytest.mark.skipif("LR_FIRST_USE" not in os.environ, reason="phase first-use"),
]
DASHBOARD, STEPS = "loyalty-dashboard", "loyalty-first-steps"
REPORTS = (
    "promotion_order",
    "promotion_report_detail",
    "membership_analytics",
    "membership_event",
    "point_analytics_activity",
    "point_analytics",
)


def test_the_dashboard_shows_figures_that_equal_the_oracle(screen, shop):
    screen.go(f"{DASHBOARD}?date_from={shop.first}&date_to={shop.last}")
    screen.page.locator("[data-measure]").first.wait_for()
    screen.picture("first_use_dashboard")
    days = {"date_from": shop.first, "date_to": shop.last}
    [sold] = generic.performance(shop.rows, shop.zone, group=(), **days)
    for measure in ("total_amount", "total_discount", "total_transactions"):
        assert tile(screen.page, measure)[0] == sold[measure], measure
    for measure, points in generic.flows(shop.rows, shop.zone, **days).items():
        assert tile(screen.page, measure)[0] == points, measure
    held = generic.members_on(shop.rows, shop.zone, date.fromisoformat(shop.last))
    assert tile(screen.page, "members")[0] == sum(held.values())


def test_it_says_that_they_are_made_up_and_leads_to_the_first_steps(screen):
    screen.go(DASHBOARD)
    screen.page.get_by_text("These figures are made up").wait_for()
    assert screen.faults(".o_loyalty_dashboard") == []
    screen.page.get_by_role("button", name="Connect a source").click()
    screen.page.locator("[data-step=figures][data-state=done]").wait_for()
    screen.picture("first_use_steps")


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_has_rows(screen, report):
    screen.go(f"action-loyalty_reporting.{report}_action")
    screen.page.locator(".o_view_controller, .o_action").first.wait_for()
    screen.settle()
    assert screen.page.locator(".o_view_nocontent").count() == 0
    shown = screen.page.locator(".o_pivot td, .o_data_row, .o_graph_canvas_container")
    shown.first.wait_for()


def test_the_demo_can_be_removed_and_shown_again(screen, shop):
    page = screen.page
    screen.go(STEPS)
    page.get_by_role("button", name="Remove the demo").click()
    page.locator("[data-choice=demo]").wait_for()
    assert shop.count() == 0
    screen.go(DASHBOARD)
    page.locator("[data-step=source][data-state=todo]").wait_for()
    screen.picture("first_use_nothing")
    page.locator("[data-choice=demo] button").click()
    page.locator("[data-measure]").first.wait_for()
    assert shop.count() > 1000


def test_odoo_s_own_sales_take_the_place_of_the_demo(screen, shop):
    page = screen.page
    screen.go(STEPS)
    page.locator("[data-choice=odoo] button").click()
    page.get_by_text("Odoo: This database").wait_for()
    page.locator("[data-step=figures][data-state=done]").wait_for()
    screen.picture("first_use_odoo")
    assert shop.count() == 0


# ---------------------------------------------------------------- the demo's shop


class Shop:
    """What the demo's shop has told so far, computed from its rules once more."""

    def __init__(self, dsn):
        self._dsn = dsn
        position = self._value("SELECT position FROM loyalty_reporting_cursor")
        until = datetime.fromisoformat(position["until"])
        self.zone, self.first = position["timezone"], position["since"]
        opened = date.fromisoformat(self.first)
        told = history(opened, until, self.zone, position["currency"])
        self.last = until.astimezone(UTC).date().isoformat()
        self.rows = {}
        for document in told:
            for table, some in document.rows.items():
                self.rows.setdefault(table, []).extend(some)

    def count(self):
        """Return how many documents of it there are."""
        return self._value(
            "SELECT count(*) FROM fact_document WHERE source = 'demo' AND NOT is_deleted"
        )

    def _value(self, query):
        return databases.value(self._dsn, query)


@pytest.fixture(scope="module")
def shop():
    """The shop as it was installed."""
    return Shop(os.environ["REPORT_PG_DSN"])
