"""Where a customer stands, at the till."""

import json
import time
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest
from odoo_client import Client
from oracle.business_time import business_day
from oracle.member_facts import load_members
from oracle.membership_events import LEVELS
from oracle.standing import standings
from till import NARROW, STANDING, Till, shop

LAST_DAY, END = "2017-12-31", pd.Timestamp("2018-01-01 04:59:59.999999")
# Gold; Silver with points that expire soon; Bronze.
GOLD, SILVER, BRONZE = 13, 7, 10
THRESHOLDS = {"Silver": 300, "Gold": 1000}
SPENT = "$ {:,.2f} of $ {:,.2f} spent in the last 90 days."
TIMEOUT = 3
HOSTILE = '<img src=x onerror="window.harmed = 1">{{7*7}}<b>Eve</b>'


@pytest.fixture(scope="module")
def config(odoo):
    return shop(odoo)


@pytest.fixture
def partner(odoo):
    """Function (the engine's number): the contact of a customer of the history."""

    def found(household):
        domain = [["ref", "=", str(household)]]
        [partner] = odoo.call("res.partner", "search_read", domain, ["name"])
        return partner

    return found


@pytest.fixture
def till(open_screen, config):
    """Function that opens a till in a window of its own."""
    return lambda *user, **window: Till(open_screen(*user, **window), config)


def at_the_end_of_2017(till):
    """Have the page's questions be about the last business day of the history."""

    def ask(route):
        body = route.request.post_data_json
        body["params"]["as_of"] = LAST_DAY
        route.continue_(post_data=json.dumps(body))

    till.page.route(f"**{STANDING}", ask)


def answered(till, result=None, status=200, problem=None, text=None):
    """Have the page's questions answered as told."""
    error = {"code": 0, "message": "", "data": {"problem": {"status": problem}}}
    body = {"result": result} if problem is None else {"error": error}
    till.page.route(
        f"**{STANDING}",
        lambda route: route.fulfill(status=status, body=text or json.dumps(body)),
    )


def expected(household, instant):
    """What the popup is to say, by the oracle."""
    [found] = standings(pd.Series({household: instant})).values()
    level, since = found["level"]
    next_level, spent = found["next"], found["window_cents"] / 100
    today = _day(instant)
    texts = {
        "level": [LEVELS[level]],
        "since": [f"since {_day(since):%m/%d/%Y}"],
        "balance": [f"{found['balance']:,}"],
        "card": [f"Points programme, card {_card(household)} {found['balance']:,}"],
        "soon": [],
        "month": [
            f"{_month(month, today)}: {points:,}"
            for month, points in sorted(found["expiring"].items())
        ],
        "redemption": [
            f"{_day(at):%m/%d/%Y} · Points programme {points:,} points"
            for at, points in found["redemptions"]
        ],
    }
    soon, later = found["expiring_30_days"], found["expiring_90_days"]
    if soon:
        texts["soon"].append(f"{soon:,} expire within 30 days")
    if later > soon:
        texts["soon"].append(f"{later:,} expire within 90 days")
    if next_level:
        threshold = next_level[1] / 100
        name = LEVELS[next_level[0]]
        texts["spent"] = [SPENT.format(spent, threshold)]
        texts["missing"] = [f"$ {threshold - spent:,.2f} to {name}."]
        percent = str(int(Decimal(found["window_cents"] * 100) / next_level[1]))
    else:
        texts["spent"] = [f"$ {spent:,.2f} spent in the last 90 days."]
        texts["missing"] = ["There is no higher level."]
        percent = None
    return texts, percent


def _day(instant):
    [day] = business_day(pd.Series([instant]))
    return day


def _month(first, today):
    month = pd.Timestamp(first)
    due = " (due)" if (month.year, month.month) < (today.year, today.month) else ""
    return f"{month:%B %Y}{due}"


def _card(household):
    points = load_members().points
    [card] = points[points["partner_id"] == household]["card_id"].unique()
    return card


def shown(till, texts):
    """What the popup says, in the same shape, once it says anything."""
    till.read()
    bar = till.popup.get_by_role("progressbar")
    percent = bar.get_attribute("aria-valuenow") if bar.count() else None
    return {name: till.texts(name) for name in texts}, percent


@pytest.mark.parametrize("household", [GOLD, SILVER, BRONZE])
def test_every_number_equals_the_oracle(till, partner, household):
    till = till()
    at_the_end_of_2017(till)
    till.choose(partner(household))
    till.open_standing()
    wanted = expected(household, END)
    assert shown(till, wanted[0]) == wanted
    till.screen.picture(f"standing_{household}")


def test_a_planted_fault_is_seen(till, partner, odoo):
    silver = partner(SILVER)
    asked = {"odoo_partner_id": silver["id"], "as_of": LAST_DAY}
    told = odoo.post(STANDING, asked)
    till = till()
    answered(till, told)
    till.choose(silver)
    till.open_standing()
    wanted = expected(SILVER, END)
    assert shown(till, wanted[0]) == wanted
    for path, fault in FAULTS.items():
        answered(till, _altered(told, path, fault))
        again = till.popup.locator(".o_loyalty_standing_again:enabled")
        with till.page.expect_response(f"**{STANDING}"):
            again.click()
        again.wait_for()
        assert shown(till, wanted[0]) != wanted, path


def _altered(told, path, fault):
    altered = part = deepcopy(told)
    *way, last = (int(name) if name.isdigit() else name for name in path.split("."))
    for name in way:
        part = part[name]
    assert part[last] != fault
    part[last] = fault
    return altered


FAULTS = {
    "points.balance": 844, "cards.0.balance": 842, "cards.0.card_id": 8,
    "points.expiring_30_days": 15, "points.expiring_90_days": 402,
    "points.expiring.0.points": 13, "points.expiring.1.month": "2018-03-01",
    "progress.spend": 445.68, "progress.missing": 554.32,
    "progress.threshold": 999.99, "progress.progress": 0.45,
    "membership.since_date": "2017-03-31", "redemptions.1.points": 499,
    "redemptions.0.date": "2017-10-20", "membership.membership_level": "Gold",
}  # fmt: skip


def test_the_standing_is_todays(till, partner):
    till = till()
    till.choose(partner(SILVER))
    till.open_standing()
    wanted = expected(SILVER, pd.Timestamp(datetime.now(UTC)).tz_localize(None))
    assert shown(till, wanted[0]) == wanted


def test_the_button_waits_for_a_customer_and_then_shows_the_level(till, partner):
    till = till()
    assert till.button.is_disabled()
    till.page.wait_for_timeout(2000)
    assert till.asked == []
    silver = partner(SILVER)
    till.choose(silver)
    till.button.get_by_text("Silver", exact=True).wait_for()
    assert till.asked == [{"odoo_partner_id": silver["id"], "company_id": 1}]
    # What is fresh is not asked for again, and nothing while it is paid.
    till.open_standing()
    till.close()
    till.sell()
    till.page.wait_for_timeout(2000)
    assert len(till.asked) == 1


def test_a_reward_of_odoos_is_suggested(till, partner, reward):
    till = till()
    at_the_end_of_2017(till)
    till.choose(partner(SILVER))
    till.open_standing()
    till.read()
    assert till.text("reward") == (
        "Next reward Free coffee Can be had now, for 800 points."
    )
    till.close()
    till.choose(partner(BRONZE))
    till.open_standing()
    till.read()
    assert till.text("reward") == "Next reward Free coffee Points missing: 771."


@pytest.fixture
def reward(odoo):
    """A reward for 800 points of the engine's program of points."""
    reward = {"reward_type": "discount", "discount": 5, "required_points": 800}
    program = odoo.call(
        "loyalty.program",
        "create",
        {
            "name": "Points", "program_type": "loyalty", "pos_ok": False,
            "reward_ids": [[5], [0, 0, {**reward, "description": "Free coffee"}]],
        },
    )  # fmt: skip
    named = [["name", "=", "Points programme"]]
    reported = odoo.call("loyalty.reporting.program", "search", named)
    link = "loyalty.reporting.program", "write", reported
    odoo.call(*link, {"odoo_program_id": program})
    yield
    odoo.call(*link, {"odoo_program_id": False})
    odoo.call("loyalty.program", "write", [program], {"active": False})


def test_without_the_server_the_last_known_is_shown_and_the_sale_goes_on(till, partner):
    till = till()
    till.choose(partner(SILVER))
    till.open_standing()
    till.read()
    as_of, balance = till.text("as_of"), till.text("balance")
    till.close()
    # The till must know the other one's name, but not the standing.
    till.page.route(f"**{STANDING}", lambda route: route.abort())
    till.choose(partner(GOLD))
    till.choose(partner(SILVER))
    till.page.unroute(f"**{STANDING}")
    till.page.context.set_offline(True)
    till.open_standing()
    till.popup.locator(".o_loyalty_standing_again").click()
    till.popup.get_by_role("button", name="Try again").wait_for()
    assert till.text("trouble") == (
        "The server cannot be reached now. The sale can go on."
    )
    assert (till.text("as_of"), till.text("balance")) == (as_of, balance)
    assert till.page.locator(".modal").count() == 1
    till.screen.picture("standing_offline")
    till.close()
    # Somebody who was never asked about: a sentence, nothing else.
    till.choose(partner(GOLD), is_known=True)
    till.open_standing()
    till.popup.locator(".o_loyalty_standing_trouble").wait_for()
    assert till.popup.locator("section").count() == 0
    till.close()
    assert [c for c in till.screen.complaints if "net::ERR_" not in c] == []
    till.screen.forget_complaints()
    till.sell(warnings=1)
    # With the server, the popup is as before.
    till.page.context.set_offline(False)
    till.new_order()
    till.choose(partner(GOLD), is_known=True)
    till.open_standing()
    till.read()
    assert till.text("level") == "Gold"
    # What Odoo itself says of the order that it could not send at once.
    own = ("net::ERR_", "syncAllOrders")
    others = [c for c in till.screen.complaints if not any(word in c for word in own)]
    assert others == []
    till.screen.forget_complaints()


def test_a_server_that_is_silent_is_waited_for_three_seconds(till, partner):
    till = till()
    till.page.route(f"**{STANDING}", lambda route: None)
    till.choose(partner(SILVER))
    till.open_standing()
    started = time.monotonic()
    till.popup.locator(".o_loyalty_standing_asking").wait_for()
    till.popup.locator(".o_loyalty_standing_trouble").wait_for()
    assert time.monotonic() - started < TIMEOUT + 1.5
    till.screen.forget_complaints()


def test_one_question_at_a_time_is_asked_and_given_up_with_its_customer(till, partner):
    till = till()
    given_up, held = [], []
    till.page.on("requestfailed", lambda request: given_up.append(request.failure))

    def hold_the_first(route):
        held.append(route)
        if len(held) > 1:
            route.continue_()

    till.page.route(f"**{STANDING}", hold_the_first)
    with till.page.expect_request(f"**{STANDING}"):
        till.choose(partner(SILVER))
    till.choose(partner(GOLD))
    till.button.get_by_text("Gold", exact=True).wait_for()
    assert given_up == ["net::ERR_ABORTED"]
    assert [asked["odoo_partner_id"] for asked in till.asked] == [
        partner(SILVER)["id"], partner(GOLD)["id"],
    ]  # fmt: skip
    till.screen.forget_complaints()


def test_customers_of_whom_nothing_is_known_are_told_so(till, odoo):
    number = odoo.call("res.partner", "create", {"name": HOSTILE})
    till = till()
    till.choose({"id": number, "name": HOSTILE})
    till.open_standing()
    till.popup.locator(".o_loyalty_standing_unknown").wait_for()
    assert till.popup.locator(".modal-title").inner_text().endswith(HOSTILE)
    assert till.page.evaluate("window.harmed") is None
    assert till.popup.locator(".o_loyalty_standing_level").count() == 0
    odoo.call("res.partner", "write", [number], {"active": False})


def test_hostile_names_many_cards_and_numbers_beyond_floats_are_shown(till, partner):
    till = till()
    many = [_card_of(number) for number in range(300)]
    # As the server writes it: a number that no JavaScript number holds.
    number = "12345678901234567890.1234"
    body = json.dumps({"result": _standing(many)}).replace('"NUMBER"', number)
    till.page.route(
        f"**{STANDING}",
        lambda route: route.fulfill(body=body, content_type="application/json"),
    )
    till.choose(partner(SILVER))
    till.open_standing()
    assert till.text("balance") == "12,345,678,901,234,567,890.1234"
    assert till.text("spent").startswith("$ 12,345,678,901,234,567,890.1234 of")
    assert till.text("level") == HOSTILE
    first = till.texts("card")[0]
    assert first.startswith(f"{HOSTILE}, card 0Inactive -5.5 5 expire")
    cards = till.popup.locator(".o_loyalty_standing_cards")
    assert cards.evaluate("list => list.scrollHeight > list.clientHeight")
    assert till.page.evaluate("window.harmed") is None
    # The bar of buttons has room for all of them.
    right = till.page.locator(".leftpane").bounding_box()["width"]
    more = till.page.locator(".more-btn").bounding_box()
    assert more["x"] + more["width"] <= right
    till.screen.picture("standing_hostile")
    assert till.screen.faults(".modal") == []


def _card_of(number):
    expiring = {"expiring_30_days": 5, "expiring_90_days": 7.5, "expiring": []}
    return {
        "card_id": number, "program_id": 1, "program_name": HOSTILE, "active": False,
        "balance": -5.50, "balance_after": 0, "last_movement": None, **expiring,
    }  # fmt: skip


def _standing(cards):
    level = {"membership_level": HOSTILE, "membership_product_name": HOSTILE}
    return {
        "known": True,
        "cards": cards,
        "points": {"balance": "NUMBER", "expiring_30_days": 0, "expiring_90_days": 0,
                   "expiring": [{"month": "2030-01-01", "points": "NUMBER"}]},
        "membership": {**level, "since_date": "2017-01-01"},
        "progress": {"days": 90, "spend": "NUMBER", "next_level": level,
                     "threshold": "NUMBER", "missing": 0.01, "progress": 0.99999},
        "redemptions": [{"date": "2017-01-01", "program_name": HOSTILE, "points": 5,
                         "points_reversed": 2.5}],
        "suggested_reward": {"reward_name": HOSTILE, "points_missing": 1,
                             "required_points": 2},
        "meta": {"currency": "USD", "as_of": "2030-01-01T00:00:00Z",
                 "date": "2030-01-01", "data_as_of": None},
    }  # fmt: skip


def test_a_refusal_is_a_sentence(till, partner):
    till = till()
    till.choose(partner(SILVER))
    till.open_standing()
    till.read()
    for answer, start in (
        ({"problem": 429}, "The server is asked too often"),
        ({"problem": 500}, "The server could not tell"),
        ({"result": []}, "The server could not tell"),
        ({"status": 502, "result": None}, "The server could not tell"),
        ({"text": "<html>Bad Gateway</html>"}, "The server cannot be reached"),
        ({"problem": 403}, "You may not see"),
    ):
        answered(till, **answer)
        assert till.text("level") == "Silver"
        till.popup.locator(".o_loyalty_standing_again").click()
        trouble = till.popup.locator(".o_loyalty_standing_trouble")
        trouble.get_by_text(start).wait_for()
        assert till.page.locator(".modal").count() == 1
    # Who may not see it sees none of what was remembered either.
    assert till.texts("level") == []
    till.screen.forget_complaints()


def test_an_ended_session_is_a_sentence(till, partner):
    till = till()
    till.choose(partner(SILVER))
    till.open_standing()
    till.read()
    till.page.context.clear_cookies()
    till.popup.locator(".o_loyalty_standing_again").click()
    till.popup.locator(".o_loyalty_standing_trouble").wait_for()
    assert till.text("trouble").startswith("Your session has ended.")
    assert till.text("level") == "Silver"


def test_the_popup_serves_the_keyboard_and_those_who_hear_it(till, partner):
    till = till()
    at_the_end_of_2017(till)
    till.choose(partner(SILVER))
    till.open_standing()
    till.read()
    dialog = till.page.get_by_role("dialog", name="Loyalty standing of Household 7")
    assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
    bar = till.popup.get_by_role("progressbar", name="Progress to the next level")
    assert bar.get_attribute("aria-valuetext") == till.text("spent").replace(
        "$ ", "$\N{NO-BREAK SPACE}"
    )
    assert till.screen.faults(".modal") == []
    till.close()


def test_a_narrow_till_has_the_button_among_its_actions(till, partner):
    till = till(**NARROW)
    at_the_end_of_2017(till)
    till.page.locator(".review-button").click()
    till.choose(partner(SILVER))
    till.page.locator(".mobile-more-button").click()
    entry = till.page.locator(".modal .o_loyalty_standing_button")
    entry.get_by_text("Silver", exact=True).wait_for()
    till.screen.picture("standing_actions")
    entry.click()
    wanted = expected(SILVER, END)
    assert shown(till, wanted[0]) == wanted
    assert till.popup.evaluate("popup => popup.scrollWidth <= popup.clientWidth")
    assert till.screen.faults(".modal") == []
    till.screen.picture("standing_narrow")


def test_a_cashier_reads_it_in_his_own_language(till, partner, cashier):
    till = till(cashier)
    at_the_end_of_2017(till)
    till.choose(partner(GOLD))
    till.open_standing()
    till.read()
    assert "2.339,31" in till.text("spent")
    assert till.texts("month")[0].startswith("Mei 2018: ")


@pytest.fixture
def cashier(odoo):
    """A user of the Point of Sale, nothing else, who speaks Indonesian."""
    if not odoo.call("res.lang", "search", [["code", "=", "id_ID"]]):
        domain = [["code", "=", "id_ID"], ["active", "=", False]]
        languages = odoo.call("res.lang", "search", domain)
        wizard = {"lang_ids": [[6, 0, languages]], "overwrite": False}
        number = odoo.call("base.language.install", "create", wizard)
        odoo.call("base.language.install", "lang_install", [number])
    login = "till_cashier"
    if not odoo.call("res.users", "search", [["login", "=", login]]):
        groups = [odoo.ref("base.group_user"), odoo.ref("point_of_sale.group_pos_user")]
        odoo.call(
            "res.users",
            "create",
            {
                "name": "Cashier", "login": login, "password": login,
                "lang": "id_ID", "tz": "Asia/Jakarta", "group_ids": [[6, 0, groups]],
            },
        )  # fmt: skip
    return Client(odoo.url, odoo.database, login, login)
