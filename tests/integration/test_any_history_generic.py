"""Whatever happens in the engine: the report is what the oracle computes of its rows."""

import databases
import pytest
from engine_world import Engine
from generic_world import assert_as_computed, tables
from hypothesis import example, given, settings
from pipeline import await_others
from recomputed import assert_rollups_follow_from_detail
from test_any_history import HISTORIES, OPTIONS, World


def check(history, shop_template, report_template):
    """Take the steps and compare with the computation from the engine's rows."""
    with (
        databases.database(databases.ENGINE, shop_template) as engine_dsn,
        databases.database(databases.REPORT, report_template) as report,
    ):
        world = World(Engine(engine_dsn, first_id=20_000_000), report)
        for step in history:
            world.take(*step)
        await_others(engine_dsn)
        world.take("sync", 3)
        zone = world.options["companies"][0].timezone
        assert_rollups_follow_from_detail(report)
        assert_as_computed(report, tables(engine_dsn), zone)


# A basket that was looked at on two days, and never bought.
TWICE = [
    ("insert", "promotion_evaluation", 0, {"order_id": "b", "evaluated_at": at})
    for at in ("2017-03-10 15:00Z", "2017-04-12 15:00Z")
]


@settings(max_examples=5, derandomize=True, **OPTIONS)
@given(HISTORIES)
@example(TWICE)
def test_any_history_ends_as_computed(shop_template, report_template, history):
    check(history, shop_template, report_template)


@pytest.mark.slow
@settings(max_examples=300, **OPTIONS)
@given(HISTORIES)
def test_many_histories_end_as_computed(shop_template, report_template, history):
    check(history, shop_template, report_template)
