"""What is counted comes out as Prometheus reads it."""

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families

from core.guard import counters, trace
from core.guard.metrics import OPENMETRICS, render
from core.guard.shared import Away, Shared

NONE = Shared("")
PREFIX = "loyalty_reporting_"


@pytest.fixture(autouse=True)
def request_of_shop(monkeypatch):
    """A request of the database shop, in a process that counted nothing yet."""
    monkeypatch.setattr(counters, "_tally", counters.Tally())
    trace.begin(database="shop")
    yield
    trace.end()


def samples(totals, gauges=(), accept="", is_shared=True):
    body, _type = render(totals, gauges, accept, is_shared)
    parse = open_metrics if OPENMETRICS in accept else text_string_to_metric_families
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parse(body.decode())
        for sample in family.samples
    }


class AwayRedis:
    """A Redis that is away."""

    is_configured = True

    def call(self, action):
        raise Away()


def test_what_is_counted_adds_up():
    counters.count("cache_hit")
    counters.count("cache_hit", 2)
    counters.count("answer", report="a", store="postgresql")
    found = samples(counters.totals(NONE, "n"))
    assert found[(PREFIX + "cache_hits_total",)] == 3
    assert found[(PREFIX + "cache_misses_total",)] == 0
    labels = (("report", "a"), ("store", "postgresql"))
    assert found[(PREFIX + "answers_total", *labels)] == 1


@pytest.mark.parametrize(
    "seconds,bound", [(0.005, "0.005"), (0.0051, "0.01"), (30, "30.0"), (31, "+Inf")]
)
def test_a_duration_falls_into_its_bucket_and_all_above(seconds, bound):
    labels = {"method": "GET", "route": "/r", "status": 200}
    counters.observe("request", seconds, **labels)
    found = samples(counters.totals(NONE, "n"))
    name = PREFIX + "request_duration_seconds"
    buckets = {
        dict(labels)["le"]: value
        for (sample, *labels), value in found.items()
        if sample == f"{name}_bucket"
    }
    assert len(buckets) == len(counters.BOUNDS) + 1
    floats = {float(le): value for le, value in buckets.items()}
    assert [value for le, value in floats.items() if le < float(bound)] == [0] * sum(
        le < float(bound) for le in floats
    )
    assert all(value == 1 for le, value in floats.items() if le >= float(bound))
    [total] = [v for (sample, *_), v in found.items() if sample == f"{name}_sum"]
    assert total == seconds


def test_another_database_sees_nothing_of_it():
    counters.count("cache_hit")
    trace.begin(database="other")
    assert samples(counters.totals(NONE, "n"))[(PREFIX + "cache_hits_total",)] == 0


def test_a_process_of_several_names_itself_where_nothing_is_shared():
    counters.count("cache_hit")
    found = samples(counters.totals(NONE, "n"), is_shared=False)
    [(_name, (label, _process))] = [
        k for k in found if k[0].endswith("cache_hits_total")
    ]
    assert label == "process"


def test_while_redis_is_away_counts_are_kept():
    counters.count("cache_hit")
    counters.hand_over(AwayRedis(), "n")
    counters.count("cache_hit")
    with pytest.raises(Away):
        counters.totals(AwayRedis(), "n")
    assert samples(counters.totals(NONE, "n"))[(PREFIX + "cache_hits_total",)] == 2


def test_totals_that_cannot_be_read_are_left_out():
    found = samples(None)
    assert found[(PREFIX + "counters_up",)] == 0


def test_what_is_not_declared_cannot_be_counted():
    with pytest.raises(KeyError):
        counters.count("no_such")
    with pytest.raises(KeyError):
        counters.count("answer", report="a")


def test_gauges_and_odd_labels_survive_both_forms():
    odd = 'a "b"\\\n'
    gauges = [
        (PREFIX + "x", "An x.", {(("source", odd),): 3}),
        (PREFIX + "y", "Y.", {}),
    ]
    for accept in ("", OPENMETRICS):
        found = samples({}, gauges, accept)
        assert found[(PREFIX + "x", ("source", odd))] == 3


def test_series_of_an_older_version_are_left_out():
    found = samples({'["gone", [], "total"]': 1.0, '["answer", ["a"], "total"]': 1.0})
    assert 1.0 not in [v for k, v in found.items() if k != (PREFIX + "counters_up",)]
