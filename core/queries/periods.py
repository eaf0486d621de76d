"""Periods that are told by a word, such as last_month: for screens and scheduled reports."""

from datetime import date, timedelta

from ..errors import BadQuery

_DECEMBER = 12
_QUARTER = 3


def _today(day):
    return day, day


def _yesterday(day):
    return _before(1, day), _before(1, day)


def _last_days(count):
    return lambda day: (_before(count - 1, day), day)


def _this_week(day):
    return _before(day.weekday(), day), day


def _last_week(day):
    monday = _before(day.weekday() + 7, day)
    return monday, monday + timedelta(days=6)


def _this_month(day):
    return day.replace(day=1), day


def _last_month(day):
    end = _before(1, day.replace(day=1))
    return end.replace(day=1), end


def _this_quarter(day):
    return _quarter_of(day), day


def _last_quarter(day):
    end = _before(1, _quarter_of(day))
    return _quarter_of(end), end


def _this_year(day):
    return date(day.year, 1, 1), day


def _last_year(day):
    return date(day.year - 1, 1, 1), date(day.year - 1, _DECEMBER, 31)


# Name → function (today) → first and last day. Weeks begin on Monday.
PERIODS = {
    "today": _today,
    "yesterday": _yesterday,
    "last_7_days": _last_days(7),
    "last_30_days": _last_days(30),
    "last_90_days": _last_days(90),
    "last_365_days": _last_days(365),
    "this_week": _this_week,
    "last_week": _last_week,
    "this_month": _this_month,
    "last_month": _last_month,
    "this_quarter": _this_quarter,
    "last_quarter": _last_quarter,
    "this_year": _this_year,
    "last_year": _last_year,
}


def period(name, today):
    """Return the first and the last day, inclusive, of a period.

    :param today: the company's business day
    :raise BadQuery: there is no period of that name
    """
    if name not in PERIODS:
        known = ", ".join(PERIODS)
        raise BadQuery("period", f"There is no period {name!r:.50}; there are {known}.")
    return PERIODS[name](today)


def _before(days, day):
    return day - timedelta(days=days)


def _quarter_of(day):
    first = (day.month - 1) // _QUARTER * _QUARTER + 1
    return date(day.year, first, 1)
