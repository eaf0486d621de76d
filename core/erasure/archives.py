"""Archived months with rows of a person: brought back before they are scrubbed, then rewritten.

Which months those are, the days of customers and hours of cards tell, or what is kept of
them. Whoever calls this holds the lock of :mod:`core.retention`, so that no month is
taken out in between.
"""

from contextlib import closing

from ..retention import generations, leaving
from ..retention.policy import Tier
from ..retention.restore import restore_held
from ..stores.reporting import connect

_MONTHS = """
    SELECT a.month FROM loyalty_reporting_archive a
    WHERE a.tier = 'detail' AND a.manifest IS NOT NULL
      AND (a.state = 'expired') = %(expired)s AND (EXISTS (
        SELECT FROM (
            SELECT date FROM customer_day_data WHERE customer_key = ANY(%(customers)s)
            UNION ALL
            SELECT date FROM promotion_order_data WHERE customer_key = ANY(%(customers)s)
            UNION ALL
            SELECT date FROM point_analytics_rollup_data
            WHERE customer_key = ANY(%(customers)s) OR card_key = ANY(%(cards)s)
        ) d
        -- A business day lies in the UTC month of its date, or beside it.
        WHERE d.date >= a.month - 1 AND d.date <= (a.month + interval '1 month')::date)
      OR EXISTS (
        SELECT FROM (
            SELECT month FROM customer_month WHERE customer_key = ANY(%(customers)s)
            UNION ALL
            SELECT month FROM card_month WHERE card_key = ANY(%(cards)s)
        ) d
        WHERE d.month >= a.month - interval '1 month'
          AND d.month <= a.month + interval '1 month'))
    ORDER BY a.month
"""
_CHANGED = """
    UPDATE loyalty_reporting_archive SET is_changed = true
    WHERE month = ANY(%s) AND tier = 'detail'
"""


def months_of(cr, customers, cards, *, expired=False):
    """Return the first days of months whose files may hold rows of a person.

    :param customers: our keys
    :param cards: our keys
    :param expired: months whose files held some, and were removed
    """
    asked = {"customers": customers, "cards": cards, "expired": expired}
    cr.execute(_MONTHS, asked)
    return [month for (month,) in cr.fetchall()]


def bring_back(dsn, chosen):
    """Restore months.

    :raise Unrestorable: files are missing or damaged; the erasure cannot go on
    """
    for month in chosen:
        restore_held(dsn, month)


def mark_changed(cr, chosen):
    """Have nobody take the files of these months for what the rows are."""
    cr.execute(_CHANGED, [[*chosen]])


def rewrite(dsn, chosen):
    """Write months into new files and remove all older ones. Returns how many.

    Those that were restored to be read leave again with it.
    """
    for month in chosen:
        # False: a load wrote to it meanwhile, and it is written once more.
        while not leaving.leave(dsn, Tier.DETAIL, month, ""):
            pass
        with closing(connect(dsn)) as connection:
            generations.forget(connection, Tier.DETAIL, month)
    return len(chosen)
