"""Levels, such as the number of members: the last value of a bucket, never a sum.

They are carried forward: a bucket in which nothing changes ends as the one before it.
"""

import calendar
from bisect import bisect_right
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import accumulate

from .base import PREVIOUS, Grain, is_whole
from .comparison import months_before
from .query import HOURS

_DECEMBER = 12


def level_writer(query, statement, changes, dialect):
    """Return a function (raw row) that writes the levels at its bucket's end into it.

    A raw row is a dict with ``date``, perhaps ``hour``, and ``by_<dimension>``.

    :param changes: rows of ``statement.levels_text``: day or hour, dimensions, changes
    """
    if not statement.levels:
        return lambda row: None
    count = len(query.dimensions)
    histories = {
        name: _History(changes, count, place, column, dialect)
        for place, (name, column) in enumerate(statement.levels.items(), 1 + count)
    }

    def write(row):
        key = tuple(row[f"by_{d.name}"] for d in query.dimensions)
        for name, history in histories.items():
            row[name] = history.at(key, _end_of(query, row))
            if query.compare:
                row[PREVIOUS + name] = history.at(key, _previous_end(query, row))

    return write


class _History:
    """What a level was, of each combination of dimensions, after each change."""

    def __init__(self, changes, count, place, column, dialect):
        self._is_whole = is_whole(column)
        by_key = defaultdict(list)
        for change in sorted(changes, key=lambda row: row[0]):
            step = change[place] if self._is_whole else dialect.decimal(change[place])
            by_key[tuple(change[1 : 1 + count])].append((_moment(change[0]), step))
        self._levels = {}
        for key, rows in by_key.items():
            moments, steps = zip(*rows, strict=True)
            self._levels[key] = (moments, [*accumulate(steps)])

    def at(self, key, moment):
        """Return the level: a whole number, or an exact decimal as text."""
        moments, values = self._levels.get(key, ((), ()))
        place = bisect_right(moments, moment)
        value = values[place - 1] if place else 0
        return value if self._is_whole else str(value)


def _moment(value):
    """Return a day, or an hour as a row has it."""
    return value.strftime(HOURS) if isinstance(value, datetime) else value


def _end_of(query, row):
    """Return the last day of a row's bucket, or its hour."""
    if query.grain is Grain.HOUR:
        return row["hour"]
    return _end(query.grain, date.fromisoformat(row["date"]), query.date_to)


def _end(grain, begin, last):
    """Return the last day of a bucket, within the period."""
    if grain is Grain.PERIOD:
        return last
    if grain is Grain.WEEK:
        begin += timedelta(days=6)
    elif grain is Grain.MONTH:
        begin = begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
    elif grain is Grain.YEAR:
        begin = begin.replace(month=_DECEMBER, day=31)
    return min(begin, last)


def _previous_end(query, row):
    """Return the last day of the bucket that a row's is compared with."""
    compare, begin = query.compare, date.fromisoformat(row["date"])
    if query.grain is Grain.PERIOD:
        return compare.date_to
    moved = months_before(begin, compare.months) - timedelta(days=compare.days)
    return _end(query.grain, moved, compare.date_to)
