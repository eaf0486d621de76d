"""Periods that are told by a word."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadQuery
from core.queries.periods import PERIODS, period

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
NAMES = st.sampled_from(sorted(PERIODS))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2024-02-29", "2024-02-29"),
        ("yesterday", "2024-02-28", "2024-02-28"),
        ("last_7_days", "2024-02-23", "2024-02-29"),
        ("last_30_days", "2024-01-31", "2024-02-29"),
        ("last_365_days", "2023-03-02", "2024-02-29"),
        ("this_week", "2024-02-26", "2024-02-29"),
        ("last_week", "2024-02-19", "2024-02-25"),
        ("this_month", "2024-02-01", "2024-02-29"),
        ("last_month", "2024-01-01", "2024-01-31"),
        ("this_quarter", "2024-01-01", "2024-02-29"),
        ("last_quarter", "2023-10-01", "2023-12-31"),
        ("this_year", "2024-01-01", "2024-02-29"),
        ("last_year", "2023-01-01", "2023-12-31"),
    ],
)
def test_a_period_of_a_leap_day_is_the_calendars(name, first, last):
    expected = (date.fromisoformat(first), date.fromisoformat(last))
    assert period(name, date(2024, 2, 29)) == expected


@given(NAMES, DAYS)
def test_a_period_has_days_and_none_of_the_future(name, today):
    first, last = period(name, today)
    assert first <= last <= today


@given(st.sampled_from(["week", "month", "quarter", "year"]), DAYS)
def test_the_last_one_ends_the_day_before_this_one_begins(unit, today):
    _first, last = period(f"last_{unit}", today)
    assert last + timedelta(days=1) == period(f"this_{unit}", today)[0]


@given(st.sampled_from(["week", "month", "quarter", "year"]), DAYS)
def test_the_last_one_is_this_one_a_day_before_it_began(unit, today):
    before = period(f"this_{unit}", today)[0] - timedelta(days=1)
    assert period(f"last_{unit}", today) == period(f"this_{unit}", before)


def test_an_unknown_word_is_refused_with_those_that_there_are():
    with pytest.raises(BadQuery, match="last_month"):
        period("since_ever", date(2024, 1, 1))
