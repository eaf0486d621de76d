"""The first steps of a company that has nothing yet, as its manager sees them."""

import pytest

PAGE = "loyalty-first-steps"
DASHBOARD = "loyalty-dashboard"
LOGIN = "screens_first_steps"


def test_an_empty_dashboard_shows_the_steps(opened):
    page = opened(DASHBOARD).page
    states = {
        step.get_attribute("data-step"): step.get_attribute("data-state")
        for step in page.locator("[data-step]").all()
    }
    assert [*states] == ["source", "company", "test", "load", "figures"]
    assert set(states.values()) == {"todo"}
    assert page.get_by_text("0 of 5 done").is_visible()
    assert page.locator("[aria-current=step]").get_attribute("data-step") == "source"


def test_the_menu_leads_to_them(opened):
    page = opened(DASHBOARD).page
    page.get_by_role("button", name="Configuration").click()
    page.get_by_role("menuitem", name="First Steps").click()
    page.locator(".o_breadcrumb").get_by_text("First Steps").wait_for()
    assert "loyalty-first-steps" in page.url


@pytest.mark.parametrize(
    ("choice", "shown"),
    [("database", "Extraction Queries"), ("push", "Senders")],
)
def test_each_choice_leads_to_where_it_is_made(opened, choice, shown):
    page = opened(PAGE).page
    page.locator(f"[data-choice={choice}] button").click()
    page.locator(".o_form_view").get_by_text(shown).first.wait_for()


def test_while_an_engine_is_connected_there_is_no_demo(opened):
    page = opened(PAGE).page
    assert page.locator("[data-choice=odoo]").is_visible()
    assert page.locator("[data-choice=demo]").count() == 0


def test_each_step_of_an_engine_leads_to_its_place(opened, company, odoo):
    engine = {"loyalty_reporting_system": "engine"}
    odoo.call("res.company", "write", [company], engine)
    try:
        page = opened(PAGE).page
        step = page.locator("[data-step=company]")
        assert step.get_attribute("data-state") == "trouble"
        assert "names no company" in step.inner_text()
        step.get_by_role("button", name="Open the source").click()
        page.locator(".o_form_view").get_by_text("Companies").first.wait_for()
        page.go_back()
        page.locator("[data-step=test]").get_by_role("button").click()
        page.locator(".modal").get_by_text("processed_order").first.wait_for()
        page.keyboard.press("Escape")
        page.locator("[data-step=load]").get_by_role("button").click()
        page.locator(".o_list_view").wait_for()
    finally:
        odoo.call(
            "res.company", "write", [company], {"loyalty_reporting_system": "odoo"}
        )


def test_the_own_time_zone_is_one_click_away(opened, company, odoo, source):
    del source
    page = opened(PAGE).page
    page.get_by_role("button", name="Use Asia/Jakarta").click()
    page.locator("[data-step=company][data-state=done]").wait_for()
    [found] = odoo.call("res.company", "read", [company], ["loyalty_reporting_tz"])
    assert found["loyalty_reporting_tz"] == "Asia/Jakarta"


def test_the_steps_can_be_hidden_and_shown_again(opened):
    page = opened(DASHBOARD).page
    page.get_by_role("button", name="Hide").click()
    page.get_by_text("No figures yet").wait_for()
    page.get_by_role("button", name="Show the first steps").click()
    page.locator("[data-step]").first.wait_for()


def test_a_reader_sees_whom_to_ask(odoo, open_screen, company):
    reader = person(odoo, company, "points")
    screen = open_screen(reader)
    screen.go(DASHBOARD)
    screen.page.get_by_text("First Steps Manager").wait_for()
    screen.picture("first_steps_reader")
    assert screen.page.locator("[data-step]").count() == 0
    assert screen.faults(".o_loyalty_dashboard") == []


def test_everybody_can_use_them(opened):
    screen = opened(PAGE)
    screen.picture("first_steps")
    assert screen.faults(".o_loyalty_dashboard") == []


def test_they_are_used_with_the_keyboard_alone(opened):
    page = opened(PAGE).page
    page.locator("[data-choice=database] button").focus()
    page.keyboard.press("Enter")
    page.locator(".o_form_view").wait_for()


def test_nothing_is_cut_off_on_a_narrow_screen(opened):
    screen = opened(PAGE, viewport={"width": 390, "height": 844})
    content = screen.page.locator(".o_loyalty_dashboard .o_content")
    widths = content.evaluate("content => [content.scrollWidth, content.clientWidth]")
    screen.picture("first_steps_narrow")
    assert widths[0] <= widths[1]


# ---------------------------------------------------------------- an empty company


@pytest.fixture(scope="module")
def company(odoo):
    """A company without sales, whose system of record is Odoo."""
    name = "First Steps"
    known = odoo.call("res.company", "search", [["name", "=", name]])
    [found] = known or odoo.call("res.company", "create", [{"name": name}])
    zone = {"loyalty_reporting_tz": "UTC", "loyalty_reporting_system": "odoo"}
    odoo.call("res.company", "write", [found], zone)
    return found


@pytest.fixture
def source(odoo, company):
    """Odoo's sales are read, for as long as the test takes."""
    del company
    number = odoo.ref("loyalty_reporting.source_odoo")
    odoo.call("loyalty.reporting.source", "write", [number], {"active": True})
    yield number
    odoo.call("loyalty.reporting.source", "write", [number], {"active": False})


@pytest.fixture
def opened(odoo, open_screen, company):
    """Function that opens a page as the company's manager, steps shown."""

    def open_page(path, **options):
        screen = open_screen(person(odoo, company, "manager"), **options)
        screen.go(path)
        screen.page.locator("[data-step]").first.wait_for()
        return screen

    return open_page


def person(odoo, company, group):
    """Return the client of a user of the company and of one of our groups."""
    login = f"{LOGIN}_{group}"
    group_ids = [
        odoo.ref("base.group_user"),
        odoo.ref(f"loyalty_reporting.group_loyalty_reporting_{group}"),
    ]
    values = {"name": f"First Steps {group.capitalize()}", "login": login}
    values |= {"password": login, "group_ids": group_ids, "tz": "Asia/Jakarta"}
    values |= {"company_id": company, "company_ids": [company]}
    if not odoo.call("res.users", "search", [["login", "=", login]]):
        odoo.call("res.users", "create", [values])
    return type(odoo)(odoo.url, odoo.database, login, login)
