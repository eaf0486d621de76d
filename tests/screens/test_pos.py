"""Where a customer stands, at the till."""

from copy import deepcopy
from datetime import UTC, datetime

import pandas as pd
import pytest
from reporting import execute
from standing_texts import BRONZE, END, GOLD, LAST_DAY, SILVER, expected

from dev.odoo_client import Client
from dev.till import NARROW, STANDING, Till


def test_every_number_equals_the_oracle(till, partner):
    till = till()
    till.ask_as_of(LAST_DAY)
    for household in (GOLD, SILVER, BRONZE):
        till.choose(partner(household))
        till.open_standing()
        wanted = expected(household, END)
        assert till.shown(wanted[0]) == wanted
        till.screen.picture(f"standing_{household}")
        till.close()


def test_a_planted_fault_is_seen(till, partner, odoo):
    silver = partner(SILVER)
    asked = {"odoo_partner_id": silver["id"], "as_of": LAST_DAY}
    told = odoo.post(STANDING, asked)
    till = till()
    till.answer(told)
    till.choose(silver)
    till.open_standing()
    wanted = expected(SILVER, END)
    assert till.shown(wanted[0]) == wanted
    for path, fault in FAULTS.items():
        till.answer(_altered(told, path, fault))
        again = till.popup.locator(".o_loyalty_standing_again:enabled")
        with till.page.expect_response(f"**{STANDING}"):
            again.click()
        again.wait_for()
        assert till.shown(wanted[0]) != wanted, path


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
    assert till.shown(wanted[0]) == wanted


def test_what_is_archived_is_told_as_not_known(till, partner, cut_month):
    till = till()
    till.ask_as_of(LAST_DAY)
    till.choose(partner(SILVER))
    till.open_standing()
    till.read()
    assert till.text("spent") == (
        "What was spent in the last 90 days is not known: some of it is archived."
    )
    # Neither a bar nor a sum that would be a guess.
    assert till.popup.get_by_role("progressbar").count() == 0
    assert till.texts("missing") == ["Next level: Gold."]
    wanted, _percent = expected(SILVER, END)
    for part in ("level", "balance", "card", "month", "redemption"):
        assert till.texts(part) == wanted[part]
    assert till.screen.faults(".modal") == []
    till.screen.picture("standing_archived")


def test_since_when_redemptions_are_listed_is_told(till, partner, odoo):
    silver = partner(SILVER)
    told = odoo.post(STANDING, {"odoo_partner_id": silver["id"], "as_of": LAST_DAY})
    told["redemptions"] = told["redemptions"][:1]
    told["meta"]["listed_since"] = "2017-04-01"
    till = till()
    till.answer(told)
    till.choose(silver)
    till.open_standing()
    till.popup.get_by_text("Redemptions before 04/01/2017 are archived.").wait_for()
    till.screen.picture("standing_listed_since")


@pytest.fixture
def cut_month():
    """October 2017 left, and the window of progress begins amid it."""
    execute(
        "INSERT INTO loyalty_reporting_archive (month, tier, state)"
        " VALUES ('2017-10-01', 'aggregate', 'archived');"
        "INSERT INTO customer_month (month, company_id, customer_key, spending,"
        " transactions, refund_transactions, first_sale, last_sale)"
        " SELECT '2017-10-01', 1, id, 100, 2, 0, '2017-10-01', '2017-10-20'"
        f" FROM loyalty_reporting_customer WHERE external_id = {SILVER}"
    )
    yield
    execute(
        "DELETE FROM loyalty_reporting_archive WHERE month = '2017-10-01';"
        "DELETE FROM customer_month WHERE month = '2017-10-01'"
    )


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


def test_where_there_is_no_standing_the_till_is_as_without_the_addon(
    open_screen, till_config, partner
):
    screen = open_screen()

    def tell_none(route):
        loaded = route.fetch().json()
        [told] = loaded["result"]["pos.config"]
        assert told["_has_loyalty_standing"] is True
        told["_has_loyalty_standing"] = False
        route.fulfill(json=loaded)

    screen.page.route("**/pos.session/load_data", tell_none)
    till = Till(screen, till_config)
    till.choose(partner(SILVER))
    till.page.wait_for_timeout(3000)
    assert till.button.count() == 0
    assert till.asked == []


def test_a_reward_of_odoos_is_suggested(till, partner, reward):
    till = till()
    till.ask_as_of(LAST_DAY)
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


def test_the_popup_serves_the_keyboard_and_those_who_hear_it(till, partner):
    till = till()
    till.ask_as_of(LAST_DAY)
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
    till.ask_as_of(LAST_DAY)
    till.page.locator(".review-button").click()
    till.choose(partner(SILVER))
    till.page.locator(".mobile-more-button").click()
    entry = till.page.locator(".modal .o_loyalty_standing_button")
    entry.get_by_text("Silver", exact=True).wait_for()
    till.screen.picture("standing_actions")
    entry.click()
    wanted = expected(SILVER, END)
    assert till.shown(wanted[0]) == wanted
    assert till.popup.evaluate("popup => popup.scrollWidth <= popup.clientWidth")
    assert till.screen.faults(".modal") == []
    till.screen.picture("standing_narrow")


def test_a_cashier_reads_it_in_his_own_language(till, partner, cashier):
    till = till(cashier)
    till.ask_as_of(LAST_DAY)
    till.choose(partner(GOLD))
    till.open_standing()
    till.read()
    assert till.text("spent").startswith("$ 2.339,31 dibelanjakan dalam 90 hari")
    assert till.texts("month")[0].startswith("Mei 2018: ")


@pytest.fixture
def cashier(odoo):
    """A user of the Point of Sale, nothing else, who speaks Indonesian."""
    odoo.install_language("id_ID")
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
