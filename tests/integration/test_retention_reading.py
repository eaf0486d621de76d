"""What is asked when months are archived: answered exactly, or refused, never guessed."""

from contextlib import closing
from dataclasses import replace
from datetime import date

import databases
import psycopg2
import pytest
from archiving import BOTH, archived, away, month
from asking import ask, asked_of
from copies import fresh_cursor
from pipeline import NEW_YORK, contents, synced
from reconciling import MONTHS, reconciled, repaired

from core.database import connect
from core.errors import BadQuery
from core.queries import REPORTS
from core.queries.export import exported
from core.records import Company
from core.retention.policy import Policy, Tier
from core.retention.restore import restore
from core.settings import Settings

pytest_plugins = ["store_fixtures"]
KOLKATA = Company(1, "Asia/Kolkata", "USD", 2)
YEAR = (date(2017, 1, 1), date(2017, 12, 31))
ADDED_UP = [slug for slug in REPORTS if slug != "points/transactions"]


@pytest.fixture
def half(synced_shop, tmp_path):
    """A report of which March is archived, and April is here."""
    assert archived(synced_shop, tmp_path, month(2017, 7)) == [month(2017, 3)]
    return synced_shop


@pytest.mark.parametrize("slug", ADDED_UP)
@pytest.mark.parametrize("grain", ["day", "month"])
def test_what_adds_up_is_answered_as_before(slug, grain, synced_shop, tmp_path):
    query = asked_of(slug, *YEAR, group_by=grain)
    before = ask(synced_shop, query)

    archived(synced_shop, tmp_path, month(2018, 1))

    after = ask(synced_shop, query)
    assert before.rows
    assert (after.rows, after.tier) == (before.rows, before.tier)


def test_rows_of_an_archived_month_are_refused_with_what_to_do(half):
    with pytest.raises(BadQuery) as refused:
        ask(half, asked_of("points/transactions", *YEAR))

    assert refused.value.parameter == "date_from"
    assert "from March 2017 to March 2017 are archived" in str(refused.value)
    # The first business day in New York that begins in April, in UTC.
    assert "rows are here from 2017-04-01 on" in str(refused.value)


def test_rows_after_it_are_answered(half):
    query = asked_of("points/transactions", date(2017, 4, 1), date(2017, 12, 31))

    found = ask(half, query)

    assert found.tier == "detail"
    begin = {"since": "2017-04-01 04:00"}
    expected = databases.value(
        half,
        "SELECT count(*) FROM point_analytics WHERE transaction_date >= %(since)s",
        begin,
    )
    assert len(found.rows) == expected > 0


def test_an_export_of_archived_rows_is_refused(half):
    query = asked_of("points/transactions", *YEAR)
    with (
        fresh_cursor(half) as cr,
        pytest.raises(BadQuery),
        exported(query, cr, Settings(), lambda: fresh_cursor(half)),
    ):
        pass


def test_lots_are_the_same_at_any_instant_after_the_horizon(synced_shop, tmp_path):
    query = """
        SELECT d.day::date, a.* FROM generate_series(
            '2017-05-01'::date, '2018-01-01', '10 days') AS d(day),
        LATERAL loyalty_reporting_point_ageing(d.day::date) a ORDER BY 1, 2, 3, 4"""
    before = databases.rows(synced_shop, query)

    archived(synced_shop, tmp_path, month(2017, 12))

    assert before
    assert databases.rows(synced_shop, query) == before


def test_a_shop_of_archived_months_alone_is_refused_not_unknown(synced_shop, tmp_path):
    query = asked_of("promotions/performance", *YEAR, store_id="2")
    assert ask(synced_shop, query).rows

    archived(synced_shop, tmp_path, month(2019, 5), policies=BOTH)

    with pytest.raises(BadQuery) as refused:
        ask(synced_shop, query)
    assert (type(refused.value), refused.value.parameter) == (BadQuery, "date_from")


LOTS = "SELECT * FROM loyalty_reporting_point_lots(%(at)s) ORDER BY card_id, earned_at"
AGEING = "SELECT * FROM loyalty_reporting_point_ageing(%(at)s::date)"


@pytest.mark.parametrize("query", [LOTS, AGEING])
def test_lots_of_an_instant_before_the_horizon_are_refused(query, half):
    at = {"at": "2017-03-20 12:00"}
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState) as refused:
        databases.rows(half, query, at)
    assert "bookings before 2017-04-01 00:00:00 are archived" in str(refused.value)

    restore(half, month(2017, 3))

    assert databases.rows(half, query, at)


def test_lots_of_an_instant_before_all_that_is_archived_are_told(half):
    assert databases.rows(half, LOTS, {"at": "2017-02-20 12:00"}) == []


def test_archived_months_are_no_difference(shop, half):
    synced(shop.dsn, half)

    assert reconciled(shop.dsn, half) == []


def test_a_repair_leaves_archived_months_alone(shop, half):
    synced(shop.dsn, half)
    before = contents(half)
    # The day beside an archived month cannot be compared: it may lie in both.
    databases.execute(
        half,
        "UPDATE promotion_day_data SET total_qty = total_qty + 1 WHERE date > '2017-04-01'",
    )

    repaired(shop.dsn, half, months=MONTHS)

    assert contents(half) == before
    assert away(half) == [month(2017, 3)]


def test_a_new_time_zone_cuts_archived_days_too(
    shop, half, assert_same_as_from_scratch
):
    with closing(connect(half)) as connection, connection, connection.cursor() as cr:
        cr.execute("SELECT count(*) FROM promotion_report_detail_data")
        [few] = cr.fetchone()
    options = {"companies": [KOLKATA]}

    synced(shop.dsn, half, **options)

    assert away(half) == []
    expected = assert_same_as_from_scratch(half, shop.dsn, **options)
    assert len(expected["detail"]) > few


def zone_of_days(dsn):
    """The time zone in which days are cut, and days of late instants in it."""
    return databases.rows(
        dsn,
        "SELECT DISTINCT k.timezone, d.date = (d.transaction_date AT TIME ZONE 'UTC'"
        " AT TIME ZONE k.timezone)::date FROM promotion_order_data d"
        " JOIN loyalty_reporting_company k USING (company_id)",
    )


def test_loads_go_on_in_the_old_zone_where_an_archive_has_expired(
    shop, synced_shop, tmp_path
):
    policies = (Policy(Tier.DETAIL, 90), Policy(Tier.ARCHIVE, 1826))
    archived(synced_shop, tmp_path, month(2017, 12))
    left = archived(synced_shop, tmp_path, month(2022, 4), policies=policies)
    assert left == [month(2017, 4)]
    shop.order("B1", "2022-06-01 02:00Z")

    synced(shop.dsn, synced_shop, companies=[KOLKATA])

    assert zone_of_days(synced_shop) == [(NEW_YORK.timezone, True)]
    # Nothing was restored in vain.
    assert away(synced_shop) == left
    day = databases.value(synced_shop, "SELECT max(date) FROM promotion_order_data")
    assert day == date(2022, 5, 31)
    synced(shop.dsn, synced_shop, companies=[replace(NEW_YORK, currency="EUR")])
    assert zone_of_days(synced_shop) == [(NEW_YORK.timezone, True)]


def test_loads_go_on_in_the_old_zone_while_files_are_missing(
    shop, half, tmp_path, assert_same_as_from_scratch
):
    elsewhere = tmp_path.rename(tmp_path.with_name("elsewhere"))
    shop.order("B1", "2017-06-01 02:00Z")

    synced(shop.dsn, half, companies=[KOLKATA])

    assert zone_of_days(half) == [(NEW_YORK.timezone, True)]
    elsewhere.rename(tmp_path)
    synced(shop.dsn, half, companies=[KOLKATA])
    assert zone_of_days(half) == [(KOLKATA.timezone, True)]
    assert_same_as_from_scratch(half, shop.dsn, companies=[KOLKATA])
