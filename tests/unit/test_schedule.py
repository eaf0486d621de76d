"""When something is due: by the clock of a zone, at most once an hour, or refused."""

from datetime import datetime

import pytest

from core.errors import BadQuery
from core.schedule import LAST_DAY, check, daily, monthly, next_after, upcoming, weekly

NOW = datetime(2024, 1, 30, 12, 0)


def test_what_people_say_is_an_expression():
    assert daily(7 * 60 + 5) == "5 7 * * *"
    assert weekly(0, "7") == "0 0 * * 7"
    assert monthly(23 * 60 + 59, LAST_DAY) == "59 23 L * *"


def test_the_last_day_is_there_in_every_month():
    found = upcoming(monthly(7 * 60, LAST_DAY), "UTC", NOW, 4)
    assert [f"{at:%m-%d}" for at in found] == ["01-31", "02-29", "03-31", "04-30"]


def test_the_31st_is_only_there_in_some():
    found = upcoming("0 7 31 * *", "UTC", NOW, 3)
    assert [f"{at:%m-%d}" for at in found] == ["01-31", "03-31", "05-31"]


def test_the_clock_of_the_zone_is_meant():
    assert next_after("0 7 * * *", "Asia/Jakarta", NOW) == datetime(2024, 1, 31)
    winter = next_after("0 7 * * *", "America/New_York", NOW)
    summer = next_after("0 7 * * *", "America/New_York", datetime(2024, 7, 1))
    assert (winter.hour, summer.hour) == (12, 11)


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        # Half past two is not there: it is due when the clock is set.
        (datetime(2024, 3, 30, 12), "2024-03-31 01:00"),
        (datetime(2024, 3, 31, 1, 0), "2024-04-01 00:30"),
        # It is there twice: it is due once.
        (datetime(2024, 10, 26, 12), "2024-10-27 00:30"),
        (datetime(2024, 10, 27, 0, 30), "2024-10-28 01:30"),
    ],
)
def test_clocks_that_are_set(begin, expected):
    found = next_after("30 2 * * *", "Europe/Berlin", begin)
    assert f"{found:%Y-%m-%d %H:%M}" == expected


def test_what_is_due_now_is_due_next_time():
    assert next_after("0 12 * * *", "UTC", NOW) == datetime(2024, 1, 31, 12)


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("", "five parts"),
        (None, "five parts"),
        ("0 0 7 * * *", "five parts"),
        ("61 7 * * *", "61 7"),
        ("0 7 31 2 *", "no cron expression"),
        ("0 7 */20 * 1L", "never"),
        ("* * * * *", "Once an hour"),
        ("*/30 7 * * *", "Once an hour"),
        ("0,1 7 * * *", "Once an hour"),
        ("0-5 7 * * *", "Once an hour"),
        ("0 7 * * fri; rm", "five parts"),
    ],
)
def test_what_is_none_is_refused(expression, word):
    with pytest.raises(BadQuery, match=word):
        check(expression, NOW)


@pytest.mark.parametrize(
    "expression",
    ["0 * * * *", "0 7 * * 1-5", "30 7 L * *", "0 7 29 2 *", "0 7 1 */3 *"],
)
def test_what_is_one_is_not(expression):
    check(expression, NOW)
