"""What happens between the moment a month's end is computed and the one it leaves."""

import threading
import time
from contextlib import contextmanager

import databases
import pytest
from archiving import BOTH, archive, archived, away, month, restored
from pipeline import NEW_YORK, assert_same_contents, contents, from_scratch, synced
from reconciling import repaired

from core.erasure.merge import merge
from core.erasure.request import Asked, begin
from core.erasure.run import Outside, run
from core.retention.leaving import leave
from core.retention.policy import Tier
from core.retention.restore import restore
from core.settings import Settings
from core.sources import SOURCES
from core.stores import mending
from core.sync import replay

pytest_plugins = ["store_fixtures"]
LATER = month(2019, 5)
MARCH, APRIL = month(2017, 3), month(2017, 4)
HELD = (
    "SELECT FROM pg_locks WHERE relation = 'fact_load'::regclass"
    " AND mode = 'ExclusiveLock' AND granted"
)
WAITS = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query LIKE '%card_horizon%'"
)
OTHERS = [
    ("a booking of the month", "2017-03-12 10:00Z"),
    ("a booking of a month before it", "2017-02-05 10:00Z"),
]


def after(step, of, action):
    """A hook that does something after a step of a month, once."""
    steps = [(step, of)]

    def between(done, at):
        if (done, at) in steps:
            steps.remove((done, at))
            action()

    return between


def standing(report):
    """How cards stand now, as what is kept of them tells and as all bookings do."""
    lots = (
        "SELECT card_key, company_id, program_key, customer_key, transaction_date,"
        " expires_at, seq, transaction_id, points, remaining"
        " FROM loyalty_reporting_open_lots('2030-01-01', {since}) ORDER BY 1, 5, 7, 8"
    )
    balances = (
        "SELECT card_key, sum(effect) FROM loyalty_reporting_ledger('2030-01-01', {since})"
        " GROUP BY 1 ORDER BY 1"
    )
    return [
        [
            databases.rows(report, query.format(since=since))
            for query in (lots, balances)
        ]
        for since in ("(SELECT instant FROM card_horizon)", "'-infinity'")
    ]


def assert_as_from_scratch(engine, report, report_template):
    """What is here, and what comes back, is what all facts say."""
    expected = from_scratch(engine.dsn, report_template)
    assert_same_contents(expected, restored(report))
    kept, computed = standing(report)
    assert kept == computed
    assert kept[0]


@pytest.fixture
def months(shop, synced_shop):
    """A report with a few more bookings than `shop`, of which nothing is archived."""
    for day, points, kind in (
        ("2017-03-11", 100, "earn"),
        ("2017-03-30", 60, "redeem"),
        ("2017-04-10", 50, "earn"),
        ("2017-04-12", 30, "redeem"),
    ):
        shop.points(points, kind, occurred_at=f"{day} 10:00Z")
    # Of this card no lot is left in April, and less than nothing.
    of_other = {"card_id": 2, "partner_id": 8}
    shop.points(10, occurred_at="2017-03-11 11:00Z", **of_other)
    shop.points(1000, "redeem", occurred_at="2017-04-11 11:00Z", **of_other)
    synced(shop.dsn, synced_shop)
    return synced_shop


def test_loads_go_on_while_a_months_end_is_computed(
    shop, months, tmp_path, report_template
):
    read = []

    def load():
        assert not databases.rows(months, HELD)
        shop.points(20, "redeem", occurred_at="2018-05-01 10:00Z")
        read.append(synced(shop.dsn, months).documents_changed)

    gone = archived(months, tmp_path, LATER, between=after("kept", APRIL, load))

    assert (gone, read) == ([MARCH, APRIL], [1])
    assert_as_from_scratch(shop, months, report_template)


@pytest.mark.parametrize(("what", "instant"), OTHERS, ids=[o[0] for o in OTHERS])
@pytest.mark.parametrize("step", ["verified", "kept"])
def test_a_load_that_changes_how_cards_stood_lets_the_month_stay(  # noqa: PLR0913, PLR0917
    step, what, instant, shop, months, tmp_path, report_template
):
    def load():
        shop.points(7, occurred_at=instant)
        synced(shop.dsn, months)

    gone = archived(months, tmp_path, LATER, between=after(step, MARCH, load))
    # Loads that came before it was looked at are part of what is kept.
    is_seen = step == "verified" and what != OTHERS[0][0]
    assert (MARCH in gone) is is_seen

    assert {MARCH, APRIL} <= {*archived(months, tmp_path, LATER)}
    assert_as_from_scratch(shop, months, report_template)


def test_a_load_into_a_month_that_stayed_lets_the_next_one_stay(
    shop, months, tmp_path, report_template
):
    def load():
        shop.points(7, occurred_at="2017-03-12 10:00Z")
        synced(shop.dsn, months)

    def load_twice(step, of):
        for at in (("verified", MARCH), ("kept", APRIL)):
            if (step, of) == at:
                load()

    assert archived(months, tmp_path, LATER, between=load_twice) == []

    assert archived(months, tmp_path, LATER) == [MARCH, APRIL]
    assert_as_from_scratch(shop, months, report_template)


@contextmanager
def working(action):
    """A thread that does something; it is over in the end."""
    failures = []

    def work():
        try:
            action()
        except BaseException as e:
            failures.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()
    assert not failures


def test_a_load_into_a_restored_month_waits_until_the_next_one_has_left(
    shop, months, tmp_path, report_template
):
    archived(months, tmp_path, month(2017, 7))
    restore(months, MARCH)

    def load():
        shop.points(7, occurred_at="2017-03-12 10:00Z")
        synced(shop.dsn, months)

    waited, threads = [], []

    def load_beside():
        threads.append(working(load))
        threads[0].__enter__()
        until = time.monotonic() + 30
        while not waited and time.monotonic() < until:
            waited.extend(databases.rows(months, WAITS))

    def between(step, of):
        if (step, of) == ("verified", MARCH):
            load()  # it stays here
        elif (step, of) == ("kept", APRIL):
            load_beside()

    result = archive(months, tmp_path, LATER, between=between)
    threads[0].__exit__(None, None, None)

    assert (result.state, result.message) == ("done", "Months archived: 1.")
    assert waited
    assert_as_from_scratch(shop, months, report_template)


def test_a_person_erased_meanwhile_is_nowhere_in_what_is_kept(months, tmp_path):
    secret = "a-secret-of-the-tests"
    keys = dict(
        databases.rows(months, "SELECT external_id, id FROM loyalty_reporting_customer")
    )
    before, _all = standing(months)
    erasures = []

    def erase():
        erasures.append(begin(months, secret, Asked((keys[7],), 1)))

    archived(months, tmp_path, LATER, between=after("kept", APRIL, erase))
    result = run(Settings(erasure_secret=secret), months, erasures[0], Outside())

    assert result.state == "done", result
    for table in ("card_past", "card_lot"):
        cards = databases.rows(
            months,
            f"SELECT DISTINCT card_id = -card_key FROM {table}"
            " WHERE card_key IN (SELECT id FROM loyalty_reporting_card"
            " WHERE external_id = -id)",
        )
        assert cards == [(True,)]
    restored(months)
    kept, computed = standing(months)
    assert kept == computed == before


def test_customers_merged_meanwhile_are_one_in_what_is_kept(
    shop, months, tmp_path, report_template
):
    shop.points(9, card_id=2, partner_id=8, occurred_at="2017-03-12 10:00Z")
    synced(shop.dsn, months)
    keys = dict(
        databases.rows(months, "SELECT external_id, id FROM loyalty_reporting_customer")
    )

    def merge_and_read():
        documents = merge(months, keys[8], keys[7])
        known = {"companies": [NEW_YORK], "mapping": {1: 1}, "source_name": "engine"}
        source = SOURCES["engine_pg"](shop.dsn)
        assert replay(source, months, keys=documents, **known).state == "done"

    # Without the lock of a run, for which a merge would wait.
    between = after("kept", MARCH, merge_and_read)
    assert not leave(months, Tier.DETAIL, MARCH, str(tmp_path), between)

    assert archived(months, tmp_path, LATER) == [MARCH, APRIL]
    for table in ("card_past", "card_lot"):
        assert not databases.rows(
            months, f"SELECT FROM {table} WHERE customer_key = %s", [keys[8]]
        )
    for table in (
        "processed_order", "promotion_evaluation", "membership_event",
        "point_transaction", "point_card",
    ):  # fmt: skip
        shop.run(f"UPDATE engine.{table} SET partner_id = 7 WHERE partner_id = 8")
    assert_as_from_scratch(shop, months, report_template)


def test_rows_that_a_repair_removes_are_not_kept(
    shop, months, tmp_path, report_template
):
    databases.execute(
        months,
        "CREATE TEMP TABLE orphan AS SELECT * FROM point_analytics_data"
        " WHERE transaction_date = '2017-03-11 10:00';"
        " UPDATE orphan SET order_key = -1, transaction_id = -1;"
        " INSERT INTO point_analytics_data SELECT * FROM orphan",
    )

    def repair():
        assert mending.remove_orphans(months, [MARCH]) == 1

    gone = archived(months, tmp_path, LATER, between=after("kept", MARCH, repair))
    assert MARCH not in gone

    assert archived(months, tmp_path, LATER) == [MARCH, APRIL]
    assert_as_from_scratch(shop, months, report_template)


def test_a_month_that_is_repaired_after_it_was_written_is_written_again(
    shop, months, tmp_path, report_template
):
    databases.execute(
        months,
        "UPDATE customer_order_data SET membership_product_key = 0"
        " WHERE transaction_date < '2017-04-01'",
    )

    def repair():
        assert repaired(shop.dsn, months).counts.rows_loaded

    gone = archived(months, tmp_path, LATER, between=after("verified", MARCH, repair))
    assert MARCH not in gone

    assert archived(months, tmp_path, LATER) == [MARCH, APRIL]
    assert_as_from_scratch(shop, months, report_template)


@pytest.fixture
def without_detail(months, tmp_path):
    """A report of which all detail is archived, and no aggregates."""
    archived(months, tmp_path, LATER)
    return months


def test_loads_go_on_while_sums_of_a_month_are_kept(
    shop, without_detail, tmp_path, report_template
):
    report, read = without_detail, []

    def load():
        assert not databases.rows(report, HELD)
        shop.order("B1", "2019-05-01 10:00Z")
        read.append(synced(shop.dsn, report).documents_changed)

    between = after("kept", MARCH, load)
    assert leave(report, Tier.AGGREGATE, MARCH, str(tmp_path), between)

    assert read == [1]
    assert_as_from_scratch(shop, report, report_template)


def test_a_load_that_changes_the_sums_of_a_month_lets_it_stay(
    shop, without_detail, tmp_path, report_template
):
    report = without_detail

    def load():
        shop.change("processed_order", "A1", store_id=9)
        synced(shop.dsn, report)

    # Without the lock of a run, for which a month that comes back would wait.
    between = after("kept", MARCH, load)
    assert not leave(report, Tier.AGGREGATE, MARCH, str(tmp_path), between)

    for kept in ("card_month", "customer_month", "promotion_daily_summary_frozen"):
        assert not databases.rows(report, f"SELECT FROM {kept}")
    archived(report, tmp_path, LATER, policies=BOTH)
    assert away(report, Tier.AGGREGATE) == [MARCH, APRIL]
    assert_as_from_scratch(shop, report, report_template)


def test_month_by_month_the_same_is_kept_as_of_all_at_once(months, tmp_path):
    before = contents(months)

    def all_kept():
        tables = ("card_past", "card_lot", "card_horizon")
        return [
            sorted(databases.rows(months, f"SELECT r::text FROM {table} r"))
            for table in tables
        ]

    archived(months, tmp_path, LATER)
    by_month = all_kept()
    restored(months)
    databases.execute(
        months,
        "TRUNCATE card_past, card_lot; UPDATE card_horizon SET instant = '-infinity'",
    )
    leave(months, Tier.DETAIL, APRIL, str(tmp_path))

    assert all_kept() == by_month
    assert_same_contents(before, restored(months))
