"""Reading a source again from a day on: what is right stays, what is not is mended."""

from datetime import date

import databases
import pipeline

from core import sync
from core.sources import SOURCES

WRITTEN = "SELECT max(load_id) FROM fact_document"


def backfill(engine, report, **options):
    """One run; a small chunk, so that there is something to go on with."""
    given = {"companies": [pipeline.NEW_YORK], "mapping": {1: 1}, **options}
    source = SOURCES["engine_pg"](engine.dsn, chunk_documents=2)
    return sync.backfill(source, report, source_name="engine", **given)


def progress(report):
    """(documents read, in all) as the screen shows them."""
    found = databases.rows(
        report,
        "SELECT position FROM loyalty_reporting_cursor WHERE source_name = %s",
        [sync.BACKFILL.format("engine")],
    )
    return sync.backfill_progress(found[0][0] if found else None)


def test_a_loaded_history_is_read_again_and_nothing_is_written(shop, report):
    pipeline.synced(shop.dsn, report)
    before, contents = databases.value(report, WRITTEN), pipeline.contents(report)
    result = backfill(shop, report, since=date(2017, 1, 1))
    assert result.state == "done"
    assert result.counts.documents_read > 10
    assert result.counts.documents_changed == 0
    assert databases.value(report, WRITTEN) == before
    pipeline.assert_same_contents(contents, pipeline.contents(report))


def test_a_change_that_left_no_trace_is_found_and_the_cursor_stays(shop, report):
    pipeline.synced(shop.dsn, report)
    position = (
        "SELECT position FROM loyalty_reporting_cursor WHERE source_name = 'engine'"
    )
    before = databases.value(report, position)
    shop.run("ALTER TABLE engine.order_promotion_line DISABLE TRIGGER ALL")
    shop.run("UPDATE engine.order_promotion_line SET amount = 77 WHERE order_id = 'A5'")
    assert pipeline.synced(shop.dsn, report).documents_changed == 0
    changed = databases.value(report, position)

    assert backfill(shop, report, since=date(2017, 4, 20)).counts.documents_changed == 1
    assert databases.value(report, position) == changed
    assert changed["phase"] == before["phase"] == "window"
    amount = "SELECT sum(amount) FROM promotion_report_detail WHERE order_id = 'A5'"
    assert databases.value(report, amount) == 77


def test_only_documents_from_that_day_on_are_read(shop, report):
    pipeline.synced(shop.dsn, report)
    result = backfill(shop, report, since=date(2017, 4, 21))
    assert result.counts.documents_read == 1  # A7


def test_a_backfill_goes_on_where_its_time_slot_ended(shop, report):
    pipeline.synced(shop.dsn, report)
    shown = []
    result = backfill(shop, report, since=date(2017, 1, 1), seconds=0.0001)
    while result.state == "partial":
        shown.append(progress(report))
        result = backfill(shop, report, seconds=0.0001)
    assert result.state == "done"
    done = [read for read, _total in shown]
    assert done == sorted(done)
    assert len(set(done)) > 3
    assert {total for _read, total in shown} == {shown[-1][0]}
    assert progress(report) == (0, 0)


def test_without_a_beginning_there_is_nothing_to_go_on_with(shop, report):
    pipeline.synced(shop.dsn, report)
    result = backfill(shop, report)
    assert (result.state, result.counts.documents_read) == ("done", 0)
