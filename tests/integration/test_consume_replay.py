"""What the engine's live replay tells by the stream is what its database says."""

import contextlib
import io

import databases
import pipeline
import pytest
from stream_fixtures import feed

from dev.reference_engine.replay import Delivery, Rates, replay

__all__ = ["feed"]
RATES = Rates(
    late=0.1,
    refunds=0.15,
    voids=0.1,
    corrections=0.2,
    rejected=0.2,
    adjustments=0.1,
    campaigns=0.05,
)
# Cards come by the database alone, and with them the level that a booking shows.
LEVEL = "NULL AS membership_product_id"


@pytest.fixture
def play(households, feed):
    """Function (**options): the engine sells, into its database and the stream."""

    def run(orders=200, rates=RATES, **delivery):
        with contextlib.redirect_stdout(io.StringIO()):
            replay(
                households.dsn,
                feed.url,
                seed=1,
                orders=orders,
                rates=rates,
                delivery=Delivery(speed=0, stream=feed.name, maxlen=0, **delivery),
                say=lambda line: None,
            )

    return run


def told(report):
    """Contents of a reporting database, but for what no event tells."""
    parts = dict(pipeline.CONTENTS)
    parts["points"] = parts["points"].replace("membership_product_id", LEVEL)
    return {
        name: sorted(databases.rows(report, query), key=repr)
        for name, query in parts.items()
        if name != "points rollup"
    }


def test_the_stream_alone_brings_what_the_database_says(
    households, feed, play, report_template
):
    pipeline.synced(households.dsn, feed.report)
    play()
    assert feed.consume().state == "done"
    assert feed.letters() == []
    with databases.database(databases.REPORT, report_template) as fresh:
        pipeline.synced(households.dsn, fresh)
        pipeline.assert_same_contents(told(fresh), told(feed.report))


def test_both_roads_at_once_with_repeats_and_disorder(
    households, feed, play, assert_same_as_from_scratch
):
    pipeline.synced(households.dsn, feed.report)
    with feed.running(events=20):
        for _ in range(3):
            play(orders=60, duplicates=0.3, disorder=30)
            pipeline.synced(households.dsn, feed.report)
    feed.consume()
    pipeline.synced(households.dsn, feed.report)
    assert_same_as_from_scratch(feed.report, households.dsn)
    assert feed.letters() == []
