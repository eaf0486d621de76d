"""Probes never hold up who asks; what is found becomes a status."""

import threading
import time
from datetime import datetime, timedelta

import pytest

from core.guard import health
from core.guard.probes import Finding, Probes, State
from core.stores.migrate import files

NOW = datetime(2026, 1, 1, 12)
UP, AWAY, OFF = (Finding(state, {}) for state in (State.UP, State.AWAY, State.OFF))


def found(**changes):
    pipeline = {
        "schema": files("postgres")[-1].name,
        "data_as_of": NOW - timedelta(seconds=10),
        "load_id": 9,
        "watermark": 7,
        "problem": None,
        "version": "15",
        "runs": [],
        "lags": [],
        "letters": [],
    }
    return pipeline | changes


@pytest.mark.parametrize(
    "changes,findings,late_after,expected",
    [
        ({}, {"redis": UP}, 60, "ready"),
        ({}, {"redis": OFF, "clickhouse": OFF}, 60, "ready"),
        ({}, {"redis": UP, "clickhouse": AWAY}, 60, "degraded"),
        ({}, {}, 5, "degraded"),
        ({}, {}, 0, "ready"),
        ({"data_as_of": None}, {}, 60, "ready"),
        ({"schema": "001_state.sql"}, {"redis": UP}, 60, "unavailable"),
    ],
)
def test_only_what_answers_need_makes_it_unfit(changes, findings, late_after, expected):
    document = health.report(found(**changes), findings, late_after, NOW)
    assert document["status"] == expected


def test_details_are_apart_from_states():
    findings = {"redis": Finding(State.AWAY, {"reason": "host:6379"})}
    assert "6379" not in str(health.report(found(), findings, 60, NOW))
    details = health.details(found(), findings)
    assert details["services"]["redis"]["reason"] == "host:6379"
    assert details["data_as_of"] == "2026-01-01T11:59:50Z"


def test_gauges_tell_how_far_the_copy_is_only_if_there_is_one():
    names = {name for name, *_ in health.gauges(found(), has_copy=False)}
    assert "loyalty_reporting_watermark_lag_loads" not in names
    [lag] = [
        values
        for name, _words, values in health.gauges(found(), has_copy=True)
        if name == "loyalty_reporting_watermark_lag_loads"
    ]
    assert lag == {(): 2}


def test_a_service_that_hangs_is_away_and_nobody_waits_longer():
    end = threading.Event()
    probes = Probes(seconds=0.1, remembered=0)
    started = []

    def hang():
        started.append(1)
        end.wait(10)
        return {}

    before = time.monotonic()
    for _round in range(3):
        findings = probes.ask("k", {"slow": hang, "quick": dict, "none": None})
        assert findings["slow"].state is State.AWAY
        assert findings["quick"].state is State.UP
        assert findings["none"].state is State.OFF
    assert time.monotonic() - before < 2
    assert started == [1]
    end.set()


def test_services_are_asked_side_by_side():
    both = threading.Barrier(2, timeout=5)

    def meet():
        both.wait()
        return {}

    findings = Probes(seconds=5).ask("k", {"a": meet, "b": meet})
    assert {f.state for f in findings.values()} == {State.UP}


def test_an_error_is_a_reason():
    def fail():
        raise OSError("no route")

    finding = Probes().ask("k", {"a": fail})["a"]
    assert finding.state is State.AWAY
    assert "no route" in finding.details["reason"]


def test_a_round_is_remembered_for_a_while():
    now, asked = [0.0], []
    probes = Probes(remembered=2, clock=lambda: now[0])

    def probe():
        asked.append(1)
        return {}

    now[0] = 10.0
    for _ask in range(3):
        probes.ask("k", {"a": probe})
    assert len(asked) == 1
    probes.ask("other", {"a": probe})
    now[0] = 12.0
    probes.ask("other", {"a": probe})
    assert len(asked) == 3
