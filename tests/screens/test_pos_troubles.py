"""The till without its server, with a hostile one, and with one that refuses."""

import json
import time

from standing_texts import GOLD, SILVER

from dev.till import STANDING

TIMEOUT = 3
# What Odoo itself says without its server: of requests, and of orders not sent at once.
ODOOS_OWN = ("net::ERR_", "syncAllOrders", "/call_kw/pos.order/sync_from_ui")
HOSTILE = '<img src=x onerror="window.harmed = 1">{{7*7}}<b>Eve</b>'


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
    assert others(till) == []
    till.screen.forget_complaints()
    till.sell(warnings=1)
    # With the server, the popup is as before.
    till.page.context.set_offline(False)
    till.new_order()
    till.choose(partner(GOLD), is_known=True)
    till.open_standing()
    till.read()
    assert till.text("level") == "Gold"
    assert others(till) == []
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
    # Not of the server: a busy one may take longer than a till waits.
    gold = json.dumps({"result": _standing([], "Gold")}).replace('"NUMBER"', "1")

    def hold_the_first(route):
        held.append(route)
        if len(held) > 1:
            route.fulfill(body=gold, content_type="application/json")

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


def _standing(cards, name=HOSTILE):
    level = {"membership_level": name, "membership_product_name": name}
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
        till.answer(**answer)
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
    # Odoo's own dialog about the session may lie above the button by now.
    till.popup.locator(".o_loyalty_standing_again").dispatch_event("click")
    till.popup.locator(".o_loyalty_standing_trouble").wait_for()
    assert till.text("trouble").startswith("Your session has ended.")
    assert till.text("level") == "Silver"
    # What Odoo itself asked meanwhile, if anything.
    own = [c for c in till.screen.complaints if "Session Expired" in c]
    assert till.screen.complaints == own
    till.screen.forget_complaints()


def others(till):
    """Return the complaints that are not Odoo's own about the server."""
    said = till.screen.complaints
    return [c for c in said if not any(word in c for word in ODOOS_OWN)]
