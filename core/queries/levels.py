"""Levels, such as the number of members: the last value of a bucket, never a sum."""

import calendar
from bisect import bisect_right
from collections import defaultdict
from datetime import date, timedelta
from itertools import accumulate

from .base import PREVIOUS, Grain
from .comparison import months_before

_DECEMBER = 12


def level_writer(query, statement, changes):
    """Return a function (raw row) that writes the levels at its bucket's end into it.

    A raw row is a dict with ``date`` and ``by_<dimension>``.

    :param changes: rows of ``statement.levels_text``: day, dimensions, changes
    """
    count = len(query.dimensions)
    histories = {
        name: _history(changes, count, place)
        for place, name in enumerate(statement.levels, 1 + count)
    }

    def write(row):
        key = tuple(row[f"by_{d.name}"] for d in query.dimensions)
        begin = date.fromisoformat(row["date"])
        for name, history in histories.items():
            row[name] = _at(history[key], _end(query.grain, begin, query.date_to))
            if query.compare:
                row[PREVIOUS + name] = _at(history[key], _previous_end(query, begin))

    return write


def _history(changes, count, place):
    """Return {dimensions: (days, level at the end of each)}."""
    by_key = defaultdict(list)
    for change in sorted(changes, key=lambda row: row[0]):
        by_key[change[1 : 1 + count]].append((change[0], change[place]))
    found = defaultdict(lambda: ([], []))
    for key, rows in by_key.items():
        days, steps = zip(*rows, strict=True)
        found[key] = (days, [*accumulate(steps)])
    return found


def _at(history, day):
    days, values = history
    place = bisect_right(days, day)
    return values[place - 1] if place else 0


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


def _previous_end(query, begin):
    """Return the last day of the bucket that a bucket is compared with."""
    compare = query.compare
    if query.grain is Grain.PERIOD:
        return compare.date_to
    moved = months_before(begin, compare.months) - timedelta(days=compare.days)
    return _end(query.grain, moved, compare.date_to)
