"""Months of aggregates follow their detail into files, and come back: no figure changes."""

import signal
import subprocess
import sys
from contextlib import closing
from datetime import date

import databases
import pytest
from archiving import (
    BOTH,
    FOLLOWS,
    LEAVES,
    REMAINS,
    STAYS,
    archive,
    archived,
    away,
    month,
    restored,
)
from pipeline import assert_same_contents, contents, synced
from test_retention import KILLED, only

from core.database import connect
from core.retention.files import Location
from core.retention.leaving import leave
from core.retention.plan import plan
from core.retention.policy import Policy, Tier
from core.retention.restore import place, restore
from core.retention.tables import TABLES
from core.stores import materialized
from core.stores.postgres import POINT_ROLLUP

pytest_plugins = ["store_fixtures"]
# Detail of April goes, and the aggregates of March.
BETWEEN, LATER = month(2019, 4), month(2019, 5)
AGGREGATE = Tier.AGGREGATE
MARCH, APRIL = month(2017, 3), month(2017, 4)


def test_aggregates_go_and_the_days_of_programs_memberships_and_points_stay(
    synced_shop, tmp_path
):
    before = contents(synced_shop)

    archived(synced_shop, tmp_path, LATER, policies=BOTH)

    assert away(synced_shop) == away(synced_shop, AGGREGATE) == [MARCH, APRIL]
    after = contents(synced_shop)
    assert_same_contents(only(REMAINS, before), after)
    assert all(before[name] for name in FOLLOWS)
    assert not any(after[name] for name in (*LEAVES, *FOLLOWS))


def test_what_comes_back_is_what_went_row_for_row(synced_shop, tmp_path):
    before = contents(synced_shop)
    archived(synced_shop, tmp_path, LATER, policies=BOTH)

    assert_same_contents(before, restored(synced_shop))

    assert away(synced_shop, AGGREGATE) == []
    for kept in ("card_month", "customer_month", "promotion_daily_summary_frozen"):
        assert not databases.rows(synced_shop, f"SELECT FROM {kept}")


def test_aggregates_stay_as_long_as_detail_that_may_be_of_their_days(
    synced_shop, tmp_path
):
    together = (Policy(Tier.DETAIL, 730), Policy(AGGREGATE, 730))
    archived(synced_shop, tmp_path, BETWEEN, policies=[Policy(AGGREGATE, 730)])
    assert away(synced_shop, AGGREGATE) == []

    archived(synced_shop, tmp_path, BETWEEN, policies=together)
    assert (away(synced_shop), away(synced_shop, AGGREGATE)) == ([MARCH], [])

    archived(synced_shop, tmp_path, LATER, policies=together)
    assert away(synced_shop, AGGREGATE) == [MARCH, APRIL]


def test_a_restored_month_of_detail_keeps_the_aggregates_beside_it(
    synced_shop, tmp_path
):
    archived(synced_shop, tmp_path, BETWEEN)
    restore(synced_shop, APRIL)
    databases.execute(
        synced_shop,
        "UPDATE loyalty_reporting_archive SET restored_at = '2019-04-30'"
        " WHERE restored_at IS NOT NULL",
    )

    archived(synced_shop, tmp_path, LATER, policies=BOTH)
    assert away(synced_shop, AGGREGATE) == []

    archived(synced_shop, tmp_path, date(2019, 5, 8), policies=BOTH)
    assert away(synced_shop, AGGREGATE) == [MARCH, APRIL]


STEPS = (
    *("begun", "half written", "written", "verified", "kept", "frozen"),
    *(f"detached {table}" for table in TABLES[AGGREGATE]),
    "dropped",
)


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_after_any_step_is_gone_on_with(step, synced_shop, tmp_path):
    before = contents(synced_shop)
    archived(synced_shop, tmp_path, LATER)
    command = [sys.executable, KILLED, synced_shop, tmp_path, LATER.isoformat(), step]
    killed = subprocess.run(
        [*command, "730"], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    archived(synced_shop, tmp_path, LATER, policies=BOTH)

    assert away(synced_shop, AGGREGATE) == [MARCH, APRIL]
    assert_same_contents(only(REMAINS, before), contents(synced_shop))
    assert_same_contents(before, restored(synced_shop))
    left = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert left <= {".parquet", ".json"}


@pytest.mark.parametrize("step", ["frozen", f"detached {POINT_ROLLUP}"])
def test_balances_count_a_month_on_its_way_out_once(step, synced_shop, tmp_path):
    query = (
        "SELECT card_key, sum(balance_change) FROM point_change GROUP BY 1 ORDER BY 1"
    )
    before = databases.rows(synced_shop, query)
    archived(synced_shop, tmp_path, LATER)

    def stop_after(done, _month):
        if done == step:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        leave(synced_shop, AGGREGATE, MARCH, str(tmp_path), stop_after)

    assert databases.rows(synced_shop, query) == before != []


def test_the_day_summary_keeps_what_it_said(synced_shop, tmp_path):
    query = "SELECT * FROM mv_promotion_daily_summary ORDER BY 1, 2, 3"
    materialized.refresh(synced_shop, force=True)
    before = databases.rows(synced_shop, query)
    archived(synced_shop, tmp_path, LATER, policies=BOTH)

    materialized.refresh(synced_shop, force=True)
    assert databases.rows(synced_shop, query) == before != []

    restored(synced_shop)
    materialized.refresh(synced_shop, force=True)
    assert databases.rows(synced_shop, query) == before


def test_a_corrected_fact_brings_both_back_and_both_go_again(
    shop, synced_shop, tmp_path, assert_same_as_from_scratch
):
    archived(synced_shop, tmp_path, LATER, policies=BOTH)
    shop.change("processed_order", "A1", store_id=9)

    synced(shop.dsn, synced_shop)

    assert MARCH not in away(synced_shop)
    assert MARCH not in away(synced_shop, AGGREGATE)
    archived(synced_shop, tmp_path, LATER, policies=BOTH)
    assert away(synced_shop, AGGREGATE) == [MARCH, APRIL]
    generations = databases.rows(
        synced_shop,
        "SELECT tier, generation FROM loyalty_reporting_archive WHERE month = %s"
        " ORDER BY tier",
        [MARCH],
    )
    assert generations == [("aggregate", 2), ("detail", 2)]
    restored(synced_shop)
    assert_same_as_from_scratch(synced_shop, shop.dsn)


def test_what_needs_expired_aggregates_is_a_dead_letter(shop, synced_shop, tmp_path):
    policies = [*BOTH, Policy(Tier.ARCHIVE, 1826)]
    archived(synced_shop, tmp_path, LATER, policies=BOTH)
    before = contents(synced_shop)
    assert archive(synced_shop, tmp_path, month(2022, 4), policies).state == "done"
    assert away(synced_shop, AGGREGATE) == away(synced_shop) == [APRIL]
    assert not [*tmp_path.glob("*/*201703*")]

    shop.change("processed_order", "A1", store_id=9)
    shop.order("B1", "2022-05-01 10:00Z")
    synced(shop.dsn, synced_shop)

    [letter] = contents(synced_shop)["dead letters"]
    assert letter[2] == "A1"
    assert letter[4] == "archived period: The archive of March 2017 has expired."
    assert [row for row in contents(synced_shop)["days"] if "2022" not in row[1]] == (
        before["days"]
    )


def test_cards_go_on_from_the_balance_that_they_had(
    shop, synced_shop, tmp_path, assert_same_as_from_scratch
):
    archived(synced_shop, tmp_path, LATER, policies=BOTH)
    balance = (
        "SELECT last_hour, balance FROM card_state s JOIN loyalty_reporting_card k"
    )
    balance += " ON k.id = s.card_key WHERE k.external_id = 1"
    [(_hour, points)] = databases.rows(synced_shop, balance)
    assert points
    late = shop.points(5, "adjust", occurred_at="2019-06-01 10:00Z")

    synced(shop.dsn, synced_shop)

    assert away(synced_shop, AGGREGATE) == [MARCH, APRIL]
    hours = "SELECT balance FROM point_analytics_rollup WHERE card_id = 1"
    assert databases.rows(synced_shop, hours) == [(points + 5,)]

    # The only hour that is here goes: the card stands where the months that left end.
    shop.delete("point_transaction", late)
    synced(shop.dsn, synced_shop)

    assert databases.rows(synced_shop, balance)[0][1] == points
    restored(synced_shop)
    assert_same_as_from_scratch(synced_shop, shop.dsn)


def test_cards_go_on_from_the_newest_month_though_an_older_one_is_back(
    shop, synced_shop, tmp_path, assert_same_as_from_scratch
):
    for day, points in (("2017-03-10", 7), ("2017-04-10", 9)):
        shop.points(points, occurred_at=f"{day} 10:00Z")
    synced(shop.dsn, synced_shop)
    archived(synced_shop, tmp_path, LATER, policies=BOTH)
    restore(synced_shop, MARCH)
    assert away(synced_shop, AGGREGATE) == [APRIL]

    for minute in (0, 20):
        shop.points(5, "adjust", occurred_at=f"2019-06-01 10:{minute:02}Z")
        synced(shop.dsn, synced_shop)

    assert away(synced_shop, AGGREGATE) == [APRIL]
    restored(synced_shop)
    assert_same_as_from_scratch(synced_shop, shop.dsn)


def test_a_dry_run_says_what_would_go_of_each_tier(synced_shop):
    with closing(connect(synced_shop)) as connection, connection.cursor() as cr:
        steps = plan(cr, BOTH, LATER)

    assert [(step.tier, step.month) for step in steps] == [
        (Tier.DETAIL, MARCH),
        (Tier.DETAIL, APRIL),
        (AGGREGATE, MARCH),
        (AGGREGATE, APRIL),
    ]
    expected = databases.rows(
        synced_shop,
        "SELECT count(*) FROM customer_day_data"
        " GROUP BY date_trunc('month', date) ORDER BY date_trunc('month', date)",
    )
    of_aggregates = [step for step in steps if step.tier == AGGREGATE]
    assert [(s.tables["customer_day_data"][0],) for s in of_aggregates] == expected
    assert all(step.bytes > 0 for step in steps)
    assert not databases.rows(synced_shop, "SELECT FROM loyalty_reporting_archive")


def test_archives_of_both_tiers_are_restored_into_an_empty_database(
    synced_shop, report, tmp_path
):
    query = "SELECT r.*::text FROM {} r ORDER BY 1"
    tables = [*TABLES[Tier.DETAIL], *TABLES[AGGREGATE]]
    before = {t: databases.rows(synced_shop, query.format(t)) for t in tables}
    archived(synced_shop, tmp_path, LATER, policies=BOTH)

    location = Location(str(tmp_path))
    with closing(connect(report)) as connection, connection, connection.cursor() as cr:
        for path in location.listed("manifests"):
            place(cr, location, location.read_json(path))

    assert before == {t: databases.rows(report, query.format(t)) for t in tables}
    assert all(before.values())


def test_a_full_disk_stops_it_and_aggregates_stay(synced_shop, tmp_path, small_disk):
    before = contents(synced_shop)
    archived(synced_shop, tmp_path, LATER)

    result = archive(synced_shop, small_disk, LATER, BOTH)

    assert result.state == "failed"
    assert "the disk is full" in result.message
    assert_same_contents(only(STAYS, before), contents(synced_shop))
