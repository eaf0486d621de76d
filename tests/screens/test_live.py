"""The dashboard follows the engine while it is open."""

import os
import time
from datetime import UTC, datetime

import pytest
from engine_world import Engine

TODAY = "loyalty-dashboard?period=last_7_days"
ORDERS = ("live-1", "live-2")
ROUTE = "/loyalty_reporting/dashboard"
VALUE = "[data-measure=total_amount] .o_loyalty_tile_value"


@pytest.fixture
def engine(odoo):
    """The engine, of which orders of these tests are gone afterwards, and so in Odoo."""
    engine = Engine(os.environ["ENGINE_PG_DSN"], first_id=990_000_000)
    yield engine
    for order in ORDERS:
        engine.run(
            "DELETE FROM engine.order_promotion_line WHERE order_id = %s", [order]
        )
        engine.run("DELETE FROM engine.processed_order WHERE id = %s", [order])
    load(odoo)


def load(odoo):
    """Read the engine, as the button of its source does."""
    domain = [["code", "=", "engine"]]
    ids = odoo.call("loyalty.reporting.source", "search", domain)
    odoo.call("loyalty.reporting.source", "action_sync", ids)


def sell(engine, order, amount):
    """Sell something now, with a program of the history."""
    now = datetime.now(UTC).isoformat()
    engine.order(order, now, lines=0, partner_id=1, store_id=367)
    engine.line(order, program_id=1001, amount=amount, discount="1.00")


@pytest.fixture
def figure(screen):
    """Function that waits until the open dashboard shows an amount."""
    screen.go(TODAY)
    screen.page.locator(VALUE).wait_for()
    screen.page.locator(".o_loyalty_is_live").wait_for()

    def shows(text):
        screen.page.locator(VALUE).get_by_text(text).wait_for()

    shows("$ 0.00")
    return shows


def test_a_sale_appears_by_itself_and_so_does_the_next(figure, engine, odoo):
    sell(engine, ORDERS[0], "12.34")
    load(odoo)
    figure("$ 12.34")
    sell(engine, ORDERS[1], "7.66")
    load(odoo)
    figure("$ 20.00")


def test_what_came_while_the_connection_was_lost_appears_after_it(
    figure, engine, odoo, screen
):
    context = screen.page.context
    context.set_offline(True)
    sell(engine, ORDERS[0], "12.34")
    load(odoo)
    context.set_offline(False)
    figure("$ 12.34")
    screen.forget_complaints()


def test_an_answer_from_before_what_was_told_is_not_the_last_word(
    figure, engine, odoo, screen
):
    """As a read replica gives it that is behind."""
    with screen.page.expect_response(f"**{ROUTE}") as before:
        screen.go(TODAY)
    old, answered = before.value.text(), []

    def behind_at_first(route):
        answered.append(time.monotonic())
        if answered[-1] - answered[0] < 3:
            route.fulfill(content_type="application/json", body=old)
        else:
            route.continue_()

    figure("$ 0.00")
    screen.page.locator(".o_loyalty_is_live").wait_for()
    screen.page.route(f"**{ROUTE}", behind_at_first)
    sell(engine, ORDERS[0], "12.34")
    load(odoo)
    figure("$ 12.34")
    assert len(answered) > 2


def test_without_a_websocket_it_looks_by_itself(open_screen, engine, odoo):
    screen = open_screen()
    screen.page.route_web_socket("**/websocket*", lambda socket: socket.close())
    screen.page.clock.install()
    screen.go(TODAY)
    screen.page.locator(VALUE).get_by_text("$ 0.00").wait_for()
    sell(engine, ORDERS[0], "12.34")
    load(odoo)
    screen.page.clock.run_for(31_000)
    screen.page.locator(VALUE).get_by_text("$ 12.34").wait_for()
    screen.forget_complaints()


def test_figures_that_did_not_change_are_not_drawn_again(figure, engine, odoo, screen):
    page = screen.page
    points = page.locator("[data-family=points]")
    points.evaluate(
        "section => { window.drawn = 0;"
        " new MutationObserver(() => window.drawn++).observe(section,"
        " {childList: true, subtree: true, characterData: true}); }"
    )
    sell(engine, ORDERS[0], "12.34")
    load(odoo)
    figure("$ 12.34")
    assert page.evaluate("window.drawn") == 0
