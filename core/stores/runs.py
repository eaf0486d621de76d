"""The run log, and the lock that lets one worker at a time run a job."""

import logging
from contextlib import suppress

import psycopg2

from ..errors import Busy, ReportingError
from ..records import RunResult
from .reporting import connect, explained

_logger = logging.getLogger(__name__)

_FINISH = """
    UPDATE loyalty_reporting_run
    SET state = %(state)s, finished_at = clock_timestamp() AT TIME ZONE 'UTC',
        seconds = extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - started_at),
        documents_read = %(documents_read)s, documents_changed = %(documents_changed)s,
        rows_read = %(rows_read)s, rows_loaded = %(rows_loaded)s,
        rows_rejected = %(rows_rejected)s, lag_seconds = %(lag_seconds)s,
        message = %(message)s
    WHERE id = %(id)s
"""

_FORGET_IDLE = """
    DELETE FROM loyalty_reporting_run idle
    USING loyalty_reporting_run last
    WHERE last.id = %(id)s AND idle.id < last.id
      AND idle.job = last.job AND idle.source_name = last.source_name
      AND (idle.state, idle.rows_read, idle.rows_loaded, idle.message)
        = ('done', 0, 0, '')
      AND (last.state, last.rows_read, last.rows_loaded, last.message)
        = ('done', 0, 0, '')
"""

# A push follows each load within a second: those of a minute are one entry.
_OFTEN = ("push",)
_JOIN_MINUTE = """
    WITH former AS (
        DELETE FROM loyalty_reporting_run f
        USING loyalty_reporting_run last
        WHERE last.id = %(id)s AND f.id < last.id
          AND f.job = last.job AND f.source_name = last.source_name
          AND (f.state, f.message, last.state, last.message) = ('done', '', 'done', '')
          AND f.started_at > last.started_at - interval '1 minute'
        RETURNING f.*
    )
    UPDATE loyalty_reporting_run last
    SET started_at = least(last.started_at, s.started_at),
        seconds = last.seconds + s.seconds,
        rows_read = last.rows_read + s.rows_read,
        rows_loaded = last.rows_loaded + s.rows_loaded
    FROM (SELECT min(started_at) AS started_at, sum(seconds) AS seconds,
            sum(rows_read) AS rows_read, sum(rows_loaded) AS rows_loaded
          FROM former HAVING count(*) > 0) s
    WHERE last.id = %(id)s
"""


def run(dsn, job, about, work, *, lock=None, failed=None):  # noqa: PLR0913
    """Do a job's work, one worker at a time, and write down how it went.

    :param about: what the entry is about: a source, a store, a view
    :param work: function of the entry's id → :class:`RunResult`
    :param lock: as of :class:`RunLog`
    :param failed: function of what went wrong, in words → :class:`RunResult`
    :return: :class:`RunResult`; errors are in its message, never raised
    """

    def told(reason):
        _logger.error("%s of %s: %s", job, about, reason)
        return RunResult("failed", message=reason)

    failed = failed or told
    try:
        with RunLog(dsn, job, about, lock=lock) as log:
            try:
                return log.finish(work(log.id))
            except ReportingError as e:
                return log.finish(failed(str(e)))
            except Exception as e:
                _logger.exception("%s of %s", job, about)
                words = f"{type(e).__name__}: {e} (a fault of ours; see the log)"
                return log.finish(failed(words))
    except Busy as e:
        return RunResult("busy", message=str(e))
    except ReportingError as e:
        return failed(str(e))


class RunLog:
    """A job's entry in the run log; holds the job's lock while it is open.

    The lock belongs to the database session: it is free as soon as its holder is
    gone, however it went.

    :param job: ``sync``, ``push``, ``refresh``, ``rebuild``
    :param source_name: what it is about
    :param lock: name of the lock, where several jobs share one
    :param is_alone: no other worker runs this job at the same time, whatever its lock
    :raise Busy: another worker holds the lock
    :raise StoreError: the reporting database cannot be reached
    """

    def __init__(self, dsn, job, source_name, lock=None, is_alone=True):
        self.job, self.source_name, self._is_alone = job, source_name, is_alone
        self._lock = lock or f"{job} {source_name}"
        self._connection = connect(dsn, f"loyalty_reporting {job}")
        self._connection.autocommit = True
        self._finished = False

    def __enter__(self):
        with explained(), self._connection.cursor() as cr:
            cr.execute(
                "SELECT pg_try_advisory_lock(hashtext('loyalty_reporting'), hashtext(%s))",
                [self._lock],
            )
            if not cr.fetchone()[0]:
                self._connection.close()
                raise Busy(f"{self.source_name}: another worker runs this {self.job}")
            cr.execute(
                "UPDATE loyalty_reporting_run SET state = 'interrupted',"
                " message = 'The process ended before the run did; the next run goes on.'"
                " WHERE state = 'running' AND job = %s AND source_name = %s"
                # One that runs beside us writes a line every minute.
                " AND (%s OR coalesce(finished_at, started_at)"
                " < now() AT TIME ZONE 'UTC' - interval '10 minutes')",
                [self.job, self.source_name, self._is_alone],
            )
            cr.execute(
                "INSERT INTO loyalty_reporting_run (job, source_name, state)"
                " VALUES (%s, %s, 'running') RETURNING id",
                [self.job, self.source_name],
            )
            self.id = cr.fetchone()[0]
        return self

    def finish(self, result):
        """Write how the run ended, if that is possible, and return the result."""
        self._finished = True
        try:
            with explained(), self._connection.cursor() as cr:
                values = {**vars(result), **vars(result.counts), "id": self.id}
                cr.execute(_FINISH, values)
                # Of the runs that found nothing to do, the last one is enough.
                cr.execute(_FORGET_IDLE, {"id": self.id})
                if self.job in _OFTEN:
                    cr.execute(_JOIN_MINUTE, {"id": self.id})
        except ReportingError as e:
            _logger.warning(
                "The run log of %s could not be written: %s", self.source_name, e
            )
        return result

    def _release(self):
        """Free the lock now: the server hears of a closed connection a bit later."""
        with suppress(psycopg2.Error), self._connection.cursor() as cr:
            cr.execute("SELECT pg_advisory_unlock_all()")
        self._connection.close()

    def __exit__(self, kind, error, traceback):
        try:
            if error is not None and not self._finished:
                self.finish(RunResult("failed", message=str(error) or kind.__name__))
        finally:
            self._release()
