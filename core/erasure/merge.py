"""Two customers of a system turned out to be one person: the one counts as the other."""

import time

from ..database import sql
from ..errors import BadQuery
from ..retention.restore import LOCK, restore, restore_held
from ..stores import archived, loads
from ..stores.locks import held
from ..stores.reporting import transaction
from . import archives


def merge(dsn, old_key, new_key):
    """Have whatever comes, or came, under one customer's identifier count for another's.

    The documents that are known are to be read again, by :func:`core.sync.replay`: that
    moves them, with all that was counted of them. Months in which they are archived come
    back for it. Where files of such a month have expired, nothing is merged: what was
    bought then would stay with the old one, and the levels at which both bought, too.

    :return: {kind: keys} of these documents
    :raise BadQuery: they are of different systems, one of them was erased, or archives
        with rows of theirs have expired
    :raise Unrestorable: files of such a month are missing or damaged
    :raise Busy: somebody archives or restores months for too long
    """
    for month in _months(dsn, old_key, new_key):
        restore(dsn, month)
        time.sleep(archives.TURN_SECONDS)
    # From here on none leaves any more; one that did meanwhile comes back.
    with held(dsn, LOCK, archives.PATIENCE_SECONDS):
        for month in _months(dsn, old_key, new_key):
            restore_held(dsn, month)
        return _merged(dsn, old_key, new_key)


def _months(dsn, old_key, new_key):
    """Return the months that must be here and are not."""
    with transaction(dsn) as cr:
        both = [old_key, new_key]
        lost = archives.months_of(cr, both, [], expired=True, baskets=True)
        found = archives.months_of(cr, [old_key], [], baskets=True)
        missing = {*archived.away(cr), *archived.away(cr, archived.AGGREGATES)}
    if not lost:
        return [month for month in found if month in missing]
    raise BadQuery(
        "customer",
        f"They cannot be merged any more: archives from {lost[0]:%B %Y} to "
        f"{lost[-1]:%B %Y} with rows of theirs have expired.",
    )


def _merged(dsn, old_key, new_key):
    with transaction(dsn) as cr:
        loads.change_configuration(cr)
        loads.lock(cr)
        values = {"old": old_key, "new": new_key}
        cr.execute(
            "SELECT count(*), count(DISTINCT source), bool_or(external_id = -id)"
            " FROM loyalty_reporting_customer WHERE id IN (%(old)s, %(new)s)",
            values,
        )
        if cr.fetchone() != (2, 1, False):
            raise BadQuery(
                "customer", "Both must be customers of one system who were not erased."
            )
        cr.execute(sql("erasure/sql/merge.sql"), values)
        return dict(cr.fetchall())
