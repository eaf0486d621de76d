"""The dashboard, as it is opened every morning."""

import re
from decimal import Decimal

import pytest
from oracle import point_analytics, promotion_performance
from oracle.membership_analytics import membership_analytics

DASHBOARD = "loyalty-dashboard"
SUMMER = {"date_from": "2017-06-01", "date_to": "2017-08-31"}
SUMMER_URL = f"{DASHBOARD}?date_from=2017-06-01&date_to=2017-08-31"
PROMOTIONS = (
    "total_amount",
    "total_discount",
    "total_transactions",
    "unique_customers",
    "conversion_rate",
    "discount_depth",
)
SPRING = {"date_from": "2017-03-01", "date_to": "2017-05-31"}


def test_without_a_period_it_shows_the_last_days_that_have_facts(dashboard):
    page = dashboard()
    assert "12/02/2017 – 12/31/2017" in page.locator(".o_loyalty_status").inner_text()


def test_the_tiles_of_promotions_equal_the_oracle(dashboard):
    page = dashboard(SUMMER_URL)
    [now] = promotion_performance.performance(group=(), **SUMMER).to_dict("records")
    [before] = promotion_performance.performance(group=(), **SPRING).to_dict("records")
    for measure in PROMOTIONS:
        shown, previously = tile(page, measure)
        assert shown == _shown(measure, now[measure]), measure
        assert previously == _shown(measure, before[measure]), measure
    compared = page.locator("[data-family=promotions] .o_loyalty_compared")
    assert compared.inner_text() == "compared with 03/01/2017 – 05/31/2017"


def test_the_tiles_of_members_equal_the_oracle(dashboard):
    page = dashboard(SUMMER_URL)
    [now] = membership_analytics(group=(), grain=None, **SUMMER).to_dict("records")
    for measure in ("active_members", "new_members", "upgraded_members"):
        assert tile(page, measure)[0] == now[measure], measure
    assert tile(page, "total_spending")[0] == now["total_spending"]


def test_the_tiles_of_points_equal_the_oracle(dashboard):
    page = dashboard(SUMMER_URL)
    for measure, points in point_analytics.flows(**SUMMER).items():
        assert tile(page, measure)[0] == points, measure
    now, before = (point_analytics.outstanding(p["date_to"]) for p in (SUMMER, SPRING))
    assert tile(page, "balance") == (now, before)


def test_every_row_of_a_table_equals_the_oracle(dashboard):
    page = dashboard(SUMMER_URL)
    expected = promotion_performance.performance(**SUMMER).to_dict("records")
    amounts = sorted((row["total_amount"] for row in expected), reverse=True)
    shown = [row[1] for row in table(page, "programs")]
    # Programs of the period before are there, too.
    assert [amount for amount in shown if amount] == [a for a in amounts if a][:10]


@pytest.mark.parametrize("measure", ["total_amount", "unique_customers"])
def test_a_tile_opens_the_records_behind_it(dashboard, measure):
    page = dashboard(SUMMER_URL)
    expected, _before = tile(page, measure)
    page.locator(f"[data-measure={measure}]").click()
    total = page.locator(".o_pivot tbody tr").first.locator("td").first
    total.wait_for()
    assert number(total.inner_text()) == expected


def test_a_row_of_a_chart_opens_its_own_records(dashboard):
    page = dashboard(SUMMER_URL)
    rows = table(page, "programs")
    card = page.locator("[data-card=programs]")
    card.get_by_role("button", name=rows[1][0], exact=True).click()
    total = page.locator(".o_pivot tbody tr").first.locator("td").first
    total.wait_for()
    assert number(total.inner_text()) == rows[1][1]


def test_filters_are_kept_in_the_address(dashboard, odoo):
    page = dashboard(SUMMER_URL)
    domain, fields = [["external_id", "=", 367]], ["external_id", "display_name"]
    [store] = odoo.call("loyalty.reporting.shop", "search_read", domain, fields)
    page.locator(".o_loyalty_stores input").fill(store["display_name"])
    page.get_by_role("option", name=store["display_name"], exact=True).click()
    [expected] = promotion_performance.performance(
        group=(), stores=[store["external_id"]], **SUMMER
    ).to_dict("records")
    wait_for_tile(page, "total_amount", expected["total_amount"])
    assert f"stores={store['id']}" in page.url
    page.reload()
    wait_for_tile(page, "total_amount", expected["total_amount"])


def test_a_period_is_chosen_by_a_word(dashboard):
    page = dashboard(SUMMER_URL)
    choose_period(page, "Last month")
    page.get_by_text("There are no facts in this period").wait_for()
    assert "period=last_month" in page.url
    page.get_by_role("button", name="Show the last 30 days with facts").click()
    [expected] = promotion_performance.performance(
        group=(), date_from="2017-12-02", date_to="2017-12-31"
    ).to_dict("records")
    wait_for_tile(page, "total_amount", expected["total_amount"])


def test_everybody_can_use_it(dashboard, open_screen):
    screen = open_screen()
    dashboard(SUMMER_URL, screen)
    assert screen.faults(".o_loyalty_dashboard") == []


def test_it_is_used_with_the_keyboard_alone(dashboard):
    page = dashboard(SUMMER_URL)
    page.locator("[data-measure=total_amount]").focus()
    page.keyboard.press("Enter")
    page.locator(".o_pivot").wait_for()


def test_nothing_is_cut_off_on_a_narrow_screen(dashboard, open_screen):
    screen = open_screen(viewport={"width": 390, "height": 844})
    page = dashboard(SUMMER_URL, screen)
    widths = page.locator(".o_loyalty_dashboard_content").evaluate(
        "content => [content.scrollWidth, content.clientWidth]"
    )
    screen.picture("dashboard_narrow")
    assert widths[0] <= widths[1]


def test_an_unreachable_server_leaves_the_figures_and_says_so(dashboard, open_screen):
    screen = open_screen()
    page = dashboard(SUMMER_URL, screen)
    page.route("**/loyalty_reporting/dashboard", lambda route: route.abort())
    choose_period(page, "Last year")
    page.get_by_text("What is shown may be old.").wait_for()
    assert page.locator("[data-measure]").count() > 10
    page.unroute("**/loyalty_reporting/dashboard")
    screen.forget_complaints()


def test_who_may_read_points_only_sees_points_only(dashboard, open_screen, user_of):
    page = dashboard(SUMMER_URL, open_screen(user_of("points")))
    assert page.locator("[data-family]").count() == 1
    assert page.locator("[data-family=points]").is_visible()
    assert page.locator(".o_loyalty_programs").count() == 0


def test_a_browser_of_another_zone_shows_the_same_days(dashboard, open_screen):
    page = dashboard(SUMMER_URL, open_screen(timezone_id="Pacific/Kiritimati"))
    [now] = promotion_performance.performance(group=(), **SUMMER).to_dict("records")
    assert tile(page, "total_amount")[0] == now["total_amount"]
    days = table(page, "promotions_over_time")
    assert (len(days), days[0][0], days[-1][0]) == (92, "Jun 1", "Aug 31")


# ---------------------------------------------------------------- what is on the page


@pytest.fixture
def dashboard(screen):
    """Function that opens the dashboard and returns its page, figures shown."""

    def open_it(path=DASHBOARD, on=screen):
        on.go(path)
        on.page.locator("[data-measure]").first.wait_for()
        on.picture("dashboard")
        return on.page

    return open_it


def choose_period(page, name):
    """Choose one of the periods that have a name."""
    page.get_by_role("button", name="Period:").click()
    page.get_by_role("menuitem", name=name).click()


def tile(page, measure):
    """Return the value of a tile, and the one before."""
    found = page.locator(f"[data-measure={measure}]")
    before = found.locator(".o_loyalty_tile_change .text-truncate").inner_text()
    return (
        number(found.locator(".o_loyalty_tile_value").inner_text()),
        number(before.replace("before:", "")),
    )


def wait_for_tile(page, measure, value):
    """Wait until a tile shows a value."""
    shown = page.locator(f"[data-measure={measure}] .o_loyalty_tile_value")
    page.wait_for_function(
        "([element, text]) => element.textContent.includes(text)",
        arg=[shown.element_handle(), f"{value:,}"],
    )


def table(page, card):
    """Return the rows of a card's table: its name, then numbers."""
    found = page.locator(f"[data-card={card}]")
    found.get_by_role("button", name="Show as table").click()
    found.locator("tbody tr").first.wait_for()
    rows = found.locator("tbody tr").all()
    return [
        (
            row.locator("th").inner_text(),
            *map(number, row.locator("td").all_inner_texts()),
        )
        for row in rows
    ]


def number(text):
    """Return the number that a text shows, exactly as shown."""
    [found] = re.findall(r"-?[\d,]+\.?\d*", text) or [None]
    return None if found is None else Decimal(found.replace(",", ""))


def _shown(measure, value):
    """Return a value as the page writes it: ratios in percent with one digit."""
    if measure in ("conversion_rate", "discount_depth"):
        percent = Decimal(value.numerator * 1000) / value.denominator
        return percent.to_integral_value("ROUND_HALF_UP") / 10
    return value
