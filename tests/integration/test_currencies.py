"""Orders in another currency: converted once, with the rate of their day."""

from datetime import date
from decimal import Decimal

import databases
import pytest
from pipeline import NEW_YORK, contents, sync_once, synced

from core import sync
from core.records import Company, Rate
from core.sources import SOURCES

EUR = Rate(1, "EUR", date(2017, 3, 1), Decimal("1.0545"))
LATER = Rate(1, "EUR", date(2017, 3, 10), "1.1")
LINES = (
    "SELECT amount, discount, order_currency, currency_rate, currency_amount,"
    " currency_discount FROM promotion_report_detail WHERE order_id = 'E1'"
)


@pytest.fixture
def foreign(shop):
    """The shop with an order in euros, on 9 March in New York."""
    shop.order("E1", "2017-03-10 02:00Z", currency="EUR", lines=1)
    return shop


def digits(*texts):
    return tuple(Decimal(text) for text in texts)


def test_amounts_are_converted_by_the_rate_of_the_business_day(foreign, report):
    synced(foreign.dsn, report, rates=[LATER, EUR])
    [row] = databases.rows(report, LINES)
    assert row == (
        *digits("10.5345", "0.5273"),
        "EUR",
        *digits("1.0545", "9.99", "0.5"),
    )


def test_an_order_without_a_rate_waits_and_is_replayed_when_there_is_one(
    foreign, report, assert_same_as_from_scratch
):
    rates = {"rates": [Rate(1, "EUR", date(2017, 3, 10), "1.1")]}
    synced(foreign.dsn, report, **rates)
    reasons = {row[4] for row in contents(report)["dead letters"]}
    assert "no exchange rate of EUR on 2017-03-09" in reasons
    sync_once(foreign.dsn, report, rates=[EUR])
    source = SOURCES["engine_pg"](foreign.dsn)
    result = sync.replay(source, report, source_name="engine", keys={"order": ["E1"]})
    assert (result.state, result.counts.documents_changed) == ("done", 1)
    assert contents(report)["dead letters"] == []
    assert_same_as_from_scratch(report, foreign.dsn, rates=[LATER, EUR])


def test_a_rate_that_is_corrected_later_leaves_what_was_loaded(foreign, report):
    synced(foreign.dsn, report, rates=[EUR])
    foreign.change("processed_order", "E1", store_id=9)
    other = Rate(1, "EUR", EUR.valid_from, "2")
    assert synced(foreign.dsn, report, rates=[other]).documents_changed == 1
    assert databases.rows(report, LINES)[0][3] == Decimal("1.0545")


def test_an_order_moved_to_another_day_takes_that_days_rate(
    foreign, report, assert_same_as_from_scratch
):
    rates = {"rates": [EUR, LATER]}
    synced(foreign.dsn, report, **rates)
    foreign.change("processed_order", "E1", ordered_at="2017-03-20 12:00Z")
    synced(foreign.dsn, report, **rates)
    assert databases.rows(report, LINES)[0][3] == Decimal("1.1")
    assert_same_as_from_scratch(report, foreign.dsn, **rates)


def test_an_order_whose_currency_is_corrected_is_converted_anew(
    foreign, report, assert_same_as_from_scratch
):
    rates = {"rates": [EUR]}
    synced(foreign.dsn, report, **rates)
    foreign.change("processed_order", "E1", currency="USD")
    synced(foreign.dsn, report, **rates)
    [row] = databases.rows(report, LINES)
    assert row == (*digits("9.99", "0.5"), None, None, None, None)
    assert_same_as_from_scratch(report, foreign.dsn, **rates)


def test_an_amount_that_is_too_large_once_converted_is_refused(foreign, report):
    for amount in ("99999999999999.9999", "50000000000000", "49999999999999.9999"):
        foreign.line("E1", amount=amount)
    synced(foreign.dsn, report, rates=[Rate(1, "EUR", EUR.valid_from, "2")])
    reasons = [row[4] for row in contents(report)["dead letters"]]
    assert len(reasons) == 2
    assert all("in the company's currency does not fit" in text for text in reasons)
    converted = {str(row[0]) for row in databases.rows(report, LINES)}
    assert "99999999999999.9998" in converted


def test_a_rounding_up_to_the_limit_is_refused_too(foreign, report):
    foreign.line("E1", amount="99999999999999.9999")
    rates = [Rate(1, "EUR", EUR.valid_from, "1.0000000000000000009")]
    synced(foreign.dsn, report, rates=rates)
    assert len(contents(report)["dead letters"]) == 1


def test_all_orders_are_foreign_where_the_company_keeps_other_books(
    shop, report, assert_same_as_from_scratch
):
    options = {
        "companies": [Company(1, NEW_YORK.timezone, "CHF", 2)],
        "rates": [Rate(1, "USD", date(2017, 1, 1), "0.987654321")],
    }
    synced(shop.dsn, report, **options)
    found = assert_same_as_from_scratch(report, shop.dsn, **options)
    assert {row[20] for row in found["detail"]} == {"USD"}
