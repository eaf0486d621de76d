"""The demo's shop, loaded as any source is, against the oracle; and removed again."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime

import databases
import pytest
from archiving import archived, month
from generic_world import assert_as_computed
from pipeline import CONTENTS, NEW_YORK, assert_same_contents, contents, synced
from recomputed import assert_rollups_follow_from_detail
from reconciling import found as differences

from core import removal, sync
from core.reconcile import run as reconciling
from core.records import Company
from core.retention.restore import LOCK
from core.sources import contract
from core.sources.demo import DAYS, DemoSource
from core.sources.demo_shop import DIMENSIONS, history
from core.stores.locks import held

ZONE = NEW_YORK.timezone
NOW = datetime(2018, 6, 20, 16, 30, tzinfo=UTC)
OPENED = date(2017, 11, 22)
EARLIER = (datetime(2018, 1, 31, 23, tzinfo=UTC), datetime(2018, 6, 19, 14, tzinfo=UTC))
SECOND = Company(2, "Asia/Jakarta", "USD", 2)
FEED = {
    "source_name": "demo",
    "system": "demo",
    "companies": [NEW_YORK],
    "mapping": {1: 1},
}
BEGINNING = {
    "phase": "window",
    "since": OPENED.isoformat(),
    "timezone": ZONE,
    "currency": "USD",
}
BEGUN = (
    "INSERT INTO loyalty_reporting_cursor (source_name, position) VALUES ('demo', %s)"
)
LEFT = [name for name in CONTENTS if name != "dead letters"]


@pytest.fixture(scope="session")
def played(report_template):
    """URL of a reporting database with the shop's days until NOW, in one run."""
    with databases.database(databases.REPORT, report_template) as dsn:
        assert told(dsn).state == "done"
        yield dsn


def test_every_report_is_what_its_documents_say(played):
    assert_rollups_follow_from_detail(played)
    assert_as_computed(played, rows(), ZONE)


def test_nothing_of_it_is_refused(played):
    assert contents(played)["dead letters"] == []


def test_it_shows_everything_that_can_happen():
    happened = defaultdict(set)
    for table, found in rows().items():
        for row in found:
            kind = row.get("transaction_type") or row.get("event_type")
            happened[table].add(kind or row.get("outcome") or row.get("state"))
    kinds = {"earn", "redeem", "expire", "adjust", "reverse"}
    assert happened["point_transaction"] == kinds
    assert happened["membership_event"] == {"join", "upgrade", "downgrade", "expire"}
    assert happened["promotion_evaluation"] == {"applied", "eligible", "rejected"}
    assert happened["processed_order"] == {"done", "refund", "void"}
    sold = rows()["processed_order"]
    assert {row["store_id"] for row in sold} == {1, 2}
    assert {row["channel"] for row in sold} == {"pos", "web"}


def test_the_same_days_are_the_same_each_time():
    assert documents() == documents()
    until = EARLIER[0]
    assert documents(until) == [d for d in documents() if d.at <= until]


def test_told_bit_by_bit_it_is_the_same(played, report):
    databases.execute(report, BEGUN, [json.dumps(BEGINNING)])
    counts = [told(report, now).counts.documents_read for now in (*EARLIER, NOW)]
    assert all(counts)
    assert_same_contents(contents(played), contents(report))


def test_told_again_nothing_is_written(played):
    assert told(played).counts.documents_read == 0


def test_reconciliation_finds_no_difference(played):
    source = DemoSource(ZONE, "USD", position(played), lambda: NOW)
    result = reconciling.reconcile_source(source, played, **FEED)
    assert result.state == "done", result
    assert differences(played) == []


def test_removed_it_leaves_nothing(report):
    told(report)
    gone = removal.remove(DemoSource("UTC", ""), report, **FEED)
    assert gone.state == "done", gone
    after = contents(report)
    assert {name: after[name] for name in LEFT if after[name]} == {}
    assert_rollups_follow_from_detail(report)
    for name in ("program", "shop", "customer", "membership_product", "card"):
        query = f"SELECT count(*) FROM loyalty_reporting_{name} WHERE source = 'demo'"
        assert databases.value(report, query) == 0, name
    assert position(report) is None


def test_while_a_month_cannot_come_back_its_removal_fails_and_is_gone_on_with(
    report, tmp_path, monkeypatch
):
    told(report)
    assert archived(report, tmp_path, month(2018, 6))
    monkeypatch.setattr("core.stores.archived._PATIENCE", 0)
    programs = "SELECT count(*) FROM loyalty_reporting_program WHERE source = 'demo'"
    with held(report, LOCK):
        result = removal.remove(DemoSource("UTC", ""), report, **FEED)
    assert result.state == "failed"
    assert "wait for an archived month" in result.message
    assert databases.value(report, programs)
    assert databases.value(
        report,
        "SELECT count(*) FROM loyalty_reporting_dead_letter WHERE state = 'open'",
    )

    gone = removal.remove(DemoSource("UTC", ""), report, **FEED)

    assert gone.state == "done", gone
    after = contents(report)
    assert {name: after[name] for name in CONTENTS if after[name]} == {}
    assert not databases.value(report, programs)


def test_after_its_removal_it_can_be_opened_again(played, report):
    told(report)
    removal.remove(DemoSource("UTC", ""), report, **FEED)
    told(report)
    assert_same_contents(contents(played), contents(report))


def test_removing_it_touches_nothing_of_another_system(report, households):
    two = {"companies": [NEW_YORK, SECOND], "mapping": {1: 2}}
    synced(households.dsn, report)
    before = contents(report)
    told(report, **two)
    removal.remove(DemoSource("UTC", ""), report, **{**FEED, **two})
    assert_same_contents(before, contents(report))


# ---------------------------------------------------------------- the shop


def told(report, now=NOW, **more):
    """Read the shop until an instant. Returns the run's result."""
    source = DemoSource(ZONE, "USD", position(report), lambda: now)
    return sync.run(source, report, **{**FEED, **more})


def position(report):
    """Where the source goes on, or None."""
    query = "SELECT position FROM loyalty_reporting_cursor WHERE source_name = 'demo'"
    found = databases.rows(report, query)
    return found[0][0] if found else None


def documents(until=NOW):
    """The shop's documents, as it was opened for the first run at NOW."""
    return list(history(OPENED, until, ZONE, "USD"))


def rows():
    """The documents' rows by table, with all columns of the contract."""
    found = {table: list(some) for table, some in DIMENSIONS.items()}
    for document in documents():
        for table, some in document.rows.items():
            found.setdefault(table, []).extend(some)
    return {
        table: [dict.fromkeys(contract.TABLES[table]) | row for row in some]
        for table, some in found.items()
    }


def test_it_is_open_for_as_many_days_as_it_says():
    assert (NOW.date() - OPENED).days == DAYS
