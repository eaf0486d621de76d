"""The period before: which days it has, and onto which buckets they are moved."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadQuery
from core.queries import REPORTS, clickhouse, postgres
from core.queries.base import Grain
from core.queries.comparison import comparison
from core.queries.params import parse
from core.queries.plan import plan
from core.records import Company

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
LENGTHS = st.integers(0, 1500)


def compared(name, grain, begin, end):
    found = comparison(
        name, Grain(grain), date.fromisoformat(begin), date.fromisoformat(end)
    )
    return str(found.date_from), str(found.date_to)


@pytest.mark.parametrize(
    ("grain", "begin", "end", "before"),
    [
        ("day", "2024-03-01", "2024-03-01", ("2024-02-29", "2024-02-29")),
        ("day", "2024-03-01", "2024-03-31", ("2024-01-30", "2024-02-29")),
        ("week", "2024-03-04", "2024-03-10", ("2024-02-26", "2024-03-03")),
        ("week", "2024-03-06", "2024-03-12", ("2024-02-21", "2024-02-27")),
        ("month", "2024-03-01", "2024-03-31", ("2024-02-01", "2024-02-29")),
        ("month", "2024-03-15", "2024-04-10", ("2024-01-15", "2024-02-10")),
        ("year", "2024-01-01", "2024-12-31", ("2023-01-01", "2023-12-31")),
        ("period", "2024-02-01", "2024-02-29", ("2024-01-01", "2024-01-31")),
        ("period", "2024-01-01", "2024-03-31", ("2023-10-01", "2023-12-31")),
        ("period", "2024-02-02", "2024-02-29", ("2024-01-05", "2024-02-01")),
    ],
)  # fmt: skip
def test_the_period_before(grain, begin, end, before):
    assert compared("previous_period", grain, begin, end) == before


@pytest.mark.parametrize(
    ("grain", "begin", "end", "before"),
    [
        ("day", "2024-02-29", "2024-03-01", ("2023-02-28", "2023-03-01")),
        ("day", "2025-02-01", "2025-02-28", ("2024-02-01", "2024-02-29")),
        ("month", "2024-02-01", "2024-02-29", ("2023-02-01", "2023-02-28")),
        ("week", "2024-03-04", "2024-03-10", ("2023-03-06", "2023-03-12")),
    ],
)  # fmt: skip
def test_a_year_before(grain, begin, end, before):
    assert compared("previous_year", grain, begin, end) == before


@given(DAYS, LENGTHS, st.sampled_from(["day", "week", "month", "year", "period"]))
def test_the_period_before_ends_before_the_question_begins(begin, length, grain):
    end = begin + timedelta(days=length)
    found = comparison("previous_period", Grain(grain), begin, end)
    assert found.date_from <= found.date_to < begin


@given(DAYS, LENGTHS)
def test_weeks_are_moved_onto_weeks(begin, length):
    end = begin + timedelta(days=length)
    for name in ("previous_period", "previous_year"):
        found = comparison(name, Grain.WEEK, begin, end)
        assert found.days % 7 == 0
        assert found.date_from.weekday() == begin.weekday()


def test_by_hour_nothing_is_compared():
    with pytest.raises(BadQuery, match="not by hour"):
        compared("previous_year", "hour", "2024-01-01", "2024-01-02")


@pytest.mark.parametrize("name", ["previous_period", "previous_year"])
def test_before_the_first_day_there_is_nothing_to_compare_with(name):
    with pytest.raises(BadQuery, match="no days before 0001-01-01"):
        compared(name, "day", "0001-01-01", "0001-01-31")


def test_the_28th_of_february_stands_beside_a_29th_that_is_asked_for_alone():
    query = parse(
        REPORTS["promotions/performance"],
        Company(1, "UTC", "USD", 2),
        {
            "date_from": "2024-02-29", "date_to": "2024-02-29",
            "compare": "previous_year", "dimensions": "",
        },
    )  # fmt: skip
    for dialect in (postgres, clickhouse):
        statement = plan(query, {}, {}, dialect)
        assert "greatest(" in statement.text
        assert statement.parameters["moved_first"] == date(2024, 2, 29)
