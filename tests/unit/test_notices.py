"""Which source is behind, and what is said of it."""

from datetime import datetime, timedelta

import pytest

from core.guard.notices import Kind, Notice, Reading, notice

NOW = datetime(2026, 1, 1, 12)
JUST_NOW = NOW - timedelta(seconds=40)
LONG_AGO = NOW - timedelta(hours=3)


def reading(**changes):
    usual = {
        "code": "engine",
        "state": "done",
        "message": "",
        "begun_at": JUST_NOW,
        "lag": 0.5,
        "read_at": JUST_NOW,
        "phase": "sweep",
    }
    return Reading(**usual | changes)


def noticed(found, is_active=True, seconds=900):
    return notice(found, is_active=is_active, seconds=seconds, now=NOW)


@pytest.mark.parametrize(
    "found",
    [
        reading(),
        reading(state="running", read_at=JUST_NOW),
        # Nobody read it yet: that is no delay.
        reading(state=None, begun_at=None, read_at=None, lag=None, phase=None),
        reading(read_at=NOW - timedelta(seconds=900)),
    ],
)
def test_of_a_source_that_is_read_nothing_is_said(found):
    assert noticed(found) is None


def test_a_source_that_fails_is_told_with_the_last_good_reading():
    found = reading(state="failed", read_at=LONG_AGO)
    assert noticed(found) == Notice(Kind.FAILED, LONG_AGO)
    assert noticed(found, seconds=0) == Notice(Kind.FAILED, LONG_AGO)


def test_a_source_that_nobody_reads_any_more_is_late():
    found = reading(read_at=LONG_AGO)
    assert noticed(found) == Notice(Kind.LATE, LONG_AGO)
    assert noticed(reading(state="interrupted", read_at=LONG_AGO)).kind == Kind.LATE
    assert noticed(found, seconds=0) is None
    assert noticed(found, seconds=4 * 3600) is None


def test_an_open_transaction_at_the_source_holds_up_what_came_after_it():
    found = reading(lag=3600)
    assert noticed(found) == Notice(Kind.BEHIND, NOW - timedelta(hours=1))


def test_figures_of_a_first_load_are_not_complete():
    assert noticed(reading(phase="first")).kind == Kind.FIRST
    assert noticed(reading(phase="first", state="failed")).kind == Kind.FAILED


def test_a_pause_is_told_of_sources_that_were_read():
    assert noticed(reading(read_at=LONG_AGO), is_active=False) == Notice(
        Kind.PAUSED, LONG_AGO
    )
    assert noticed(reading(read_at=None), is_active=False) is None
