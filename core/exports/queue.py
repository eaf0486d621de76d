"""Work that waits in a table of the database: one process at a time for each piece.

``jobs.py`` and ``sendings.py`` own the statements; this is how they are carried out.
"""

import time

from psycopg2.extensions import TransactionRollbackError

_TRIES = 5
# A lock that is free as soon as the transaction of its holder ends, however it ends.
_LOCK = (
    "SELECT pg_try_advisory_xact_lock(hashtext('loyalty_reporting ' || %s::text), %s)"
)


def first_free(kind, lock, ids, take):
    """Return what ``take`` makes of the first piece that nobody else works at, or None.

    :param kind: of the work; pieces of two kinds may have the same id
    :param lock: cursor whose transaction holds the piece until it ends
    :param take: function (id) → an attempt, or None: this piece needs none any more
    """
    for number in ids:
        lock.execute(_LOCK, [kind, number])
        if lock.fetchone()[0] and (taken := take(number)):
            return taken
    return None


def tried(cursor, work):
    """Return ``work(cr)``, in a transaction of its own; again if others were first.

    :param cursor: function that opens a cursor (a context manager) with a transaction
        of its own, committed at the end
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            with cursor() as cr:
                return work(cr)
        except TransactionRollbackError:
            if not tries_left:
                raise
            time.sleep(0.05)
    return None
