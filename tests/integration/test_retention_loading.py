"""What loads do while old months are back, or cannot come back just now."""

from threading import Thread

import databases
import psycopg2
import pytest
from archiving import DETAIL, archive, archived, away, month
from pipeline import NEW_YORK, contents, synced
from reconciling import reconciled, repaired, source_of
from stream_fixtures import configuration, feed, order, until

from core import sync
from core.events.intake import Intake
from core.retention.policy import Policy, Tier
from core.retention.restore import LOCK, restore, restore_held
from core.retention.run import expire, verify
from core.stores import mending
from core.stores.locks import held

__all__ = ["feed"]
pytest_plugins = ["store_fixtures"]
LATER = month(2017, 12)
MARCH = month(2017, 3)
OTHERS = 30_000


@pytest.fixture
def crowded(synced_shop, tmp_path):
    """A report whose archived months are back, with bookings of many other cards in them."""
    archived(synced_shop, tmp_path, LATER)
    for gone in away(synced_shop):
        restore(synced_shop, gone)
    # 10 bookings a card, at the instant of one that is there.
    columns = [
        name
        for (name,) in databases.rows(
            synced_shop,
            "SELECT attname FROM pg_attribute WHERE attnum > 0"
            " AND attrelid = 'point_analytics_data'::regclass ORDER BY attnum",
        )
    ]
    own = {"order_key": "-n", "transaction_id": "-n", "card_key": "1000 + n / 10"}
    own |= {"card_id": "1000 + n / 10"}
    databases.execute(
        synced_shop,
        f"INSERT INTO point_analytics_data ({', '.join(columns)})"
        f" SELECT {', '.join(own.get(name, f'r.{name}') for name in columns)}"
        f" FROM generate_series(1, {OTHERS}) n, (SELECT * FROM point_analytics_data"
        " WHERE transaction_date < '2017-04-01' LIMIT 1) r",
    )
    databases.execute(synced_shop, "ANALYZE")
    return synced_shop


def rows_read(dsn):
    """How many bookings were read so far, by whatever plan, of sessions that are over."""
    ours = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'loyalty_reporting%'"
    )
    until(lambda: not databases.rows(dsn, ours))
    [(count,)] = databases.rows(
        dsn,
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))"
        " FROM pg_stat_user_tables WHERE relname LIKE 'point_analytics_data%'",
    )
    return int(count)


@pytest.mark.parametrize("occurred_at", ["2017-03-20 10:00Z", "2018-05-02 10:00Z"])
def test_a_booking_beside_restored_months_reads_no_other_card(
    occurred_at, shop, crowded
):
    shop.points(5, occurred_at=occurred_at)
    before = rows_read(crowded)

    counts = synced(shop.dsn, crowded)

    assert counts.documents_changed == 1
    assert 0 < rows_read(crowded) - before < OTHERS / 10


def test_who_needs_a_month_has_a_turn_between_two_others(shop, synced_shop, tmp_path):
    shop.order("J1", "2017-06-10 10:00Z")
    synced(shop.dsn, synced_shop)
    assert archived(synced_shop, tmp_path, month(2017, 7)) == [MARCH]
    waiting, seen = Thread(target=restore, args=(synced_shop, MARCH)), {}

    def between(step, leaves):
        if step == "begun":
            if leaves == month(2017, 4):
                waiting.start()
                # It asks for the lock, and does not get it.
                until(lambda: locked(synced_shop, "retention next"))
            seen[leaves] = away(synced_shop)

    result = archive(synced_shop, tmp_path, LATER, between=between)
    waiting.join(30)

    assert result.state == "done"
    assert seen == {
        month(2017, 4): [MARCH],
        month(2017, 6): [month(2017, 4)],
    }
    # What was brought back meanwhile stays.
    assert away(synced_shop) == [month(2017, 4), month(2017, 6)]


def test_files_of_a_month_that_came_back_meanwhile_stay(gone, tmp_path, monkeypatch):
    def expire_first(dsn, tier, leaves):
        expire(dsn, tier, leaves)
        restore_held(dsn, month(2017, 4))

    monkeypatch.setattr("core.retention.run.expire", expire_first)
    policies = [*DETAIL, Policy(Tier.ARCHIVE, 1826)]

    assert archive(gone, tmp_path, month(2022, 6), policies).state == "done"

    assert not [*tmp_path.glob("*/*201703*")]
    assert [*tmp_path.glob("*/*201704*")]


def test_points_that_never_expire_come_back_as_such_from_older_files(
    synced_shop, tmp_path
):
    expiry = (
        "SELECT expires_at::text FROM point_analytics_data"
        " WHERE transaction_date < '2017-03-12' AND expires_at IS NOT NULL ORDER BY 1"
    )
    databases.execute(
        synced_shop,
        "UPDATE point_analytics_data SET expires_at = CASE card_id WHEN 1"
        " THEN timestamp '9999-12-31' ELSE timestamp '2018-01-01' END",
    )
    assert {*databases.rows(synced_shop, expiry)} == {
        ("2018-01-01 00:00:00",),
        ("9999-12-31 00:00:00",),
    }
    archived(synced_shop, tmp_path, LATER)

    restore(synced_shop, MARCH)

    assert {*databases.rows(synced_shop, expiry)} == {("2018-01-01 00:00:00",)}


def locked(dsn, name):
    """Whether somebody holds a lock of a job."""
    return databases.rows(
        dsn,
        "SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND objid = hashtext(%s)::oid AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
        [name],
    )


def test_one_worker_at_a_time_archives(synced_shop, tmp_path):
    others = []

    def between(step, _month):
        if step == "begun" and not others:
            others.append(archive(synced_shop, tmp_path, LATER).state)
            others.append(verify(synced_shop, [MARCH]).state)

    assert archive(synced_shop, tmp_path, LATER, between=between).state == "done"
    assert others == ["busy", "busy"]


@pytest.fixture
def impatient(monkeypatch):
    """Loads that do not wait for who has the months."""
    monkeypatch.setattr("core.stores.archived._PATIENCE", 0)


@pytest.fixture
def full(monkeypatch):
    """A database whose disk is full, as far as months come back."""

    def fail(*_):
        raise psycopg2.errors.DiskFull("could not extend file: No space left on device")

    monkeypatch.setattr("core.retention.restore.place", fail)
    return monkeypatch


@pytest.fixture
def gone(synced_shop, tmp_path):
    """A report of which all months are away."""
    assert archived(synced_shop, tmp_path, LATER) == [MARCH, month(2017, 4)]
    return synced_shop


def letters(dsn):
    """(document, version, reason) of what waits."""
    return databases.rows(
        dsn,
        "SELECT document_key, version, reason FROM loyalty_reporting_dead_letter"
        " WHERE state = 'open' AND road IS NOT NULL ORDER BY document_key",
    )


def tried_again(dsn, source="engine", minutes=61, **more):
    """Load what was set aside, so many minutes later."""
    databases.execute(
        dsn,
        "UPDATE loyalty_reporting_dead_letter"
        f" SET last_seen = last_seen - {minutes} * interval '1 minute'",
    )
    options = {"companies": [NEW_YORK], "mapping": {1: 1}, "source_name": source}
    result = sync.load_waiting(dsn, **options, **more)
    assert result.state == "done", result
    return result.counts


def assert_whole(dsn, engine, check):
    """The report, with all months back, is what a first load of the engine makes."""
    for month_back in away(dsn):
        restore(dsn, month_back)
    assert letters(dsn) == []
    check(dsn, engine)


def test_a_source_goes_on_while_months_are_taken_and_what_needs_them_follows(
    shop, gone, impatient, assert_same_as_from_scratch
):
    shop.change("processed_order", "A1", store_id=9)
    shop.delete("processed_order", "A2")
    shop.points(5, occurred_at="2017-03-20 10:00Z")
    shop.order("B1", "2018-05-01 10:00Z")
    with held(gone, LOCK):
        synced(shop.dsn, gone)
        assert away(gone) == [MARCH, month(2017, 4)]
        assert "B1" in {row[0] for row in contents(gone)["orders"]}
        found = letters(gone)
        assert {"A1", "A2"} < {document for document, *_rest in found}
        for _document, _version, reason in found:
            assert reason.startswith(
                "archived period: March 2017 cannot be restored now: Another worker"
            )
            assert "loaded by itself" in reason
        # Still taken, and then too early to try again.
        assert not tried_again(gone).documents_changed
        assert letters(gone) == found
        assert tried_again(gone, minutes=0).rows_read == 0

    assert tried_again(gone).documents_changed == len(found)

    assert_whole(gone, shop.dsn, assert_same_as_from_scratch)


def test_what_a_full_disk_lets_nobody_restore_waits(
    shop, gone, full, assert_same_as_from_scratch
):
    shop.change("processed_order", "A1", store_id=9)
    shop.order("B1", "2018-05-01 10:00Z")
    synced(shop.dsn, gone)
    [(document, _version, reason)] = letters(gone)
    assert document == "A1"
    assert "No space left on device" in reason
    full.undo()

    assert tried_again(gone).documents_changed == 1

    assert_whole(gone, shop.dsn, assert_same_as_from_scratch)


def test_what_damaged_files_keep_away_is_loaded_once_they_are_whole(
    shop, gone, tmp_path, assert_same_as_from_scratch
):
    [file] = tmp_path.glob("promotion_report_detail_data/*201703*")
    whole = file.read_bytes()
    file.write_bytes(b"x" + whole[1:])
    shop.change("processed_order", "A1", store_id=9)
    synced(shop.dsn, gone)
    assert [document for document, *_rest in letters(gone)] == ["A1"]
    file.write_bytes(whole)

    tried_again(gone)

    assert_whole(gone, shop.dsn, assert_same_as_from_scratch)


def test_a_newer_read_of_the_database_stands_against_what_waits(
    shop, gone, impatient, assert_same_as_from_scratch
):
    [(booking,)] = shop.rows(
        "SELECT min(id) FROM engine.point_transaction"
        " WHERE order_id IS NULL AND occurred_at < '2017-04-01'"
    )
    with held(gone, LOCK):
        shop.change("processed_order", "A1", store_id=9)
        shop.delete("point_transaction", booking)
        synced(shop.dsn, gone)
    waiting = {document: version for document, version, _reason in letters(gone)}
    assert waiting.keys() == {"A1", str(booking)}
    # What is gone is newer than any version; not so for the database that has it again.
    assert waiting[str(booking)] > 1 << 60
    shop.change("processed_order", "A1", store_id=7)
    shop.points(5, id=booking)
    synced(shop.dsn, gone)
    assert letters(gone) == []

    assert not tried_again(gone).rows_read

    assert_whole(gone, shop.dsn, assert_same_as_from_scratch)


def test_what_waits_is_no_difference(shop, gone, impatient):
    [(earned,)] = shop.rows(
        "SELECT min(id) FROM engine.point_transaction WHERE order_id = 'A1'"
    )
    may = [month(2018, 5)]
    with held(gone, LOCK):
        shop.points(2, "reverse", reverses_id=earned, occurred_at="2018-05-02 10:00Z")
        synced(shop.dsn, gone)
        waiting = letters(gone)
        assert len(waiting) == 1
        assert reconciled(shop.dsn, gone, months=may) == []
        repaired(shop.dsn, gone, months=may)
        assert letters(gone) == waiting

    assert tried_again(gone).documents_changed == 1

    assert reconciled(shop.dsn, gone, months=may) == []


def test_a_refused_event_settles_nothing_that_waits(shop, gone, impatient):
    known = "SELECT version FROM fact_document WHERE document_key = 'A1'"
    version = databases.value(gone, known)
    shop.run(
        "BEGIN; ALTER TABLE engine.processed_order DISABLE TRIGGER USER;"
        " UPDATE engine.processed_order SET store_id = 9 WHERE id = 'A1'; COMMIT"
    )
    options = {"companies": [NEW_YORK], "mapping": {1: 1}, "source_name": "engine"}
    with held(gone, LOCK):
        sync.replay(source_of(shop.dsn), gone, keys={"order": ["A1"]}, **options)
    waiting = letters(gone)
    assert [letter[:2] for letter in waiting] == [("A1", version)]
    intake = Intake(gone, "push", "engine", configuration(), 1_000_000, per_minute=9)

    [verdict] = intake.receive(order("A1", version=version, currency="XXX").encode())

    assert verdict.verdict == "refused"
    assert letters(gone) == waiting
    assert tried_again(gone).documents_changed == 1


@pytest.fixture
def streamed(feed, tmp_path):
    """A feed whose report has order A1 in its first version, in a month that is away."""
    feed.send(
        order("A1", points=1), order("A2", number=2, ordered_at="2018-05-01T10:00:00Z")
    )
    assert feed.consume().state == "done"
    assert archived(feed.report, tmp_path, LATER) == [MARCH]
    return feed


def stores(feed):
    """{order: its shop} of the report."""
    return dict(
        databases.rows(
            feed.report,
            "SELECT o.order_id, s.external_id FROM customer_order_data o"
            " JOIN loyalty_reporting_shop s ON s.id = o.shop_key",
        )
    )


def test_a_stream_goes_on_and_versions_stay_in_their_order(streamed, impatient):
    new = {"ordered_at": "2018-05-01T10:00:00Z"}
    with held(streamed.report, LOCK):
        for version in (3, 2, 4, 3):
            streamed.send(order("A1", points=2, version=version, store_id=version))
            streamed.send(order(f"B{version}", number=10 + version, **new))
            assert streamed.consume().state == "done"
        assert streamed.orders() == {"A1", "A2", "B2", "B3", "B4"}
        assert streamed.pending() == 0
        assert [letter[:2] for letter in letters(streamed.report)] == [("A1", 4)]
        # Scrubbed as any letter, if somebody is erased.
        [(raw,)] = databases.rows(
            streamed.report, "SELECT raw FROM loyalty_reporting_dead_letter"
        )
        assert '"partner_id": 1' in raw
    # An older version that finds the month back does not settle it.
    restore(streamed.report, MARCH)
    streamed.send(order("A1", version=2, store_id=2))
    assert streamed.consume().state == "done"
    assert stores(streamed)["A1"] == 2
    assert [letter[:2] for letter in letters(streamed.report)] == [("A1", 4)]

    assert tried_again(streamed.report, "stream").documents_changed == 1

    assert stores(streamed)["A1"] == 4
    assert letters(streamed.report) == []
    booked = "SELECT count(*) FROM point_analytics_data WHERE order_id = 'A1'"
    assert databases.rows(streamed.report, booked) == [(2,)]


def test_a_newer_event_settles_what_waits(streamed, impatient):
    with held(streamed.report, LOCK):
        streamed.send(order("A1", version=2, store_id=2))
        streamed.consume()
    streamed.send(order("A1", version=3, store_id=3))
    streamed.consume()

    assert letters(streamed.report) == []
    assert stores(streamed)["A1"] == 3


def test_of_two_events_of_one_version_the_first_one_waits(streamed, impatient):
    with held(streamed.report, LOCK):
        for store in (2, 3):
            streamed.send(order("A1", version=2, store_id=store))
            streamed.consume()

    tried_again(streamed.report, "stream")

    assert stores(streamed)["A1"] == 2


def test_a_repair_takes_nothing_from_what_waits(streamed, impatient):
    known = "SELECT content_hash FROM fact_document WHERE document_key = 'A1'"
    before = databases.rows(streamed.report, known)
    with held(streamed.report, LOCK):
        streamed.send(order("A1", version=2, store_id=2))
        streamed.consume()

    mending.forget_content(streamed.report, "engine", {"order": ["A1", "A2"]})

    assert databases.rows(streamed.report, known) == before


def test_one_document_that_cannot_be_loaded_stops_no_other(streamed, impatient):
    with held(streamed.report, LOCK):
        streamed.send(order("A1", version=2, store_id=2), order("A9", number=9))
        streamed.consume()
    change = (
        "UPDATE loyalty_reporting_dead_letter SET raw = replace(raw, %s, %s)"
        " WHERE document_key = 'A1'"
    )
    databases.execute(streamed.report, change, ["-10T15", "-10Tx15"])

    counts = tried_again(streamed.report, "stream")

    assert (counts.documents_changed, counts.rows_rejected) == (1, 1)
    [(document, _version, reason)] = letters(streamed.report)
    assert document == "A1"
    assert reason.startswith("cannot be loaded: time zone")
    databases.execute(streamed.report, change, ["-10Tx15", "-10T15"])
    assert tried_again(streamed.report, "stream").documents_changed == 1
    assert letters(streamed.report) == []


class Killed(BaseException):
    """What ends a process."""


def test_who_is_killed_bringing_a_month_back_lets_time_pass(streamed, monkeypatch):
    def killed(*_):
        raise Killed

    with held(streamed.report, LOCK), monkeypatch.context() as patched:
        patched.setattr("core.stores.archived._PATIENCE", 0)
        streamed.send(order("A1", version=2, store_id=2))
        streamed.consume()
    with monkeypatch.context() as patched:
        patched.setattr("core.retention.restore.place", killed)
        with pytest.raises(Killed):
            tried_again(streamed.report, "stream")

    assert not tried_again(streamed.report, "stream", minutes=0).rows_read
    assert [letter[:2] for letter in letters(streamed.report)] == [("A1", 2)]
    assert tried_again(streamed.report, "stream").documents_changed == 1


def test_letters_of_a_source_that_tells_of_another_system_now_stay(streamed, impatient):
    with held(streamed.report, LOCK):
        streamed.send(order("A1", version=2))
        streamed.consume()

    assert not tried_again(streamed.report, "stream", system="odoo").rows_read
    assert [letter[:2] for letter in letters(streamed.report)] == [("A1", 2)]


def test_letters_that_are_asked_for_are_loaded_though_they_are_not_due(
    streamed, impatient
):
    with held(streamed.report, LOCK):
        streamed.send(order("A1", version=2), order("A9", number=9))
        streamed.consume()
    [(asked,)] = databases.rows(
        streamed.report,
        "SELECT id FROM loyalty_reporting_dead_letter WHERE document_key = 'A9'",
    )

    counts = tried_again(streamed.report, "stream", minutes=0, letters=[asked])

    assert counts.documents_changed == 1
    assert [letter[:2] for letter in letters(streamed.report)] == [("A1", 2)]


def test_a_pushed_event_that_waits_is_accepted_and_loaded_later(streamed, impatient):
    intake = Intake(
        streamed.report, "push", "engine", configuration(), 1_000_000, per_minute=9
    )
    with held(streamed.report, LOCK):
        [verdict] = intake.receive(order("A1", version=2, store_id=2).encode())
    assert verdict.verdict == "accepted"

    tried_again(streamed.report, "push")

    assert stores(streamed)["A1"] == 2


def test_a_process_killed_before_its_letters_are_settled_loads_them_once(
    streamed, impatient, monkeypatch
):
    with held(streamed.report, LOCK):
        streamed.send(order("A1", points=2, version=2))
        streamed.consume()
    with monkeypatch.context() as patched:
        patched.setattr("core.stores.aside.settle", lambda *_: None)
        tried_again(streamed.report, "stream")

    assert not tried_again(streamed.report, "stream").documents_changed
    assert letters(streamed.report) == []
