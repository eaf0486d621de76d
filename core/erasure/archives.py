"""Archived months with rows of a person: brought back before they are scrubbed, then rewritten.

Which months those are, the days of customers and hours of cards tell, or what is kept of
them. Whoever calls this holds the lock of :mod:`core.retention`, so that no month is
taken out in between.
"""

from ..database import sql
from ..retention import leaving
from ..retention.policy import Tier
from ..retention.restore import restore_held

# To wait for who archives or restores now.
PATIENCE_SECONDS = 300
# Between two months, so that a load that needs one comes first: who waits looks five times
# a second.
TURN_SECONDS = 0.5
_CHANGED = """
    UPDATE loyalty_reporting_archive SET is_changed = true
    WHERE month = ANY(%s) AND tier = 'detail'
"""


def months_of(cr, customers, cards, *, expired=False, baskets=False):
    """Return the first days of months whose files may hold rows of a person.

    :param customers: our keys
    :param cards: our keys
    :param expired: months whose files held some, and were removed
    :param baskets: also months in which they left a basket alone; its rows name nobody, but
        count for a customer
    """
    asked = {"customers": customers, "cards": cards}
    asked |= {"expired": expired, "baskets": baskets}
    cr.execute(sql("erasure/sql/months.sql"), asked)
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
    """Write months into new files and remove the old ones. Returns how many.

    Those that were restored to be read leave again with it.
    """
    for month in chosen:
        # False: a load wrote to it meanwhile, and it is written once more.
        while not leaving.leave(dsn, Tier.DETAIL, month, ""):
            pass
    return len(chosen)
