"""The spreadsheet dashboards, in Odoo's app of dashboards."""

from decimal import Decimal

import pandas as pd
import pytest
from oracle import point_analytics
from oracle.member_facts import load_members
from oracle.membership_analytics import members_by_day, membership_analytics
from oracle.membership_events import GOLD, LEVELS
from oracle.point_analytics import FLOWS
from spreadsheet_figures import (
    BOUGHT,
    MEMBERS,
    POINTS,
    PROMOTIONS,
    SOLD,
    booked,
    check_cards,
    check_table,
    decimal,
    members,
    of_period,
    performance,
    points,
    promotions,
)
from spreadsheets import Spreadsheet

from dev.odoo_client import Client

SPRING = {"date_from": "2017-04-01", "date_to": "2017-06-30"}
WINTER = {"date_from": "2017-01-01", "date_to": "2017-03-31"}
Q2 = {"type": "quarter", "year": 2017, "quarter": 2}
STORE = 367


# ----------------------------------------------------------------------- promotions


def test_the_figures_of_promotions_equal_the_oracle(spreadsheet):
    cards = spreadsheet("promotions", period=Q2).cards()
    check_cards(cards, PROMOTIONS, *(promotions(**p) for p in (SPRING, WINTER)))


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["total_amount", "unique_customers"])
def test_the_comparison_notices_a_cent_and_a_customer(spreadsheet, measure):
    cards = spreadsheet("promotions", period=Q2).cards()
    now, before = promotions(**SPRING), promotions(**WINTER)
    more = Decimal("0.01") if measure == "total_amount" else 1
    for wrong in (
        ({**now, measure: now[measure] + more}, before),
        (now, {**before, measure: before[measure] + more}),
    ):
        with pytest.raises(AssertionError, match=measure):
            check_cards(cards, PROMOTIONS, *wrong)


def test_the_figures_of_promotions_follow_the_filters(spreadsheet, odoo):
    sheet = spreadsheet("promotions", period=Q2)
    shop = record(odoo, "shop", STORE)
    sheet.choose(shop={"operator": "in", "ids": [shop["id"]]})
    of_store = [promotions(stores=[STORE], **p) for p in (SPRING, WINTER)]
    check_cards(sheet.cards(), PROMOTIONS, *of_store)
    assert [*sheet.table("Top shops")] == [shop["display_name"]]
    best = max(performance(stores=[STORE], **SPRING), key=lambda r: r["total_amount"])
    program = record(odoo, "program", best["program_id"])
    sheet.choose(program={"operator": "in", "ids": [program["id"]]})
    chosen = {"stores": [STORE], "programs": [best["program_id"]]}
    of_both = [promotions(**chosen, **p) for p in (SPRING, WINTER)]
    check_cards(sheet.cards(), PROMOTIONS, *of_both)


def test_every_row_of_the_tables_of_promotions_equals_the_oracle(spreadsheet, odoo):
    sheet = spreadsheet("promotions", period=Q2)
    programs, shops = names(odoo, "program"), names(odoo, "shop")
    rows = {programs[row["program_id"]]: row for row in performance(**SPRING)}
    check_table(sheet.table("Top programs"), rows, SOLD)
    shown = sheet.table("Offered and taken")
    evaluated = ("eligible_transactions", "applied_transactions", "conversion_rate")
    # The third column, the rejected ones, is none of the oracle's; see the next test.
    shown = {name: [*row[:2], row[3]] for name, row in shown.items()}
    check_table(shown, rows, evaluated)
    of_shops = performance(group=("store_id",), **SPRING)
    rows = {shops[row["store_id"]]: row for row in of_shops}
    check_table(sheet.table("Top shops"), rows, SOLD)


def test_charts_of_promotions_equal_the_oracle(spreadsheet):
    figures = spreadsheet("promotions", period=Q2).figures()
    months = performance(group=(), grain="month", **SPRING)
    [(_label, values)] = figures["amount_over_time"]["series"].items()
    assert [*map(decimal, values)] == [month["total_amount"] for month in months]
    assert figures["amount_over_time"]["labels"] == [
        f"{month['date']:%B %Y}" for month in months
    ]
    discounts = figures["discount_over_time"]["series"].values()
    totals = [sum(map(decimal, month)) for month in zip(*discounts, strict=True)]
    assert totals == [month["total_discount"] for month in months]


@pytest.mark.slow
def test_a_day_s_period_has_a_point_for_every_day(spreadsheet):
    june = {"type": "month", "year": 2017, "month": 6}
    figures = spreadsheet("promotions", period=june).figures()
    days = performance(
        group=(), grain="day", date_from="2017-06-01", date_to="2017-06-30"
    )
    [(_label, values)] = figures["amount_over_time"]["series"].items()
    assert [*map(decimal, values)] == [day["total_amount"] for day in days]


# ----------------------------------------------------------------------- membership


def test_the_figures_of_membership_equal_the_oracle(spreadsheet):
    cards = spreadsheet("membership", period=Q2).cards()
    check_cards(cards, MEMBERS, *(members(**p) for p in (SPRING, WINTER)))


def test_the_figures_of_membership_follow_the_level(spreadsheet):
    sheet = spreadsheet("membership", period=Q2)
    sheet.choose(level={"operator": "in", "strings": ["Gold"]})
    of_level = [members(products=[GOLD], **p) for p in (SPRING, WINTER)]
    check_cards(sheet.cards(), MEMBERS, *of_level)
    assert [*sheet.table("Levels")] == ["Gold"]
    # All levels are still offered.
    offered = {row[6][0] for row in sheet.cells("data")[1:]}
    assert set(LEVELS.values()) <= offered


def test_every_level_equals_the_oracle(spreadsheet):
    sheet = spreadsheet("membership", period=Q2)
    found = membership_analytics(group=("membership_level",), grain=None, **SPRING)
    rows = {row["membership_level"]: row for row in found.to_dict("records")}
    check_table(sheet.table("Levels"), rows, BOUGHT)
    check_table(sheet.table("Memberships"), rows, BOUGHT)
    moves = ("new_members", "upgraded_members", "downgraded_members", "active_members")
    check_table(sheet.table("Who came and moved, by level"), rows, moves, None)


def test_members_of_each_week_are_those_at_its_end(spreadsheet):
    chart = spreadsheet("membership", period=Q2).figures()["members_over_time"]
    daily = members_by_day(load_members().events).sum(axis="columns")
    ends = pd.date_range("2017-04-02", "2017-06-25", freq="W-SUN").to_list()
    ends.append(pd.Timestamp("2017-06-30"))
    [(_label, values)] = chart["series"].items()
    assert values == [int(daily[end]) for end in ends]


# --------------------------------------------------------------------------- points


def test_the_figures_of_points_equal_the_oracle(spreadsheet):
    cards = spreadsheet("points", period=Q2).cards()
    check_cards(cards, POINTS, *(points(**p) for p in (SPRING, WINTER)))


def test_the_figures_of_points_follow_the_period(spreadsheet):
    sheet = spreadsheet("points", period=Q2)
    sheet.page.locator(".btn-previous-date").click()
    sheet.wait()
    before = {"date_from": "2016-10-01", "date_to": "2016-12-31"}
    check_cards(sheet.cards(), POINTS, *(points(**p) for p in (WINTER, before)))


def test_every_level_of_points_equals_the_oracle(spreadsheet):
    shown = spreadsheet("points", period=Q2).table("Earned and redeemed, by level")
    detail = of_period(**SPRING)
    rows = {
        LEVELS[product]: booked(rows)
        for product, rows in detail.groupby("membership_product_id")
    }
    columns = ("points_earned", "points_redeemed", "redemption_rate", "customers")
    check_table(shown, rows, columns)


def test_points_over_time_equal_the_oracle(spreadsheet):
    figures = spreadsheet("points", period=Q2).figures()
    weeks = point_analytics.balances(grain="week", **SPRING)
    [(_label, values)] = figures["balance_over_time"]["series"].items()
    assert values == weeks["balance"].to_list()
    detail = of_period(**SPRING)
    months = detail.groupby(detail["date"].dt.month)[FLOWS].sum()
    series = figures["points_over_time"]["series"]
    assert series["Earned"] == months["points_earned"].to_list()
    assert series["Redeemed"] == (-months["points_redeemed"]).to_list()


# --------------------------------------------------------- whose, when, on what screen


@pytest.mark.slow
def test_of_a_range_of_days_there_is_no_period_before(spreadsheet):
    june = {"type": "range", "from": "2017-06-01", "to": "2017-06-30"}
    cards = spreadsheet("promotions", period=june).cards()
    now = promotions(date_from="2017-06-01", date_to="2017-06-30")
    assert decimal(cards["Attributed Amount"][0]) == now["total_amount"]
    assert {card["baselineDisplay"] for *_values, card in cards.values()} == {""}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["promotions", "membership", "points"])
def test_of_a_period_without_facts_nothing_is_claimed(spreadsheet, name):
    sheet = spreadsheet(name, period={"type": "year", "year": 2031})
    shown = {card["keyValue"] for *_values, card in sheet.cards().values()}
    assert shown <= {"–", "0"}
    if name != "promotions":
        stock = {"membership": "Members", "points": "Outstanding"}[name]
        assert sheet.cards()[stock][2]["keyValue"] == "–"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["promotions", "membership", "points"])
def test_all_of_it_is_there_on_a_narrow_screen(spreadsheet, open_screen, name):
    screen = open_screen(viewport={"width": 390, "height": 844})
    sheet = spreadsheet(name, screen, period=Q2)
    shown = screen.page.locator(".o_mobile_dashboard .o-figure").count()
    assert shown == len(sheet.figures())
    width = screen.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_it_is_opened_from_the_menu(screen):
    screen.go("loyalty-dashboard")
    screen.page.get_by_role("button", name="Reporting").click()
    menu = screen.page.locator(".o-dropdown--menu")
    menu.get_by_role("menuitem", name="Dashboard").first.click()
    screen.page.locator(".o_spreadsheet_dashboard_action .o-figure").first.wait_for()
    listed = screen.page.locator(".o_search_panel_category_value.active")
    assert listed.inner_text() == "Promotions"


def test_a_cell_opens_the_records_behind_it(spreadsheet, odoo):
    sheet = spreadsheet("promotions", period=Q2)
    name = [*sheet.table("Top programs")][2]
    [program] = [n for n, called in names(odoo, "program").items() if called == name]
    domain = [
        ["program_key", "=", record(odoo, "program", program)["id"]],
        ["date", ">=", SPRING["date_from"]],
        ["date", "<=", SPRING["date_to"]],
    ]
    # Its title and the rows of the first table are the first ones that can be clicked.
    sheet.click(row=3, column=3)
    total = sheet.page.locator(".o_list_view, .o_action_manager").locator(
        ".o_pager_limit"
    )
    total.wait_for()
    shown = int(total.inner_text().replace(",", ""))
    assert shown == odoo.call("promotion.order", "search_count", domain)


@pytest.mark.slow
def test_it_speaks_the_reader_s_language(open_screen, odoo):
    odoo.install_language("id_ID")
    group = "loyalty_reporting.group_loyalty_reporting_points"
    groups = [odoo.ref("base.group_user"), odoo.ref(group)]
    reader = user(odoo, "screens_indonesian", lang="id_ID", group_ids=groups)
    sheet = Spreadsheet(open_screen(reader), odoo, "points")
    assert {"Beredar", "Diperoleh", "Ditukar"} <= set(sheet.cards())
    assert sheet.cells("dashboard")[25][0][0] == "Poin beredar, menurut program"


def test_who_may_read_points_only_finds_points_only(open_screen, user_of):
    found = listed(open_screen(user_of("points")))
    assert found & {"Promotions", "Membership", "Points"} == {"Points"}


def test_without_one_of_our_groups_none_is_there(open_screen, stranger):
    assert (
        listed(open_screen(stranger)) & {"Promotions", "Membership", "Points"} == set()
    )


def test_a_user_of_another_company_sees_samples(open_screen, other_company, odoo):
    sheet = Spreadsheet(open_screen(other_company), odoo, "promotions")
    sheet.screen.picture("spreadsheet_promotions_sample")
    assert sheet.is_sample
    samples = {name: row[2:] for name, *row in _first_column(sheet.cells("data"))}
    assert samples["Customers"] == [1935, 1880]


# --------------------------------------------------------------- what is on the sheet


@pytest.fixture
def spreadsheet(screen, odoo):
    """Function that opens a dashboard, with filters, and returns it."""

    def open_it(name, on=screen, **filters):
        sheet = Spreadsheet(on, odoo, name)
        sheet.choose(**filters)
        width = on.page.viewport_size["width"]
        on.picture(f"spreadsheet_{name}_{width}")
        return sheet

    return open_it


@pytest.fixture(scope="session")
def stranger(odoo):
    """A user of Odoo who has none of our groups."""
    return user(odoo, "screens_stranger", group_ids=[odoo.ref("base.group_user")])


@pytest.fixture(scope="session")
def other_company(odoo):
    """A user of a company without facts, who may read promotions."""
    named = "Screens' Other Company"
    [company] = odoo.call("res.company", "search", [["name", "=", named]]) or odoo.call(
        "res.company", "create", [{"name": named}]
    )
    groups = (
        "base.group_user",
        "loyalty_reporting.group_loyalty_reporting_promotions",
    )
    return user(
        odoo,
        "screens_other_company",
        company_id=company,
        company_ids=[company],
        group_ids=[odoo.ref(group) for group in groups],
    )


def user(odoo, login, **values):
    """Return a user's session; makes the user."""
    if not odoo.call("res.users", "search", [["login", "=", login]]):
        made = {"name": login, "login": login, "password": login, **values}
        odoo.call("res.users", "create", [made])
    return Client(odoo.url, odoo.database, login, login)


def listed(screen):
    """Return the names of the dashboards that a user finds in the app."""
    screen.go("dashboards")
    screen.page.locator(".o_spreadsheet_dashboard_action").wait_for()
    screen.settle()
    names = screen.page.locator(".o_dashboard_name").all_inner_texts()
    return {name.strip() for name in names}


def record(odoo, kind, number):
    """Return a program or shop by its number at the engine."""
    of_engine = [["source", "=", "engine"], ["external_id", "=", number]]
    model = f"loyalty.reporting.{kind}"
    [found] = odoo.call(model, "search_read", of_engine, ["display_name"])
    return found


def names(odoo, kind):
    """Return {number at the engine: name} of programs or shops, archived ones too."""
    found = odoo.call(
        f"loyalty.reporting.{kind}",
        "search_read",
        # Odoo, a source of another test's company, counts from 1, too.
        [["source", "=", "engine"]],
        ["external_id", "display_name"],
        context={"active_test": False},
    )
    return {one["external_id"]: one["display_name"] for one in found}


def _first_column(rows):
    return [[value for value, _text in row[:5]] for row in rows]
