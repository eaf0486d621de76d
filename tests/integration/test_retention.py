"""Months of detail go into files, and come back: no figure changes by it."""

import re
import signal
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import databases
import pytest
from archiving import (
    DETAIL,
    LEAVES,
    STAYS,
    archive,
    archived,
    away,
    month,
    restored,
)
from pipeline import (
    NEW_YORK,
    assert_same_contents,
    contents,
    make_report,
    synced,
)

from core import sync
from core.database import connect
from core.records import Company
from core.retention import columnar
from core.retention import run as retention
from core.retention.files import Location
from core.retention.generations import OWNER
from core.retention.plan import plan
from core.retention.policy import Policy, Tier
from core.retention.restore import place, restore
from core.retention.run import verify
from core.retention.tables import TABLES
from core.sources import SOURCES

pytest_plugins = ["store_fixtures"]
LATER = month(2017, 12)
KILLED = Path(__file__).with_name("killed_archive.py")


def replayed(engine_dsn, report_dsn, keys):
    """Read some documents again."""
    source = SOURCES["engine_pg"](engine_dsn)
    options = {"companies": [NEW_YORK], "mapping": {1: 1}}
    return sync.replay(source, report_dsn, source_name="engine", keys=keys, **options)


def only(names, found):
    """Some parts of a database's contents."""
    return {name: found[name] for name in names}


def test_detail_goes_and_all_that_follows_from_it_stays(synced_shop, tmp_path):
    before = contents(synced_shop)

    assert archived(synced_shop, tmp_path, LATER) == [month(2017, 3), month(2017, 4)]

    after = contents(synced_shop)
    assert_same_contents(only(STAYS, before), after)
    assert not any(after[name] for name in LEAVES)


def test_what_comes_back_is_what_went_row_for_row(synced_shop, tmp_path):
    before = contents(synced_shop)
    archived(synced_shop, tmp_path, LATER)

    assert_same_contents(before, restored(synced_shop))
    assert away(synced_shop) == []


def test_a_known_unchanged_fact_of_an_archived_month_changes_nothing(
    shop, synced_shop, tmp_path
):
    gone = archived(synced_shop, tmp_path, LATER)
    databases.execute(synced_shop, "DELETE FROM loyalty_reporting_cursor")

    counts = synced(shop.dsn, synced_shop)

    assert counts.documents_read
    assert not counts.documents_changed
    assert away(synced_shop) == gone


STEPS = (
    *("begun", "half written", "written", "saved", "verified", "kept", "frozen"),
    *(f"detached {table}" for table in TABLES[Tier.DETAIL]),
    "dropped",
)


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_after_any_step_is_gone_on_with(step, synced_shop, tmp_path):
    before = contents(synced_shop)
    command = [sys.executable, KILLED, synced_shop, tmp_path, LATER.isoformat(), step]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    assert archived(synced_shop, tmp_path, LATER) == [month(2017, 3), month(2017, 4)]

    assert_same_contents(only(STAYS, before), contents(synced_shop))
    assert_same_contents(before, restored(synced_shop))
    left = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert left <= {".parquet", ".json"}


@pytest.mark.parametrize("step", ["frozen", f"detached {TABLES[Tier.DETAIL][0]}"])
def test_a_month_on_its_way_out_goes_although_the_policies_are_switched_off(
    step, synced_shop, tmp_path
):
    before = contents(synced_shop)
    command = [sys.executable, KILLED, synced_shop, tmp_path, LATER.isoformat(), step]
    subprocess.run(command, capture_output=True, check=False)

    gone = archived(synced_shop, "", LATER, policies=())

    assert gone == [month(2017, 3)]
    assert_same_contents(before, restored(synced_shop))


def test_a_month_on_its_way_out_goes_before_older_ones(synced_shop):
    databases.execute(
        synced_shop,
        "INSERT INTO loyalty_reporting_archive (month, state) VALUES (%s, 'leaving')",
        [month(2017, 4)],
    )

    with closing(connect(synced_shop)) as connection, connection.cursor() as cr:
        steps = plan(cr, DETAIL, LATER)

    assert [step.month for step in steps] == [month(2017, 4), month(2017, 3)]


@pytest.mark.parametrize("step", ["frozen", f"detached {TABLES[Tier.DETAIL][0]}"])
def test_a_load_that_needs_a_month_half_taken_out_waits_for_nobody(
    step, shop, synced_shop, tmp_path, assert_same_as_from_scratch
):
    command = [sys.executable, KILLED, synced_shop, tmp_path, LATER.isoformat(), step]
    subprocess.run(command, capture_output=True, check=False)
    shop.change("processed_order", "A1", store_id=9)

    synced(shop.dsn, synced_shop)

    for gone in away(synced_shop):
        restore(synced_shop, gone)
    assert_same_as_from_scratch(synced_shop, shop.dsn)


def test_a_full_disk_stops_it_and_nothing_is_lost(synced_shop, small_disk):
    before = contents(synced_shop)

    result = archive(synced_shop, small_disk, LATER)

    assert result.state == "failed"
    # Every month would meet that: the first one is enough.
    assert result.message.count("the disk is full") == 1
    assert_same_contents(before, contents(synced_shop))
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == [OWNER]


def test_nothing_goes_that_was_not_read_back(synced_shop, tmp_path, monkeypatch):
    before = contents(synced_shop)
    monkeypatch.setattr(columnar, "write", lambda *_: None)

    result = archive(synced_shop, tmp_path, LATER)

    assert result.state == "failed"
    assert_same_contents(before, contents(synced_shop))


def test_a_month_that_no_file_can_hold_stays_and_the_others_leave(
    synced_shop, tmp_path
):
    far = "UPDATE point_analytics_data_201703 SET expires_at = '10000-01-01'"
    databases.execute(synced_shop, far)

    result = archive(synced_shop, tmp_path, LATER)

    assert result.state == "failed"
    assert "point_analytics_data_201703 cannot be written" in result.message
    assert "Months archived: 1." in result.message
    assert away(synced_shop) == [month(2017, 4)]
    problem = "SELECT problem FROM loyalty_reporting_archive WHERE month = %s"
    assert databases.value(synced_shop, problem, [month(2017, 3)]) in result.message
    assert not [*tmp_path.glob("*/*201703*")]


def test_what_failed_before_comes_after_all_others(synced_shop, tmp_path):
    far = "UPDATE point_analytics_data_201703 SET expires_at = '10000-01-01'"
    databases.execute(synced_shop, far)
    archive(synced_shop, tmp_path, LATER)
    restore(synced_shop, month(2017, 4))

    with closing(connect(synced_shop)) as connection, connection.cursor() as cr:
        steps = plan(cr, DETAIL, month(2100, 1))

    assert [step.month for step in steps] == [month(2017, 4), month(2017, 3)]


class TestAWorkerThatIsKilledAfterAWhile:
    def test_a_month_that_takes_longer_is_not_begun_and_the_command_is_named(
        self, synced_shop, tmp_path, monkeypatch
    ):
        before = contents(synced_shop)
        monkeypatch.setattr(retention, "ROWS_A_SECOND", 0.001)

        result = archive(synced_shop, tmp_path, LATER, limit=110)

        assert result.state == "failed"
        assert re.search(r"March 2017 stays: \d+ rows", result.message)
        assert "April 2017 stays" in result.message
        assert "odoo-bin loyalty_archive run" in result.message
        assert not [*tmp_path.iterdir()]
        assert_same_contents(before, contents(synced_shop))
        # The command has no limit.
        assert len(archived(synced_shop, tmp_path, LATER)) == 2

    def test_a_month_that_would_be_done_in_a_whole_slot_waits_for_the_next(
        self, synced_shop, tmp_path, monkeypatch
    ):
        clock = [0]
        with closing(connect(synced_shop)) as connection, connection.cursor() as cr:
            rows = [step.rows for step in plan(cr, DETAIL, LATER)]
        monkeypatch.setattr(retention.time, "monotonic", lambda: clock[0])
        monkeypatch.setattr(retention, "ROWS_A_SECOND", max(rows) / 100)

        def take(step, _month):
            clock[0] += 90 * (step == "dropped")

        options = {"limit": 110, "between": take}
        assert min(rows) > max(rows) / 5

        assert archive(synced_shop, tmp_path, LATER, **options).state == "partial"
        assert away(synced_shop) == [month(2017, 3)]
        assert archived(synced_shop, tmp_path, LATER, **options) == [
            month(2017, 3),
            month(2017, 4),
        ]

    def test_a_month_that_is_written_already_is_taken_out(
        self, synced_shop, tmp_path, monkeypatch
    ):
        command = [sys.executable, KILLED, synced_shop, tmp_path, LATER.isoformat()]
        subprocess.run([*command, "frozen"], capture_output=True, check=False)
        monkeypatch.setattr(retention, "ROWS_A_SECOND", 0.001)

        assert archive(synced_shop, tmp_path, LATER, limit=110).state == "partial"
        assert away(synced_shop) == [month(2017, 3)]


def test_a_row_that_a_file_lacks_is_seen(synced_shop, tmp_path, monkeypatch):
    before = contents(synced_shop)
    write = columnar.write

    def lose_one(cr, table, columns, file):
        cr.execute(f"CREATE TEMP TABLE fewer AS SELECT * FROM {table} OFFSET 1")
        write(cr, "fewer", columns, file)
        cr.execute("DROP TABLE fewer")

    monkeypatch.setattr(columnar, "write", lose_one)

    result = archive(synced_shop, tmp_path, LATER)

    assert result.state == "failed"
    assert "rows that are not the" in result.message
    assert_same_contents(before, contents(synced_shop))


def test_a_damaged_file_is_found_and_what_depends_on_it_is_refused(
    shop, synced_shop, tmp_path
):
    archived(synced_shop, tmp_path, LATER)
    before = contents(synced_shop)
    [file] = tmp_path.glob("promotion_report_detail_data/*201703*")
    whole = file.read_bytes()
    file.write_bytes(whole[:-9] + b"x" + whole[-8:])
    shop.change("processed_order", "A1", store_id=9)
    shop.order("B1", "2018-05-01 10:00Z")

    assert verify(synced_shop, [month(2017, 3)]).state == "failed"
    synced(shop.dsn, synced_shop)

    [letter] = contents(synced_shop)["dead letters"]
    assert letter[2] == "A1"
    assert letter[4].startswith("archived period: March 2017 cannot be restored")
    after = contents(synced_shop)
    assert_same_contents(only(["membership events"], before), after)
    assert {row[0] for row in after["orders"]} == {
        row[0] for row in before["orders"]
    } | {"B1"}
    assert [row for row in after["orders"] if row[0] == "A1"] == [
        row for row in before["orders"] if row[0] == "A1"
    ]

    file.write_bytes(whole)
    letters = {"order": ["A1"]}
    assert replayed(shop.dsn, synced_shop, letters).state == "done"
    assert not contents(synced_shop)["dead letters"]


def test_columns_that_came_since_take_their_defaults(synced_shop, tmp_path):
    before = contents(synced_shop)
    archived(synced_shop, tmp_path, LATER)
    databases.execute(
        synced_shop,
        "ALTER TABLE customer_order_data ADD COLUMN till integer NOT NULL DEFAULT 7;"
        " ALTER TABLE promotion_evaluation_data ADD COLUMN note text",
    )

    assert_same_contents(before, restored(synced_shop))
    assert databases.rows(
        synced_shop, "SELECT DISTINCT till FROM customer_order_data"
    ) == [(7,)]


@pytest.mark.parametrize(
    ("due", "kept"),
    [
        ("infinity", None),
        ("9999-12-31 23:59:59-05", None),
        ("8999-12-31 23:59:59Z", "8999-12-31 23:59:59"),
        ("1900-01-01 00:00Z", "1900-01-01 00:00:00"),
        ("0044-03-15 12:00Z BC", None),
    ],
)
def test_points_that_expire_beyond_all_calendars_never_do_and_leave_as_others(
    due, kept, shop, synced_shop, tmp_path
):
    key = shop.points(5, expires_at=due)
    synced(shop.dsn, synced_shop)

    query = "SELECT expires_at::text FROM point_analytics WHERE id = %s"
    assert databases.rows(synced_shop, query, [key]) == [(kept,)]
    assert archived(synced_shop, tmp_path, LATER) == [month(2017, 3), month(2017, 4)]


def test_points_of_an_earlier_version_that_expire_beyond_all_calendars_leave_as_well(
    synced_shop, tmp_path
):
    for day, due in {
        "2017-03-10": "10000-01-01 04:59:59",
        "2017-03-31": "0044-03-15 12:00:00 BC",
        "2017-04-20": "9999-12-31 00:00:00",
    }.items():
        databases.execute(
            synced_shop,
            "UPDATE point_analytics_data SET expires_at = %s WHERE date = %s",
            [due, day],
        )
    databases.execute(
        synced_shop, "DELETE FROM loyalty_reporting_schema WHERE name LIKE '033%'"
    )

    make_report(synced_shop)

    query = "SELECT count(expires_at) FROM point_analytics_data"
    assert databases.value(synced_shop, query) == 0
    assert archived(synced_shop, tmp_path, LATER) == [month(2017, 3), month(2017, 4)]


def test_an_archive_is_restored_into_an_empty_database(synced_shop, report, tmp_path):
    query = "SELECT r.*::text FROM {} r ORDER BY 1"
    tables = TABLES[Tier.DETAIL]
    before = {t: databases.rows(synced_shop, query.format(t)) for t in tables}
    archived(synced_shop, tmp_path, LATER)

    location = Location(str(tmp_path))
    with closing(connect(report)) as connection, connection, connection.cursor() as cr:
        for path in location.listed("manifests"):
            place(cr, location, location.read_json(path))

    assert before == {t: databases.rows(report, query.format(t)) for t in tables}


def test_a_month_that_was_corrected_is_archived_anew(shop, synced_shop, tmp_path):
    archived(synced_shop, tmp_path, LATER)
    shop.change("processed_order", "A1", store_id=9)
    synced(shop.dsn, synced_shop)
    assert month(2017, 3) not in away(synced_shop)

    archived(synced_shop, tmp_path, LATER)

    generations = "SELECT month, generation FROM loyalty_reporting_archive ORDER BY 1"
    assert databases.rows(synced_shop, generations) == [
        (month(2017, 3), 2),
        (month(2017, 4), 1),
    ]
    # Who reads whole folders sees one generation.
    assert len([*tmp_path.glob("manifests/*")]) == 2
    assert len([*tmp_path.glob("point_analytics_data/*")]) == 2


def test_archives_expire_and_what_depends_on_them_is_refused(
    shop, synced_shop, tmp_path
):
    policies = [*DETAIL, Policy(Tier.ARCHIVE, 1826)]
    archived(synced_shop, tmp_path, LATER)
    before = contents(synced_shop)

    assert archive(synced_shop, tmp_path, date(2022, 3, 31), policies).state == "done"
    assert away(synced_shop) == [month(2017, 3), month(2017, 4)]
    assert archive(synced_shop, tmp_path, month(2022, 4), policies).state == "done"
    assert away(synced_shop) == [month(2017, 4)]
    assert not [*tmp_path.glob("*/*201703*")]

    shop.change("processed_order", "A1", store_id=9)
    synced(shop.dsn, synced_shop)
    [letter] = contents(synced_shop)["dead letters"]
    assert "March 2017 has expired" in letter[4]
    assert_same_contents(only(["orders", "rollup"], before), contents(synced_shop))


INDIA = Company(2, "Asia/Kolkata", "USD", 2)


def test_a_month_stays_until_every_company_lets_it_go(shop, synced_shop, tmp_path):
    # Neither a program nor a customer: the order is in no sums by day.
    shop.order("B1", "2017-03-11 10:00Z", lines=0, partner_id=None, company_id=2)
    both = {"companies": [NEW_YORK, INDIA], "mapping": {1: 1, 2: 2}}
    synced(shop.dsn, synced_shop, **both)
    of_one = [Policy(Tier.DETAIL, 90, company_id=1)]
    longer = [*of_one, Policy(Tier.DETAIL, 365, company_id=2)]

    kept = archive(synced_shop, tmp_path, LATER, of_one, names={2: "India"})

    assert kept.state == "done"
    assert kept.message == "No detail leaves: of India no policy of it is active."
    assert away(synced_shop) == []
    assert archived(synced_shop, tmp_path, LATER, policies=longer) == []
    assert archived(synced_shop, tmp_path, month(2018, 4), policies=longer) == [
        month(2017, 3)
    ]


def test_an_archive_stays_until_every_company_lets_it_go(shop, synced_shop, tmp_path):
    shop.order("B1", "2017-03-11 10:00Z", partner_id=None, company_id=2)
    both = {"companies": [NEW_YORK, INDIA], "mapping": {1: 1, 2: 2}}
    synced(shop.dsn, synced_shop, **both)
    policies = [*DETAIL, Policy(Tier.ARCHIVE, 1826, company_id=1)]
    gone = archived(synced_shop, tmp_path, LATER)

    kept = archive(synced_shop, tmp_path, month(2030, 1), policies)

    assert kept.message == "No archives are removed: of 2 no policy of it is active."
    assert away(synced_shop) == gone


def test_a_company_that_reports_nothing_keeps_nothing(synced_shop, tmp_path):
    databases.execute(
        synced_shop, "INSERT INTO loyalty_reporting_company VALUES (2, 'UTC', 'EUR', 2)"
    )
    of_one = [Policy(Tier.DETAIL, 90, company_id=1)]

    assert len(archived(synced_shop, tmp_path, LATER, policies=of_one)) == 2


def test_a_dry_run_says_what_would_go_and_how_large_it_is(synced_shop):
    with closing(connect(synced_shop)) as connection, connection.cursor() as cr:
        steps = plan(cr, DETAIL, LATER)
    expected = databases.rows(
        synced_shop,
        "SELECT date_trunc('month', transaction_date)::date, count(*)"
        " FROM point_analytics_data GROUP BY 1 ORDER BY 1",
    )

    found = [(step.month, step.tables["point_analytics_data"][0]) for step in steps]
    assert found == expected
    assert all(step.bytes > 0 for step in steps)
    assert not databases.rows(synced_shop, "SELECT FROM loyalty_reporting_archive")
