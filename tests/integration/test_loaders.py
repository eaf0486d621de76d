"""Several loaders at once: no update is lost, and loads are numbered as they commit."""

import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import databases
import pytest
from engine_world import Engine
from fake_source import FakeSource, document
from pipeline import NEW_YORK, await_others, contents, sync_once
from recomputed import assert_rollups_follow_from_detail, rollup_differences

from core import sync
from core.records import Company
from core.stores import loads

KOLKATA = Company(1, "Asia/Kolkata", "USD", 2)
HOURS = ("15:20", "15:40", "16:10")


def load(source, report, name, **options):
    """One run of a source of company 1."""
    settings = {"companies": [NEW_YORK], "mapping": {1: 1}, **options}
    return sync.run(source, report, source_name=name, **settings)


def side_by_side(*works):
    """Do all at once. Returns their results."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]


def load_side_by_side(given, report):
    """Load each list of chunks by a loader of its own, all at once."""
    return side_by_side(
        *(
            lambda n=n, chunks=chunks: load(FakeSource(chunks), report, f"loader {n}")
            for n, chunks in enumerate(given)
        )
    )


def crowded(loader, chunks, seed):
    """Chunks of documents that all fall into a few buckets, and come again changed."""
    chance = random.Random(seed)
    return [
        [
            document(
                f"{loader}-{number}",
                f"2017-03-{chance.choice(['10', '31'])} {chance.choice(HOURS)}Z",
                [f"{chance.randint(-99, 999)}.{chance.randint(10, 99)}"] * 2,
                number=loader * 1000 + number,
            )
            for number in chance.sample(range(12), 3)
        ]
        for _ in range(chunks)
    ]


def latest(chunks):
    """What must be there after all chunks: {order: sum of its lines}."""
    found = {}
    for chunk in chunks:
        for each in chunk:
            [order] = each["stage_order"]
            found[order["id"]] = sorted(line["amount"] for line in each["stage_line"])
    return found


def loaded(report):
    """{order: amounts of its lines} of the detail."""
    found = {}
    query = (
        "SELECT order_id, trim_scale(amount)::numeric(18,2)::text"
        " FROM promotion_report_detail ORDER BY 1, 2"
    )
    for order, amount in databases.rows(report, query):
        found.setdefault(order, []).append(amount)
    return {order: sorted(amounts) for order, amounts in found.items()}


@pytest.mark.parametrize("chunks", [40, pytest.param(600, marks=pytest.mark.slow)])
def test_loaders_of_the_same_buckets_lose_no_update(chunks, report):
    given = [crowded(loader, chunks, seed=loader) for loader in (1, 2, 3)]
    results = load_side_by_side(given, report)
    assert {result.state for result in results} == {"done"}, results
    assert loaded(report) == {
        **latest(given[0]),
        **latest(given[1]),
        **latest(given[2]),
    }
    assert_rollups_follow_from_detail(report)


def test_without_the_lock_updates_are_lost(report, monkeypatch):
    """The test above can fail."""
    numbers = itertools.count(1)
    monkeypatch.setattr(loads, "lock", lambda cr: None)
    monkeypatch.setattr(loads, "draw", lambda cr: next(numbers))
    given = [crowded(loader, 60, seed=loader) for loader in (1, 2, 3)]
    results = load_side_by_side(given, report)
    failed = any(result.state == "failed" for result in results)
    assert failed or any(rollup_differences(report).values())


def test_loads_are_numbered_in_the_order_of_their_commits(report):
    stop, seen, late = threading.Event(), {0}, []

    def watch():
        while not stop.is_set():
            query = "SELECT DISTINCT load_id FROM fact_document"
            found = {number for (number,) in databases.rows(report, query)}
            late.extend(number for number in found - seen if number < max(seen))
            seen.update(found)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        given = [crowded(loader, 40, seed=loader) for loader in (1, 2)]
        load_side_by_side(given, report)
    finally:
        stop.set()
        watcher.join()
    assert len(seen) > 10
    assert late == []


def test_a_source_that_runs_already_is_busy_and_nothing_is_wrong(report):
    entered, go_on = threading.Event(), threading.Event()

    def wait(_number):
        entered.set()
        assert go_on.wait(30)

    slow = FakeSource([[document("A")]], wait)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(load, slow, report, "engine")
        assert entered.wait(30)
        second = load(FakeSource([[document("B")]]), report, "engine")
        other = load(FakeSource([[document("C")]]), report, "another source")
        go_on.set()
        assert first.result().state == "done"
    assert (second.state, other.state) == ("busy", "done")
    assert "another worker runs this sync" in second.message
    assert set(loaded(report)) == {"A", "C"}
    assert load(FakeSource([]), report, "engine").state == "done"


def test_two_first_loads_of_one_system_at_once_end_as_one(
    households, report, assert_same_as_from_scratch
):
    for _ in range(4):
        await_others(households.dsn)
        results = side_by_side(
            lambda: sync_once(households.dsn, report, source_name="one"),
            lambda: sync_once(households.dsn, report, source_name="two"),
        )
        assert {result.state for result in results} == {"done"}, results
        assert_same_as_from_scratch(report, households.dsn)
        households.run(
            "UPDATE engine.order_promotion_line SET amount = amount + 1 WHERE id % 3 = 0;"
            "DELETE FROM engine.promotion_evaluation WHERE id % 5 = 1"
        )


def test_a_first_load_beside_a_loader_of_new_months_ends_as_from_scratch(
    households, report, report_template
):
    await_others(households.dsn)
    months = [f"2017-{month:02}-15 12:00Z" for month in range(1, 13)]
    mine = [[document(f"own-{at}", at, number=i)] for i, at in enumerate(months)]
    results = side_by_side(
        lambda: sync_once(households.dsn, report, system="engine"),
        lambda: load(FakeSource(mine), report, "other", system="other"),
        lambda: load(FakeSource(mine[::-1]), report, "third", system="third"),
    )
    assert {result.state for result in results} == {"done"}, results
    assert_rollups_follow_from_detail(report)
    databases.execute(
        report,
        "SELECT 1 / (count(*) = 24)::int FROM promotion_report_detail"
        " WHERE order_id LIKE 'own-%'",
    )
    orders = Engine(households.dsn).value("SELECT count(*) FROM engine.processed_order")
    kinds = [kind for _source, kind, *_rest in contents(report)["documents"]]
    assert kinds.count("order") == orders + 24


def test_a_zone_that_changes_while_others_load_cuts_all_days_alike(report):
    chunks = crowded(1, 60, seed=1)
    stop = threading.Event()

    def change():
        for company in itertools.cycle((KOLKATA, NEW_YORK)):
            result = load(FakeSource([]), report, "settings", companies=[company])
            assert result.state == "done", result
            if stop.is_set() and company is KOLKATA:
                return

    load(FakeSource([]), report, "settings")
    with ThreadPoolExecutor(1) as pool:
        changes = pool.submit(change)
        result = load(FakeSource(chunks), report, "loader", companies=[])
        stop.set()
        changes.result()
    assert result.state == "done"
    query = (
        "SELECT count(*) FROM promotion_report_detail WHERE date <>"
        " (transaction_date AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Kolkata')::date"
        " OR hour <> transaction_date - interval '1 minute' * mod("
        "  30 + extract(minute FROM transaction_date), 60)"
    )
    assert databases.value(report, query) == 0
    assert_rollups_follow_from_detail(report)


def test_sources_that_save_one_configuration_at_once_do_not_fail(report):
    def runs(name):
        return [
            load(FakeSource([]), report, name, mapping={1: 1, **extra})
            for extra in ({}, {2: 1}) * 10
        ]

    results = side_by_side(*(lambda n=n: runs(f"source {n}") for n in range(3)))
    assert {result.state for each in results for result in each} == {"done"}
