"""Which months are compared."""

from datetime import date, timedelta

from ..database import sql
from ..stores import archived
from ..stores.partitions import following


def between(first, last):
    """Return the first days of the months that a period touches."""
    months = [first.replace(day=1)]
    while following(months[-1]) <= last:
        months.append(following(months[-1]))
    return months


def known(cr):
    """Return the months of which the reporting database may hold rows."""
    cr.execute(sql("reconcile/sql/months.sql"))
    return {month for (month,) in cr.fetchall()}


def here(cr, months):
    """Return those of some months that are not archived."""
    away = _away(cr)
    return [month for month in months if month not in away]


def _away(cr):
    return {*archived.away(cr), *archived.away(cr, archived.AGGREGATES)}


def borders(cr, month):
    """Return the days of a month that can be compared with its detail.

    Those next to an archived month are left out: a business day may lie in both.

    :return: (first, the day after the last)
    """
    away, first, end = _away(cr), month, following(month)
    if (first - timedelta(days=1)).replace(day=1) in away:
        first += timedelta(days=1)
    if end in away:
        end -= timedelta(days=1)
    return first, end


def period(months):
    """Return (first, last) day of some months."""
    if not months:
        return date(1970, 1, 1), date(1970, 1, 1)
    return min(months), following(max(months)) - timedelta(days=1)


def nightly(today, days=7):
    """Return the months that a night compares.

    Those of the last days, and one earlier month, each night another one of the last
    two years.

    :param today: which night it is
    """
    recent = between(today - timedelta(days=days), today)
    back = 1 + today.toordinal() % 24
    number = recent[0].year * 12 + recent[0].month - 1 - back
    return sorted({*recent, date(number // 12, number % 12 + 1, 1)})
