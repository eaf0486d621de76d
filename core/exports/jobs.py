"""The table of export jobs, as a run changes it: each change is committed at once.

Odoo's model ``loyalty.reporting.export.job`` owns the table.
"""

import uuid
from contextlib import contextmanager
from dataclasses import dataclass

from . import queue

MOST_ATTEMPTS = 3
INTERRUPTED = (
    f"The export was interrupted {MOST_ATTEMPTS} times: its process was killed or the "
    "server restarted. Ask for a shorter period, or have an administrator look at the "
    "limits of scheduled actions (limit_time_real_cron, limit_time_cpu, "
    "limit_memory_hard)."
)
_OPEN = """
    SELECT id FROM loyalty_reporting_export_job
    WHERE state IN ('queued', 'running') ORDER BY attempts, id"""
_TAKE = f"""
    UPDATE loyalty_reporting_export_job
    SET state = 'running', attempts = attempts + 1, file_name = %(file_name)s,
        rows = 0, total = NULL, bytes = 0, started_at = now() AT TIME ZONE 'UTC'
    WHERE id = %(id)s AND state IN ('queued', 'running')
        AND attempts < {MOST_ATTEMPTS}
    RETURNING attempts"""
_GIVE_UP = f"""
    UPDATE loyalty_reporting_export_job
    SET state = 'failed', message = %(message)s, file_name = NULL,
        finished_at = now() AT TIME ZONE 'UTC'
    WHERE id = %(id)s AND state IN ('queued', 'running')
        AND attempts >= {MOST_ATTEMPTS}
    RETURNING id"""
# Who was thought dead, or whose job was cancelled, changes nothing any more.
_MINE = "WHERE id = %(id)s AND state = 'running' AND file_name = %(file_name)s"
_PROGRESS = f"""
    UPDATE loyalty_reporting_export_job
    SET rows = %(rows)s, total = %(total)s, bytes = %(bytes)s
    {_MINE} RETURNING id"""
_DONE = f"""
    UPDATE loyalty_reporting_export_job
    SET state = 'done', rows = %(rows)s, total = %(rows)s, bytes = %(bytes)s,
        message = NULL, finished_at = now() AT TIME ZONE 'UTC',
        expires_at = now() AT TIME ZONE 'UTC' + make_interval(days => %(days)s)
    {_MINE} RETURNING id"""
_END = f"""
    UPDATE loyalty_reporting_export_job
    SET state = %(state)s, message = %(message)s, file_name = NULL,
        finished_at = CASE WHEN %(state)s = 'failed' THEN now() AT TIME ZONE 'UTC' END
    {_MINE} RETURNING id"""
_FILES = """
    SELECT file_name FROM loyalty_reporting_export_job
    WHERE state IN ('running', 'done') AND file_name IS NOT NULL"""


class Cancelled(Exception):
    """The job is not ours any more: cancelled, deleted, or taken by somebody else."""


@dataclass(frozen=True)
class Taken:
    """An attempt at a job.

    :param attempt: 1 for the first
    :param file_name: of this attempt alone
    """

    id: int
    attempt: int
    file_name: str

    @property
    def is_last(self):
        """Tell whether nobody will try again."""
        return self.attempt >= MOST_ATTEMPTS


class Jobs:
    """The jobs of a database.

    :param cursor: function that opens a cursor (a context manager) with a transaction
        of its own, committed at the end
    """

    def __init__(self, cursor):
        self._cursor = cursor

    @contextmanager
    def taken(self):
        """Yield the next job, nobody else's until the end, or None without one.

        A job whose process was killed is free again: its lock went with it.
        """
        with self._cursor() as lock:
            yield self._next(lock)

    def files(self):
        """Return the names of files that are finished or being written."""
        with self._cursor() as cr:
            cr.execute(_FILES)
            return [name for (name,) in cr.fetchall()]

    def progress(self, job, rows, total, size):
        """Note how far an attempt is.

        :param total: number of rows that there will be, or None
        :param size: bytes written
        :raise Cancelled: the attempt must end
        """
        values = {"rows": rows, "total": total, "bytes": size}
        if not self._changed(_PROGRESS, job, **values):
            raise Cancelled()

    def done(self, job, rows, size, days):
        """Offer the file of an attempt for some days.

        :raise Cancelled: nobody wants it any more
        """
        if not self._changed(_DONE, job, rows=rows, bytes=size, days=days):
            raise Cancelled()

    def failed(self, job, message):
        """Say for good why there is no file."""
        self._changed(_END, job, state="failed", message=message)

    def queued(self, job, message):
        """Have somebody try again, later; says why."""
        self._changed(_END, job, state="queued", message=message)

    def _next(self, lock):
        with self._cursor() as cr:
            cr.execute(_OPEN)
            ids = [number for (number,) in cr.fetchall()]
        return queue.first_free("export", lock, ids, self._take)

    def _take(self, number):
        """Return a new attempt at a job; None if it had enough of them, or ended."""
        name = uuid.uuid4().hex
        if row := self._execute(_TAKE, {"id": number, "file_name": name}):
            return Taken(number, row[0], name)
        self._execute(_GIVE_UP, {"id": number, "message": INTERRUPTED})
        return None

    def _changed(self, statement, job, **values):
        asked = {"id": job.id, "file_name": job.file_name, **values}
        return self._execute(statement, asked) is not None

    def _execute(self, statement, values):
        """Return the row that a statement returns, if any."""

        def executed(cr):
            cr.execute(statement, values)
            return cr.fetchone()

        return queue.tried(self._cursor, executed)
