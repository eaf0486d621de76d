"""Dead letters read again: out of turn, under the configuration of now."""

import databases
import pipeline

from core import sync
from core.sources import SOURCES

POSITION = "SELECT position FROM loyalty_reporting_cursor"
OPEN = "SELECT count(*) FROM loyalty_reporting_dead_letter WHERE state = 'open'"
ORDERS = "SELECT count(DISTINCT order_id) FROM promotion_report_detail"


def replay(engine, report, keys, **options):
    """Read some documents of the engine again."""
    settings = {"companies": [pipeline.NEW_YORK], "mapping": {1: 1}, **options}
    source = SOURCES["engine_pg"](engine.dsn)
    result = sync.replay(
        source, report, source_name="engine", keys={"order": keys}, **settings
    )
    assert result.state == "done", result
    return result.counts


def test_a_replay_applies_a_new_company_mapping_and_leaves_the_position(engine, report):
    engine.order("known")
    engine.order("unmapped", company_id=2)
    pipeline.synced(engine.dsn, report)
    position = databases.value(report, POSITION)
    assert databases.value(report, OPEN) == 2  # the order and its line

    replay(engine, report, ["unmapped"], mapping={1: 1, 2: 1})

    assert databases.value(report, OPEN) == 0
    assert databases.value(report, ORDERS) == 2
    assert databases.value(report, POSITION) == position


def test_a_replay_of_rows_without_a_document_leaves_the_position(engine, report):
    engine.order("known")
    orphan = engine.line(None)
    pipeline.synced(engine.dsn, report)
    position = databases.value(report, POSITION)
    engine.run(
        "UPDATE engine.order_promotion_line SET order_id = 'known' WHERE id = %s",
        [orphan],
    )

    replay(engine, report, ["", "known"])

    assert databases.value(report, OPEN) == 0
    assert databases.value(report, "SELECT count(*) FROM promotion_report_detail") == 2
    assert databases.value(report, POSITION) == position


def test_a_replay_of_nothing_changes_nothing(engine, report):
    engine.order("known")
    pipeline.synced(engine.dsn, report)
    position = databases.value(report, POSITION)

    assert replay(engine, report, []).documents_changed == 0
    assert databases.value(report, POSITION) == position
