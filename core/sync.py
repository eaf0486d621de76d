"""Run one batch: from a source, through the transformation, into PostgreSQL.

A run does as much as its time slot allows and can be killed at any instant: each
chunk is one transaction that holds the facts, the rollups and the position.
"""

import logging
import queue
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from .records import Company, Counts, Rate, RunResult
from .stores import runs
from .stores.configuration import configure
from .stores.first_load import MonthIsKnown, load_month
from .stores.postgres import PostgresStore

_logger = logging.getLogger(__name__)
# The cursor of a source's backfill.
BACKFILL = "{} backfill"


def run(source, dsn, *, source_name, seconds=None, workers=2, **given):
    """Load what is new at ``source`` into the reporting database.

    :param source: a :class:`~core.sources.base.Source`
    :param dsn: the reporting database
    :param source_name: the configured source, owner of cursor and run log
    :param seconds: the time slot; None means until everything is read
    :param workers: connections that load a first history side by side
    :param given: what else only Odoo knows, as of :class:`Given`
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    job = _Sync(source, dsn, source_name, Given(**given), seconds=seconds)
    job.workers = workers
    return job.logged("sync", job.load)


def replay(source, dsn, *, source_name, keys, **given):
    """Read the programs and some documents again, whatever the position is.

    :param keys: kind of document → keys, such as those of dead letters; the empty key
        stands for rows that name no document
    :param given: as of :class:`Given`
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    job = _Sync(source, dsn, source_name, Given(**given))
    return job.logged("replay", lambda: job.replay(keys))


def load_waiting(dsn, *, source_name, letters=None, **given):
    """Load the documents of a source, of any type, that wait for an archived month.

    Those that are due, see :mod:`core.stores.aside`; the source itself is not asked.

    :param letters: ids of the dead letters that are meant, be they due or not
    :param given: as of :class:`Given`
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    job = _Sync(None, dsn, source_name, Given(**given))
    return job.logged("waiting", lambda: job.load_waiting(letters))


def backfill(source, dsn, *, source_name, since=None, seconds=None, **given):
    """Read all documents from a day on again, beside the source's own cursor.

    What is loaded already and did not change stays as it is. A run that ends with its
    time slot, or is killed, is gone on with by the next; :func:`backfill_progress`
    tells how far it is.

    :param since: the day (UTC) to begin anew from; None goes on with what was begun
    :param given: as of :class:`Given`
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    cursor = BACKFILL.format(source_name)
    job = _Sync(
        source, dsn, source_name, Given(**given), cursor_name=cursor, seconds=seconds
    )
    return job.logged("backfill", lambda: job.backfill(since))


def backfill_progress(position):
    """Return (documents read, documents in all) of a backfill's saved position."""
    if not position or position.get("phase") != "backfill":
        return 0, 0
    return position["done"], position["total"]


@dataclass(frozen=True)
class Given:
    """What a load must know that only Odoo does.

    :param system: the system in which the facts originate
    :param companies: the :class:`~core.records.Company` records that report; one
        whose time zone changed has its business days cut anew first
    :param mapping: the system's company id → ours; None leaves it as it is
    :param rates: :class:`~core.records.Rate` records
    :param erasure_secret: by which persons who were erased are recognised
    """

    system: str = "engine"
    companies: Collection[Company] = ()
    mapping: Mapping[int, int] | None = None
    rates: Collection[Rate] = ()
    erasure_secret: str = ""


class _Sync:
    """One run of one source."""

    workers = 1

    def __init__(  # noqa: PLR0913 (keywords)
        self, source, dsn, source_name, given, *, cursor_name=None, seconds=None
    ):
        self._source, self._dsn, self._source_name = source, dsn, source_name
        self._given, self._cursor_name = given, cursor_name
        self._deadline = time.monotonic() + (seconds or float("inf"))
        self._counts = Counts()
        self._counting = threading.Lock()

    def logged(self, name, work):
        """Do the work under the source's lock, and write down how it went."""

        def configured(_run_id):
            given = self._given
            configure(
                self._dsn, given.system, given.companies, given.mapping, given.rates
            )
            return work()

        about = self._source_name
        lock = f"sync {about}"
        return runs.run(
            self._dsn, name, about, configured, lock=lock, failed=self._failed
        )

    def _open_store(self):
        return PostgresStore(
            self._dsn,
            self._source_name,
            self._given.system,
            self._cursor_name,
            erasure_secret=self._given.erasure_secret,
        )

    def _failed(self, reason):
        """Return a failure that tells what was loaded before it."""
        _logger.error("Source %s: %s", self._source_name, reason)
        return RunResult("failed", self._counts, message=reason)

    def load(self):
        """Load what follows the saved position."""
        with closing(self._open_store()) as store, self._source.reading() as reading:
            done = self._follow(store, reading)
            return RunResult(
                "done" if done else "partial",
                self._counts,
                reading.lag_seconds,
                reading.notice,
            )

    def replay(self, keys):
        """Load some documents out of turn; the position stays."""
        with closing(self._open_store()) as store, self._source.reading() as reading:
            self._count(store.load(reading.documents(keys)))
            return RunResult("done", self._counts)

    def load_waiting(self, letters):
        """Load what was set aside, out of turn; nothing of the source runs meanwhile."""
        with closing(self._open_store()) as store:
            self._count(store.load_waiting(letters))
            return RunResult("done", self._counts)

    def backfill(self, since):
        """Load the documents from a day on, out of turn."""
        with closing(self._open_store()) as store, self._source.reading() as reading:
            position = store.position()
            if since:
                total = reading.count_since(since)
                position = {"phase": "backfill", "since": since.isoformat()}
                position |= {"done": 0, "total": total}
                store.save_position(position)
            if not position or position["phase"] != "backfill":
                return RunResult("done", self._counts)
            for chunk in reading.backfill(position):
                self._count(store.load(chunk))
                # However short the time slot is, each run gets on.
                if chunk.position and self._is_late():
                    return RunResult("partial", self._counts)
            store.save_position({"phase": "ended"})
            return RunResult("done", self._counts)

    def _follow(self, store, reading):
        """Load from the saved position on. Returns whether all is read."""
        position = reading.plan(store.position())
        store.save_position(position)
        months = reading.months(position)
        if months:
            if not position.get("is_prepared"):
                # Who held which membership must be known before what was bought then.
                for chunk in reading.before_months(position):
                    self._count(store.load(chunk))
                store.save_position({**position, "is_prepared": True})
            self._load_months(months)
            if self._is_late():
                return False
            position = store.position()
        # However short the time slot is, each run gets on.
        for chunk in reading.chunks(position, store.documents_of):
            self._count(store.load(chunk))
            if self._is_late():
                return False
        return True

    def _load_months(self, months):
        """Load the months of a first history, several at a time."""
        waiting = queue.SimpleQueue()
        for month in months:
            waiting.put(month)
        failures = []
        threads = [
            threading.Thread(target=self._month_worker, args=(waiting, failures))
            for _ in range(min(self.workers, len(months)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _month_worker(self, waiting, failures):
        try:
            with (
                closing(self._open_store()) as store,
                self._source.reading() as reading,
            ):
                while not failures:
                    self._load_month(store, reading, waiting.get_nowait())
                    if self._is_late():
                        break
        except queue.Empty:
            pass
        except Exception as error:
            failures.append(error)

    def _load_month(self, store, reading, month):
        try:
            self._count(load_month(store, reading.month(month)))
        except MonthIsKnown as known:
            # Rare: a restart, or another road was here first. Everything is then
            # compared by key, after the months.
            _logger.info("Month %s is loaded by key: %s", month, known)
            store.skip_month(month)

    def _count(self, counts):
        with self._counting:
            self._counts.add(counts)

    def _is_late(self):
        return time.monotonic() >= self._deadline
