"""Business days and clock hours in any zone, and companies that change theirs."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import databases
import pytest
from engine_world import Engine
from pipeline import contents, synced
from recomputed import assert_rollups_follow_from_detail

from core.records import Company, Rate

ZONES = [
    "America/New_York",
    "Asia/Kolkata",  # +5:30
    "Asia/Kathmandu",  # +5:45
    "Australia/Lord_Howe",  # summer time of half an hour
    "Pacific/Kiritimati",  # +14
    "Pacific/Marquesas",  # -9:30
    "Etc/GMT+12",
    "Africa/Casablanca",
    "UTC",
]
# The clocks change in New York, on Lord Howe, in Casablanca; borders of months.
INSTANTS = [
    *("2017-03-12 04:59:59", "2017-03-12 06:59:59", "2017-03-12 07:00:00"),
    *("2017-11-05 03:59:59", "2017-11-05 05:30:00", "2017-11-05 06:30:00"),
    *("2017-04-01 14:29:59", "2017-04-01 14:45:00", "2017-04-01 15:00:00"),
    *("2017-04-01 15:15:00", "2017-04-01 15:31:00", "2017-09-30 15:29:00"),
    *("2017-09-30 15:31:00", "2017-10-31 23:15:00", "2017-10-31 23:45:00"),
    *("2017-11-01 00:00:00", "2017-11-01 00:05:00", "2017-11-01 00:20:00"),
    *("2017-11-30 18:14:59", "2017-11-30 18:15:00", "2017-11-30 18:30:00"),
    *("2017-12-31 09:59:59", "2017-12-31 10:00:00", "2017-12-31 23:59:59.999999"),
    *("2018-01-01 00:00:00", "2018-01-01 04:59:59", "2018-01-01 12:00:00"),
    *("2017-05-27 01:30:00", "2017-05-27 02:30:00", "2017-07-02 02:30:00"),
]


@pytest.fixture(scope="module")
def instants(engine_template):
    """An engine with orders, refunds and baskets at all these instants."""
    with databases.database(databases.ENGINE, engine_template) as dsn:
        engine = Engine(dsn)
        for number, instant in enumerate(INSTANTS):
            state = "refund" if number % 7 == 0 else "done"
            at = f"{instant}+00"
            engine.order(f"O{number}", at, state=state, company_id=number % 2 + 1)
            engine.evaluation(f"O{number}", "applied", evaluated_at=at)
        yield engine


def company(zone, number=1, currency="USD"):
    return Company(number, zone, currency, 2)


def both(first, second=None):
    """Options of a run for two companies of one engine."""
    companies = [company(first, 1), company(second or first, 2)]
    return {"companies": companies, "mapping": {1: 1, 2: 2}}


def cut_in(zone, instant):
    """(business day, start of the clock hour in UTC) by Python's own zones."""
    local = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    into = timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    return local.date(), instant - into


def assert_cut(report, zones):
    """All rows have the day and hour that Python finds for their company's zone."""
    rows = databases.rows(
        report,
        "SELECT company_id, transaction_date, date, hour FROM promotion_report_detail"
        " UNION ALL SELECT company_id, transaction_date, date, hour"
        " FROM promotion_evaluation_data",
    )
    assert len(rows) == 2 * len(INSTANTS)
    for number, instant, day, hour in rows:
        assert (day, hour) == cut_in(zones[number], instant), (zones[number], instant)


@pytest.mark.parametrize("zone", ZONES)
def test_a_first_load_cuts_days_and_hours_as_the_zones_clock_does(
    zone, instants, report
):
    synced(instants.dsn, report, workers=3, **both(zone))
    assert_cut(report, {1: zone, 2: zone})
    assert_rollups_follow_from_detail(report)
    in_rollup = "SELECT sum(total_amount) FROM promotion_performance"
    in_detail = "SELECT sum(amount) FROM promotion_report_detail"
    assert databases.value(report, in_rollup) == databases.value(report, in_detail)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe"])
def test_changes_are_cut_like_a_first_load(
    zone, instants, report, engine_template, assert_same_as_from_scratch
):
    with databases.database(databases.ENGINE, engine_template) as dsn:
        engine = Engine(dsn)
        engine.order("first", "2016-12-01 00:00Z", company_id=1)
        synced(dsn, report, **both(zone))
        for number, at in enumerate(INSTANTS):
            engine.order(f"O{number}", f"{at}+00", company_id=number % 2 + 1)
            engine.evaluation(f"O{number}", "applied", evaluated_at=f"{at}+00")
        engine.delete("processed_order", "first")
        engine.run("DELETE FROM engine.order_promotion_line WHERE order_id = 'first'")
        synced(dsn, report, chunk_documents=4, **both(zone))
        assert_cut(report, {1: zone, 2: zone})
        assert_same_as_from_scratch(report, dsn, **both(zone))


@pytest.mark.parametrize("zone", ZONES[1:4])
def test_a_company_that_changes_its_zone_is_cut_anew(
    zone, instants, report, assert_same_as_from_scratch
):
    synced(instants.dsn, report, **both("America/New_York"))
    synced(instants.dsn, report, **both(zone, "America/New_York"))
    assert_cut(report, {1: zone, 2: "America/New_York"})
    assert_same_as_from_scratch(report, instants.dsn, **both(zone, "America/New_York"))


def test_a_zone_changed_and_changed_back_leaves_what_was_there(instants, report):
    synced(instants.dsn, report, **both("America/New_York"))
    before = contents(report)
    for zone in ("Asia/Kathmandu", "Pacific/Kiritimati", "America/New_York"):
        synced(instants.dsn, report, **both(zone))
    assert contents(report) == before


def test_baskets_are_cut_anew_too(shop, report, assert_same_as_from_scratch):
    synced(shop.dsn, report)
    options = {"companies": [company("Asia/Kolkata")]}
    synced(shop.dsn, report, **options)
    assert_same_as_from_scratch(report, shop.dsn, **options)


def test_a_recut_gives_every_row_a_new_load_so_that_copies_follow(instants, report):
    synced(instants.dsn, report, **both("America/New_York"))
    query = (
        "SELECT company_id, max(load_id) FROM (SELECT company_id, load_id"
        " FROM promotion_order_data UNION ALL SELECT company_id, load_id"
        " FROM promotion_performance_data) r GROUP BY 1"
    )
    before = dict(databases.rows(report, query))
    synced(instants.dsn, report, **both("Asia/Kolkata", "America/New_York"))
    after = dict(databases.rows(report, query))
    assert after[1] > max(before.values()) and after[2] == before[2]
    old = "SELECT count(*) FROM promotion_order_data WHERE company_id = 1 AND load_id < %s"
    assert databases.value(report, old, [after[1]]) == 0


def test_two_companies_of_one_engine_have_their_own_days_and_currencies(
    instants, report, assert_same_as_from_scratch
):
    instants_in = both("America/New_York", "Asia/Tokyo")
    instants_in["companies"][1] = company("Asia/Tokyo", 2, "JPY")
    rates = {"rates": [Rate(2, "USD", date(2016, 1, 1), "110.25")]}
    synced(instants.dsn, report, **instants_in, **rates)
    assert_cut(report, {1: "America/New_York", 2: "Asia/Tokyo"})
    assert_same_as_from_scratch(report, instants.dsn, **instants_in, **rates)
    found = databases.rows(
        report,
        "SELECT DISTINCT company_id, amount, order_currency, currency_amount"
        " FROM promotion_report_detail ORDER BY 1",
    )
    assert [(row[0], str(row[1]), row[2]) for row in found] == [
        (1, "9.9900", None),
        (2, "1101.3975", "USD"),
    ]
