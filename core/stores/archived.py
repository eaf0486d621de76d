"""Loads and archived months: no bucket is ever computed from half of its rows.

A load that depends on a month which is not here stops before it changes anything; the
month is restored, and the load begins again. See ``sql/archived_months.sql`` for what
depends on what.
"""

import json
from datetime import UTC, datetime, time, timedelta

from psycopg2.errors import DiskFull

from ..database import sql
from ..errors import Busy, ReportingError, StoreError
from .partitions import following

AGGREGATES = "archived_aggregate"
_DAY = timedelta(days=1)
_ATTEMPTS = 3
# Seconds that a load waits for who archives or restores a month; all others wait for it.
_PATIENCE = 10
ASK_AGAIN = "Months are being archived or restored at this moment. Ask again."
_IS_ANY = "SELECT EXISTS (SELECT FROM loyalty_reporting_archive)"
_HAS_EXPIRED = """
    SELECT EXISTS (SELECT FROM loyalty_reporting_archive WHERE state = 'expired')
"""
_AWAY = """
    SELECT DISTINCT s.month FROM stage_month s
    JOIN loyalty_reporting_archive a ON a.month = s.month AND a.is_away ORDER BY 1
"""
_MARK = """
    UPDATE loyalty_reporting_archive a SET is_changed = true
    FROM (SELECT DISTINCT s.month FROM stage_month s JOIN stage_document USING (order_key)) s
    WHERE s.month = a.month AND NOT a.is_changed
"""
_EARLY_CARDS = """
    SELECT h.instant, h.instant - interval '1 microsecond', array_agg(DISTINCT b.card_key)
    FROM card_horizon h JOIN stage_booked b ON b.hour < h.instant GROUP BY h.instant
"""


class MonthsAway(Exception):
    """What is to be loaded depends on months that must be restored first.

    :param months: their first days
    """

    def __init__(self, months):
        super().__init__(", ".join(f"{month:%Y-%m}" for month in months))
        self.months = months


def bring_back(dsn, months):
    """Restore months. Returns {month: why not} of those that cannot be, or not now."""
    # It reads with what the store of this package writes with.
    from ..retention.restore import Unrestorable, restore  # noqa: PLC0415

    refused, months = {}, sorted(months)
    for number, month in enumerate(months):
        try:
            restore(dsn, month, _PATIENCE)
        except Unrestorable as e:
            refused[month] = str(e)
        except ReportingError as e:
            if not isinstance(e, Busy) and not isinstance(e.__cause__, DiskFull):
                raise
            # The others would meet the same.
            for other in months[number:]:
                refused[other] = f"{other:%B %Y} cannot be restored now: {e}"
            break
    return refused


def has_expired(cr):
    """Tell whether some month is gone for good: its files were removed, too."""
    cr.execute(_HAS_EXPIRED)
    return cr.fetchone()[0]


def is_any(cr):
    """Tell whether any month was ever archived."""
    cr.execute(_IS_ANY)
    return cr.fetchone()[0]


def away(cr, view="archived_month"):
    """Return the first days of the months of which no detail is here.

    :param view: :data:`AGGREGATES`: of which no aggregates are
    """
    cr.execute(f"SELECT month FROM {view} ORDER BY month")
    return [month for (month,) in cr.fetchall()]


def days_of(month, zone=None):
    """Return the first and the last business day of which a month has rows.

    :param zone: in which days are cut, a ``ZoneInfo``: a month of instants begins and ends
        amid a day, unless it is UTC; None: of a month of business days
    """
    begin, end = month, following(month) - _DAY
    if zone:
        begin = datetime.combine(begin, time.min, UTC).astimezone(zone).date()
        end = datetime.combine(end, time.max, UTC).astimezone(zone).date()
    return begin, end


def here_since(months, zones=(None,)):
    """Return the first business day since when all rows are here.

    :param months: that are away, in order; at least one
    :param zones: in each of which the day is whole, see :func:`days_of`
    """
    return max(days_of(months[-1], zone)[1] for zone in zones) + _DAY


def read_whole(read, look, cr, fresh_cursor):
    """Return what is read while no month leaves, or comes back, that matters to it.

    A snapshot shows the rows of its time, but only of the partitions that are there when
    they are read first: of a month that has left since then, it shows none, nor what was
    kept of it. So all is read again, in a younger snapshot, when one left meanwhile.

    :param read: function of a cursor and of what ``look`` found in its snapshot
    :param look: function of a cursor: what matters of the months that are away; it
        refuses what needs them
    :param cr: cursor of the caller, whose snapshot may be old
    :param fresh_cursor: function that opens a cursor with a snapshot of its own (a
        context manager)
    :raise StoreError: months leave faster than it is read
    """
    seen = look(cr)
    found = read(cr, seen)
    for _attempt in range(_ATTEMPTS):
        with fresh_cursor() as fresh:
            now = look(fresh)
            if now == seen:
                return found
            seen, found = now, read(fresh, now)
    raise StoreError(ASK_AGAIN)


def all_away(cr):
    """Return the months of which no detail is here, and those of which no aggregates are."""
    return away(cr), away(cr, AGGREGATES)


def ensure_here(cr, refused, values):
    """Make sure that all that the staged documents depend on is here.

    Called under the load lock, before anything is replaced. Months that are here and in
    files, too, are noted as changed.

    :param refused: {month: why it cannot be restored}; what depends on one that is away is
        set aside, or refused
    :param values: the parameters of the load
    :raise MonthsAway: others must be restored first
    """
    if not is_any(cr):
        return
    cr.execute(sql("stores/sql/archived_months.sql"))
    if refused:
        reasons = {str(month): reason for month, reason in refused.items()}
        cr.execute(
            sql("stores/sql/refuse_archived.sql"),
            {**values, "months": [*refused], "reasons": json.dumps(reasons)},
        )
        cr.execute(
            "DELETE FROM stage_month m WHERE NOT EXISTS"
            " (SELECT FROM stage_document d WHERE d.order_key = m.order_key)"
        )
    cr.execute(_AWAY)
    months = [month for (month,) in cr.fetchall()]
    if months:
        raise MonthsAway(months)
    cr.execute(_MARK)


def ensure_all_here(cr):
    """Make sure that every month is here, for what reads all of them.

    :raise MonthsAway: some must be restored first
    """
    months = {*away(cr), *away(cr, AGGREGATES)}
    if months:
        raise MonthsAway(sorted(months))
    cr.execute("UPDATE loyalty_reporting_archive SET is_changed = true")


def refresh_lots(cr):
    """Note anew how cards stood at the horizon, where bookings before it changed."""
    if not is_any(cr):
        return
    cr.execute(_EARLY_CARDS)
    # One row, or none: most loads touch no such card.
    for horizon, as_of, cards in cr.fetchall():
        cr.execute(
            sql("stores/sql/refresh_lots.sql"),
            {"horizon": horizon, "as_of": as_of, "cards": cards},
        )
