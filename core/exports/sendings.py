"""The table of sendings of reports by mail, as a run changes it.

Odoo's models ``loyalty.reporting.subscription`` and ``…sending`` own the tables. Each
change is a transaction of its own, and each step can be killed at any instant:

1. *Planned*: what is due becomes a sending and is due again later, in one transaction:
   nothing is lost, nothing planned twice. However many times were missed, one is planned.
2. *Running*: an attempt is counted before the work begins; who kills the process with it
   does so three times at most, and after all others.
3. *Mailing*: the mails are written into Odoo's queue in the transaction that says so:
   either all of them are there, or none and the next attempt begins anew. Then each is sent
   and noted in a transaction of its own. Killed between the server's acceptance and this
   note, one mail is sent again: SMTP has no way to ask whether it arrived.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from psycopg2.extensions import TransactionRollbackError

from ..errors import BadQuery
from ..schedule import next_after
from . import queue

MOST_ATTEMPTS = 3  # to make the mails
MOST_TRIES = 5  # to send them
_DUE = """
    SELECT id, expression, tz, user_id, company_id, next_at
    FROM loyalty_reporting_subscription
    WHERE state = 'running' AND active AND next_at <= %(now)s
    ORDER BY next_at, id FOR UPDATE SKIP LOCKED"""
_AGAIN = """
    UPDATE loyalty_reporting_subscription
    SET next_at = %(next_at)s, state = CASE WHEN %(next_at)s IS NULL THEN 'paused'
        ELSE state END
    WHERE id = %(id)s"""
_PLAN = """
    INSERT INTO loyalty_reporting_sending
        (subscription_id, user_id, company_id, due_at, next_try_at, state, attempts,
        create_date, write_date)
    VALUES (%(id)s, %(user_id)s, %(company_id)s, %(due_at)s, %(now)s, 'waiting', 0,
        %(now)s, %(now)s)
    ON CONFLICT DO NOTHING"""
_OPEN = """
    SELECT id FROM loyalty_reporting_sending
    WHERE state IN ('waiting', 'running', 'mailing') AND next_try_at <= %(now)s
    ORDER BY attempts, id"""
_TAKE = """
    UPDATE loyalty_reporting_sending
    SET attempts = attempts + 1, started_at = coalesce(started_at, %(now)s),
        state = CASE WHEN state = 'mailing' THEN state ELSE 'running' END
    WHERE id = %(id)s AND state IN ('waiting', 'running', 'mailing')
        AND next_try_at <= %(now)s
    RETURNING attempts, state = 'mailing'"""


@dataclass(frozen=True)
class Taken:
    """An attempt at a sending.

    :param attempt: 1 for the first; the mails, once they are made, have attempts of their
        own
    :param is_mailing: the mails are made
    """

    id: int
    attempt: int
    is_mailing: bool

    @property
    def most(self):
        """How many attempts there are."""
        return MOST_TRIES if self.is_mailing else MOST_ATTEMPTS

    @property
    def is_last(self):
        """Tell whether nobody will try again."""
        return self.attempt >= self.most

    @property
    def is_spent(self):
        """Tell whether every attempt was killed."""
        return self.attempt > self.most

    @property
    def pause(self):
        """Until the next attempt: a minute, then each time four times as long."""
        return timedelta(minutes=4 ** (self.attempt - 1))


class Sendings:
    """The sendings of a database.

    :param cursor: function that opens a cursor (a context manager) with a transaction
        of its own, committed at the end
    :param clock: function that returns the instant that it is (UTC, without zone)
    """

    def __init__(self, cursor, clock):
        self._cursor, self._clock = cursor, clock

    def plan(self):
        """Plan what is due."""
        # Another run may plan the same meanwhile.
        queue.tried(self._cursor, lambda cr: self._plan(cr, self._clock()))

    @contextmanager
    def taken(self):
        """Yield the next attempt, nobody else's until the end, or None without one.

        What a killed process had is free again: its lock went with it.
        """
        with self._cursor() as lock:
            yield self._next(lock)

    def _plan(self, cr, now):
        cr.execute(_DUE, {"now": now})
        for number, expression, zone, user_id, company_id, due_at in cr.fetchall():
            values = {"id": number, "now": now, "due_at": due_at}
            cr.execute(_PLAN, {**values, "user_id": user_id, "company_id": company_id})
            try:
                next_at = next_after(expression, zone, now)
            except BadQuery:
                # Such as 29 February, far in the future: it was the last time.
                next_at = None
            cr.execute(_AGAIN, {**values, "next_at": next_at})

    def _next(self, lock):
        with self._cursor() as cr:
            cr.execute(_OPEN, {"now": self._clock()})
            ids = [number for (number,) in cr.fetchall()]
        return queue.first_free("sending", lock, ids, self._take)

    def _take(self, number):
        """Return a new attempt; None if it ended meanwhile."""
        try:
            with self._cursor() as cr:
                cr.execute(_TAKE, {"id": number, "now": self._clock()})
                row = cr.fetchone()
        except TransactionRollbackError:
            return None
        return Taken(number, *row) if row else None
