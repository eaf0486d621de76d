"""Load what comes by a stream, in small batches, while it comes.

While a batch is loaded the next one is read and parsed. A batch is acknowledged after
its commit: a consumer that is killed repeats work and skips none. Several may run side
by side; the store loads one chunk at a time.
"""

import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from .errors import ConfigurationError, ReportingError
from .records import Chunk, Counts, RunResult
from .stores import cursors
from .stores.configuration import configure
from .stores.postgres import PostgresStore
from .stores.reporting import transaction
from .streams.base import Batch
from .streams.callbacks import Callbacks
from .streams.journal import Journal, running

_logger = logging.getLogger(__name__)
EVENTS = 4000
# Seconds that a read waits for its first entry.
WAIT = 0.25
LONGEST_PAUSE = 30
NOTE_EVERY = 60
ATTEMPTS = 5
# Bytes of a batch, as far as the last one lets us know.
_BYTES = 32_000_000
_FIRST = 200


def consume(  # noqa: PLR0913 (a keyword for each thing that only Odoo knows)
    stream,
    dsn,
    *,
    source_name,
    system="engine",
    configuration=None,
    erasure_secret="",
    seconds=None,
    stop=None,
    on_load=None,
    refill=None,
    events=EVENTS,
    event_bytes=1_000_000,
    open_store=None,
):
    """Load a stream's events into the reporting database.

    :param stream: a :class:`~core.streams.base.Stream`, closed at the end
    :param dsn: the reporting database
    :param source_name: the configured source, owner of cursor and run log
    :param system: the system in which the facts originate
    :param configuration: function → keyword arguments ``companies``, ``mapping`` and
        ``rates`` of :func:`~core.stores.configuration.configure`; asked every minute
    :param erasure_secret: by which persons who were erased are recognised
    :param seconds: load what is there, for so long at most; None means for ever
    :param stop: :class:`threading.Event` that ends it: what is being loaded is
        finished, what was read beyond it is given back
    :param on_load: called with a :class:`RunResult` after loads that changed something,
        at most once a second
    :param refill: called with the :class:`~core.streams.base.Lost` entries that no
        stream will bring; the source's database has them
    :param events: how many are loaded together at most
    :param event_bytes: an event that is larger is refused
    :param open_store: function that opens another store than PostgreSQL
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    try:
        from .events.loading import Loader  # noqa: PLC0415 (only where events come)
    except ImportError as e:
        reason = f"A Python package is missing: pip install {e.name}."
        return RunResult("failed", message=reason)

    def prepare():
        configure(dsn, system, **(configuration() if configuration else {}))

    open_store = open_store or PostgresStore.opener(
        dsn, source_name, system, erasure_secret=erasure_secret
    )
    consumer = _Consumer(
        stream,
        Loader(open_store, event_bytes),
        Journal(dsn, source_name, getattr(stream, "consumer", id(stream))),
        Callbacks(on_load, refill),
        prepare,
        lambda: _position(dsn, source_name),
        stop or threading.Event(),
        events,
    )
    if seconds is not None:
        consumer.deadline = time.monotonic() + seconds
    return consumer.run()


def _position(dsn, source_name):
    with transaction(dsn) as cr:
        return cursors.read(cr, source_name)


@dataclass
class _Work:
    """A batch on its way."""

    batch: Batch
    chunk: Chunk | None
    attempts: int = 0
    future: object = None


@dataclass
class _Consumer:
    """The loop."""

    stream: object
    loader: object
    journal: Journal
    caller: Callbacks
    prepare: object
    saved: object
    stop: threading.Event
    events: int
    deadline: float | None = None
    counts: Counts = field(default_factory=Counts)
    lag: float = 0.0
    message: str = ""

    def __post_init__(self):
        self._waiting, self._running = deque(), None
        self._is_open, self._is_empty = False, False
        self._count, self._pause, self._note_at = min(_FIRST, self.events), 0, 0.0
        self._losses = []

    def run(self):
        """Consume until it is time to end."""
        with ThreadPoolExecutor(1, "loyalty_reporting_load") as self._executor:
            result = self._guarded(self._run)
            self._guarded(self._give_back)
        for part in (self.stream, self.loader):
            with suppress(ReportingError):
                part.close()
        self.caller.tell(now=True)
        return self.journal.close(result)

    def _guarded(self, work):
        """Call ``work``; what goes wrong is in the result."""
        try:
            return work()
        except ReportingError as e:
            _logger.error("Stream %s: %s", self.stream.name, e)
            return self._result("failed", str(e))
        except Exception as e:
            _logger.exception("Stream %s", self.stream.name)
            reason = f"{type(e).__name__}: {e} (a fault of ours; see the log)"
            return self._result("failed", reason)

    def _result(self, state, message=""):
        words = [*dict.fromkeys(self._losses), message]
        return RunResult(state, self.counts, self.lag, " ".join(filter(None, words)))

    def _run(self):
        while not self._is_over():
            try:
                self._step()
                self._pause, self.message = 0, ""
            except ConfigurationError:
                raise
            except Exception as error:
                if self.deadline is not None:
                    raise
                self._wait(error)
            self._tick()
        is_done = self.deadline is None or self._is_drained()
        return self._result("done" if is_done else "partial")

    def _is_over(self):
        if self.stop.is_set():
            return True
        if self.deadline is None:
            return False
        return self._is_drained() or time.monotonic() >= self.deadline

    def _is_drained(self):
        """Return whether nothing is left; that a read brought nothing is no proof."""
        if not self._is_empty or self._waiting or self._running is not None:
            return False
        return self.stream.is_ready and not self.stream.behind()

    def _step(self):
        """Read the next batch while the one before it is loaded, then load it."""
        if not self._is_open:
            self.journal.open()
            self.prepare()
            self.stream.open(self.saved)
            self._is_open = True
        try:
            if not self._waiting:
                self._read()
        finally:
            # A load that went well is one, whatever happens to the stream.
            self._settle()
        if self._waiting and not self.stop.is_set():
            self._running = work = self._waiting.popleft()
            work.future = self._executor.submit(self._load, work)

    def _read(self):
        batch = self.stream.read(self._count, WAIT)
        self._is_empty = not batch.entries
        if batch.lost:
            self._losses += [lost.reason for lost in batch.lost]
            self.caller.lost(batch.lost)
            self.caller.tell(now=True)
        if batch.entries:
            size = sum(len(entry.payload) for entry in batch.entries)
            mean = max(1, size // len(batch.entries))
            self._count = max(1, min(self.events, _BYTES // mean))
        if batch.entries or batch.lost:
            self._waiting.append(_Work(batch, self._chunk(batch)))

    def _chunk(self, batch):
        try:
            return self.loader.chunk(batch.entries, batch.position)
        except Exception:
            _logger.exception("A batch cannot be parsed")
            return None

    def _load(self, work):
        """Load a batch, in a thread of its own."""
        from .events.loading import Verdict, verdict  # noqa: PLC0415

        try:
            # Parsing never fails; if it did, that would be a fault of ours.
            chunk = work.chunk or self.loader.chunk(work.batch.entries)
            return self.loader.load(chunk)
        except Exception as error:
            if verdict(error) is Verdict.PASSING:
                raise
            _logger.warning("A batch cannot be loaded and is taken apart: %s", error)
            work.attempts += 1
            return self.loader.load_apart(work.batch, work.attempts >= ATTEMPTS)

    def _settle(self):
        """Wait for the running load, and acknowledge its batch.

        A batch whose load failed waits to be loaded again.
        """
        work, self._running = self._running, None
        if work is None:
            return
        try:
            counts = work.future.result()
        except BaseException:
            self._waiting.appendleft(work)
            raise
        self.counts.add(counts)
        ages = [time.time() - e.at for e in work.batch.entries if e.at is not None]
        self.lag = max(0.0, *ages, 0.0)
        self.caller.loaded(counts)
        self.stream.ack(work.batch)
        self.caller.tell()

    def _wait(self, error):
        """Let some time pass after an error; the longer, the more of them."""
        if not isinstance(error, ReportingError):
            _logger.exception("Stream %s", self.stream.name, exc_info=error)
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or 0.5)
        self.message = str(error) or type(error).__name__
        _logger.warning(
            "Stream %s: %s Again in %s s.", self.stream.name, error, self._pause
        )
        self.journal.note(running(self.counts, self.lag, self.message))
        self.stop.wait(self._pause)

    def _tick(self):
        """Do what is done from time to time."""
        self.caller.tell()
        if self.deadline is not None or time.monotonic() < self._note_at:
            return
        if self._note_at and not self.message:
            self._guarded(self.prepare)
        self._note_at = time.monotonic() + NOTE_EVERY
        self.journal.note(self._result("running", self.message))
        self._losses.clear()

    def _give_back(self):
        """Finish what is being loaded; what was only read is for others."""
        try:
            self._settle()
        finally:
            for work in self._waiting:
                # An entry that failed alone was tried, and its stream shall count that.
                if not work.attempts or len(work.batch.entries) > 1:
                    self.stream.release(work.batch)
