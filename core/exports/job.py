"""A long export in the background: taken, written, given its name, done.

Killed at any instant, it is begun anew by the next run, three times at most.
"""

import errno
import logging
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import psycopg2

from ..errors import ReportingError, StoreError
from ..queries.query import Query
from .edition import Edition
from .files import write
from .jobs import Cancelled, Taken

_logger = logging.getLogger(__name__)
_EVERY = 1.0  # seconds between two notes of progress
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL = (
    "There is no room left for the file on the server's disk. Tell an administrator, or "
    "ask for a shorter period; then try again."
)
FAULT = "Something went wrong here. The server's log says more; then try again."


@dataclass(frozen=True)
class Work:
    """What a job is to write.

    :param opening: context manager that gives the answer, with all its rows
    :param seconds: that it may take at most
    :param edition: for whom it is
    """

    query: Query
    opening: AbstractContextManager
    file_format: str
    seconds: int
    edition: Edition = field(default_factory=Edition)


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: ``done``, ``failed``, ``queued`` (again) or ``cancelled``."""

    job: Taken
    state: str
    message: str = ""


def run_next(jobs, folder, prepare, days):
    """Do the next job that waits, or that was left by a process that was killed.

    :param jobs: :class:`~core.exports.jobs.Jobs`
    :param folder: :class:`~core.exports.folder.Folder` of the files
    :param prepare: function (number of a job) → :class:`Work`; it raises ReportingError
        for what may not be read or cannot be answered, Cancelled for a job that is gone
    :param days: for which the file is offered
    :return: :class:`Ended`; None if nobody waits
    :raise psycopg2.Error: the database is away; the next run goes on
    """
    with jobs.taken() as job:
        # Now the names of attempts before this one are nobody's any more.
        folder.sweep(jobs.files)
        return _run(job, jobs, folder, prepare, days) if job else None


def _run(job, jobs, folder, prepare, days):
    started, work = time.monotonic(), None
    try:
        work = prepare(job.id)
        rows = _written(job, jobs, folder, work)
        jobs.done(job, rows, folder.path(job.file_name).stat().st_size, days)
        return Ended(job, "done")
    except Cancelled:
        folder.remove(job.file_name)
        return Ended(job, "cancelled")
    except Exception as error:  # noqa: BLE001 (every end is noted)
        folder.remove(job.file_name)
        is_late = work is not None and time.monotonic() - started >= work.seconds
        return _ended_by(error, job, jobs, is_late)


def _written(job, jobs, folder, work):
    """Write the file of an attempt; returns its number of rows."""
    with folder.writing(job.file_name) as file, work.opening as answer:

        def note(rows):
            jobs.progress(job, rows, answer.total, file.tell())

        note(0)
        counter = _Counter(note)
        counted = replace(answer, rows=counter.counted(answer.rows))
        write(file, work.query, counted, work.file_format, work.edition)
        # What came after the last row may have taken long: is it wanted still?
        note(counter.rows)
    return counter.rows


class _Counter:
    def __init__(self, note):
        self._note = note
        self.rows = 0

    def counted(self, rows):
        """Yield rows; every second, note how many there were."""
        due = time.monotonic() + _EVERY
        for row in rows:
            yield row
            self.rows += 1
            if time.monotonic() >= due:
                self._note(self.rows)
                due = time.monotonic() + _EVERY


def _ended_by(error, job, jobs, is_late):
    """Note how an error ended an attempt; what may pass by itself is tried again."""
    message = _words(error)
    may_pass = isinstance(error, StoreError | psycopg2.Error) and not is_late
    if message == FAULT or isinstance(error, psycopg2.Error):
        _logger.error("Export %s failed: %s", job.id, error, exc_info=error)
    if may_pass and not job.is_last:
        jobs.queued(job, f"{message} It is tried again.")
        return Ended(job, "queued", message)
    jobs.failed(job, message)
    return Ended(job, "failed", message)


def _words(error):
    """Return what a person should know of an error."""
    if any(getattr(e, "errno", None) in _NO_ROOM for e in _behind(error)):
        return FULL
    if isinstance(error, ReportingError):
        return str(error)
    if isinstance(error, psycopg2.Error):
        return "The database did not answer as it should; the server's log says more."
    return FAULT


def _behind(error):
    """Yield an error and those that it came of; xlsxwriter wraps them, too."""
    while error is not None:
        yield error
        yield from (e for e in error.args if isinstance(e, OSError))
        error = error.__cause__ or error.__context__
