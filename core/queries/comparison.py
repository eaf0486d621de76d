"""The period before, and how its buckets are moved onto those of the question."""

import calendar
from datetime import timedelta

from ..errors import BadQuery
from .base import Grain
from .query import Comparison

PERIOD, YEAR = "previous_period", "previous_year"
NAMES = (PERIOD, YEAR)
_MONTHS_OF_YEAR = 12
_WEEKS_OF_YEAR = 52


def comparison(name, grain, date_from, date_to):
    """Return the :class:`Comparison` of a period, inclusive business days.

    The period before has as many days, weeks, months or years, by the grain; in one
    bucket, whole months are compared with whole months. A year before is the same days
    of the calendar, by week the same weekdays 52 weeks before.

    :raise BadQuery: by hour, where clocks that are set make buckets incomparable; or
        before the first day that there is
    """
    if grain is Grain.HOUR:
        raise BadQuery("compare", "compare is there by day and coarser, not by hour.")
    try:
        days, months = _shift(name, grain, date_from, date_to)
        if months:
            begin, end = (
                months_before(date_from, months),
                months_before(date_to, months),
            )
        else:
            begin, end = (d - timedelta(days=days) for d in (date_from, date_to))
    except (ValueError, OverflowError):
        raise BadQuery(
            "compare", f"There are no days before {date_from} to compare with."
        ) from None
    return Comparison(name, begin, end, days, months)


def _shift(name, grain, date_from, date_to):
    """Return (days, months) between the two periods; one of them is 0."""
    length = (date_to - date_from).days + 1
    if name == YEAR:
        return (7 * _WEEKS_OF_YEAR, 0) if grain is Grain.WEEK else (0, _MONTHS_OF_YEAR)
    if grain is Grain.WEEK:
        monday = date_from - timedelta(days=date_from.weekday())
        return 7 * ((date_to - monday).days // 7 + 1), 0
    if grain is Grain.YEAR:
        return 0, _MONTHS_OF_YEAR * (date_to.year - date_from.year + 1)
    touched = _months(date_to) - _months(date_from) + 1
    is_whole = date_from.day == 1 and _is_last(date_to)
    if grain is Grain.MONTH or grain is Grain.PERIOD and is_whole:
        return 0, touched
    return length, 0


def _months(day):
    return day.year * _MONTHS_OF_YEAR + day.month


def _is_last(day):
    return day.day == calendar.monthrange(day.year, day.month)[1]


def months_before(day, months):
    """Return the day so many months before; the last of a month remains the last."""
    year, month = divmod(_months(day) - 1 - months, _MONTHS_OF_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(
        year=year, month=month + 1, day=last if _is_last(day) else min(day.day, last)
    )
