"""Members and points of the whole reference history, against the independent oracle."""

import databases
import pytest
from generic_world import MEMBERSHIP, STATEMENT_2, STATEMENT_3, assert_rows
from oracle import (
    ageing,
    assert_same,
    expiry_forecast,
    load_members,
    membership_analytics,
    outstanding,
    plant_cent,
    plant_customer,
    point_detail,
    point_rollup,
    roll_forward,
    sql_statement_2,
    sql_statement_3,
)
from oracle.membership_analytics import churn
from sql_statements import run

OUTSTANDING = 1_237_983
FLOWS = ["points_earned", "points_redeemed", "points_expired", "points_adjusted"]
DETAIL = """
    SELECT card_id, row_number() OVER (
            PARTITION BY card_id ORDER BY transaction_date, seq) AS place,
        partner_id, program_id, transaction_type, points_amount, balance_after,
        transaction_date, expires_at, order_id, date::timestamp AS date, hour, amount,
        membership_product_id, is_first_order IS TRUE AS is_first_order, points_earned,
        points_redeemed, points_expired, points_adjusted
    FROM point_analytics"""
COLUMNS = [
    *("partner_id", "program_id", "transaction_type", "points_amount", "balance_after"),
    *("transaction_date", "expires_at", "order_id", "date", "hour", "amount"),
    *("membership_product_id", "is_first_order", *FLOWS),
]
ASKED = [
    {"date_from": "2017-03-01 00:00:00", "date_to": "2017-04-30 23:59:59"},
    {"date_from": "2017-11-05 05:30:00", "date_to": "2017-11-05 06:30:00"},
    {"date_from": "2016-01-01 00:00:00", "date_to": "2018-12-31 00:00:00"},
]


@pytest.fixture(scope="module")
def dsn(history):
    """URL of the loaded reporting database; nobody writes to it."""
    return history[0]


def test_every_event_has_its_customer_level_and_day(dsn):
    found = databases.dicts(
        dsn, "SELECT *, transaction_date AS occurred_at FROM membership_event"
    )
    events = load_members().events
    names = [
        "order_id",
        "event_type",
        "date",
        "occurred_at",
        "to_membership_product_id",
    ]
    names += ["from_membership_product_id"]
    found = [{**row, "date": str(row["date"])} for row in found]
    events = events.assign(date=events["date"].dt.strftime("%Y-%m-%d"))
    # The customer's events have their order; the numbers are the engine's.
    for rows in (found, events := events.to_dict("records")):
        rows.sort(key=lambda row: (row["partner_id"], row["occurred_at"], row["id"]))
        for place, row in enumerate(rows):
            row["place"] = place
    assert len(found) == 8_654
    assert_same(events, found, ["place", "partner_id"], names)


def test_membership_by_level_and_day(dsn):
    told = [name for name in MEMBERSHIP if name != "members"]
    expected, actual = (
        [row for row in rows if any(row[name] for name in told)]
        for rows in (
            membership_analytics().to_dict("records"),
            databases.dicts(dsn, "SELECT * FROM membership_analytics"),
        )
    )
    keys, digits = ["membership_product_id", "date"], {"avg_spending": 4}
    assert_same(expected, actual, keys, MEMBERSHIP, digits=digits)
    for planted in (
        plant_cent(actual, "total_spending", 300),
        plant_customer(actual, "members", 400),
    ):
        with pytest.raises(AssertionError, match="1 differences"):
            assert_same(expected, planted, keys, MEMBERSHIP, digits=digits)


def test_all_rows_of_the_ledger(dsn):
    found = databases.dicts(dsn, DETAIL)
    assert len(found) == 185_548
    expected = point_detail().sort_values(["card_id", "transaction_date", "seq"])
    expected = expected.assign(place=expected.groupby("card_id").cumcount() + 1)
    assert_same(expected, found, ["card_id", "place"], COLUMNS)
    planted = plant_cent(found, "points_earned", 77_777)
    with pytest.raises(AssertionError, match="1 differences"):
        assert_same(expected, planted, ["card_id", "place"], ["points_earned"])


def test_the_rollup_and_its_balances(dsn):
    found = databases.dicts(dsn, "SELECT * FROM point_analytics_rollup")
    keys = ["card_id", "date", "hour", "transaction_type"]
    assert_same(point_rollup(), found, keys, ["partner_id", *FLOWS, "balance"])


def test_the_roll_forward_closes_on_every_card_and_day(dsn):
    found = databases.dicts(dsn, "SELECT * FROM point_card_day")
    measures = ["opening", *FLOWS, "closing"]
    assert_same(roll_forward(), found, ["card_id", "date"], measures)
    flows = databases.rows(
        dsn,
        "SELECT sum(points_earned) - sum(points_redeemed) - sum(points_expired)"
        " + sum(points_adjusted) FROM point_card_day",
    )
    assert flows == [(OUTSTANDING,)]


def test_what_is_outstanding(dsn):
    assert outstanding("2017-12-31") == OUTSTANDING
    lots = (
        "SELECT sum(remaining) FROM loyalty_reporting_point_lots('2018-01-01 04:59:59')"
    )
    assert databases.value(dsn, lots) == OUTSTANDING
    assert databases.value(dsn, "SELECT sum(balance) FROM card_state") == OUTSTANDING
    for table in ("point_analytics_rollup", "point_day_data"):
        changes = databases.value(dsn, f"SELECT sum(balance_change) FROM {table}")
        assert changes == OUTSTANDING


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked["date_from"][:10])
def test_the_second_and_third_statement_of_the_contract_run_as_written(asked, dsn):
    assert_rows(
        sql_statement_2(**asked),
        run(dsn, 2, **asked),
        ["membership_level", "report_date"],
        STATEMENT_2,
        digits={"avg_spending": 16},
    )
    for partner in (None, 1, 2469):
        assert_rows(
            sql_statement_3(**asked, partner_id=partner),
            run(dsn, 3, **asked, partner_id=partner),
            ["report_date", "transaction_type"],
            STATEMENT_3,
            digits={"avg_points": 16},
        )


def test_members_who_stay_away_are_counted_on_the_day_they_cross(dsn):
    found = databases.rows(
        dsn,
        "SELECT p.external_id, c.date::text, c.churned_members"
        " FROM loyalty_reporting_churn(90, '2017-12-31') c"
        " JOIN loyalty_reporting_membership_product p ON p.id = c.membership_product_key",
    )
    crossings = churn(load_members(), 90, "2017-12-31").dropna()
    groups = crossings.groupby(["membership_product_id", "date"]).size()
    expected = {
        (int(product), str(day.date()), count)
        for (product, day), count in groups.items()
    }
    assert set(found) == expected
    assert sum(count for _product, _day, count in found) == 521


@pytest.mark.parametrize("day", ["2017-06-30", "2017-12-31"])
def test_outstanding_points_by_age_and_by_expiry(dsn, day):
    ages = dict(
        databases.rows(
            dsn,
            "SELECT age, sum(points) FROM loyalty_reporting_point_ageing(%s) GROUP BY 1",
            [day],
        )
    )
    assert ages == {band: points for band, points in ageing(day).items() if points}
    months = dict(
        databases.rows(
            dsn,
            "SELECT month, sum(points) FROM loyalty_reporting_point_expiry(%s)"
            " GROUP BY 1",
            [day],
        )
    )
    assert months == expiry_forecast(day)
