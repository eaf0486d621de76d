"""The lock of a job, without an entry in the run log."""

import time
from contextlib import contextmanager

from ..errors import Busy
from .reporting import connect, explained

_TRY = "SELECT pg_try_advisory_lock(hashtext('loyalty_reporting'), hashtext(%s))"

_LET_NEXT = "SELECT pg_advisory_unlock(hashtext('loyalty_reporting'), hashtext(%s))"


@contextmanager
def held(dsn, name, seconds=30):
    """Hold a job's lock; it is free again as soon as its holder is gone.

    Who waits is next: whoever gives the lock back and wants it again waits behind.

    :param name: as :class:`~core.stores.runs.RunLog` names it
    :param seconds: to wait for who holds it now
    :raise Busy: somebody holds it still
    """
    connection = connect(dsn, f"loyalty_reporting {name}")
    connection.autocommit = True
    until = time.monotonic() + seconds
    try:
        with explained(), connection.cursor() as cr:
            for lock in (f"{name} next", name):
                cr.execute(_TRY, [lock])
                while not cr.fetchone()[0]:
                    if time.monotonic() > until:
                        raise Busy(
                            f"Another worker has been using {name} for too long."
                        )
                    time.sleep(0.2)
                    cr.execute(_TRY, [lock])
            cr.execute(_LET_NEXT, [f"{name} next"])
            yield
            cr.execute("SELECT pg_advisory_unlock_all()")
    finally:
        connection.close()
