"""An erasure, from place to place; each is done once, however often it is begun."""

import logging
import time
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import ReportingError, StoreError
from ..records import Counts, RunResult
from ..retention import months
from ..retention.restore import LOCK
from ..retention.run import fits
from ..stores import runs
from ..stores.locks import held
from ..stores.reporting import connect, explained
from . import archives, elsewhere, places
from .who import Who

# So many files are named in a message.
_NAMED = 10
_logger = logging.getLogger(__name__)
PLACES = (
    "identity",
    "detail",
    "dead_letters",
    "differences",
    "exports",
    "answers",
    "streams",
    "clickhouse",
    "archive",
    "check",
)
# Of a place: done, not there, begun, or to be gone to once more.
DONE, NONE, RUNNING, AGAIN = "done", "none", "running", "again"
_STEP = """
    INSERT INTO loyalty_reporting_erasure_step AS s
        (erasure_id, position, place, changed, state, note)
    VALUES (%(erasure)s, %(position)s, %(place)s, %(changed)s, %(state)s, %(note)s)
    ON CONFLICT (erasure_id, place) DO UPDATE SET state = excluded.state,
        changed = s.changed + excluded.changed, note = excluded.note,
        done_at = clock_timestamp() AT TIME ZONE 'UTC'
"""
_END = """
    DELETE FROM loyalty_reporting_erasure_month WHERE erasure_id = %(erasure)s;
    UPDATE loyalty_reporting_erasure SET state = 'done', identifiers = NULL,
        message = '', finished_at = clock_timestamp() AT TIME ZONE 'UTC'
    WHERE id = %(erasure)s
"""


@dataclass(frozen=True)
class Stream:
    """A stream that may hold events of the person.

    :param system: the system whose identifiers are in them
    """

    url: str
    name: str
    system: str


@dataclass(frozen=True)
class Outside:
    """What lies beyond the reporting database.

    :param streams: :class:`Stream`
    :param remove_export: function that removes the file of an export by its name
    """

    streams: tuple = ()
    remove_export: object = field(default=lambda name: None)


class _TimeOver(Exception):
    """The time slot is over: archived months wait for the next run."""


def run(settings, dsn, number, outside, *, seconds=None, limit=None):  # noqa: PLR0913
    """Go on with an erasure until all of it is done.

    :param number: what :func:`core.erasure.request.begin` returned
    :param outside: :class:`Outside`
    :param seconds: after which no other archived month is begun; None: all are
    :param limit: seconds after which this process is killed: no archived month is begun
        that would not be done by then; None: it never is
    :return: :class:`RunResult`; errors are in its message, never raised. One that failed,
        or is partial, goes on with the next run.
    """
    begun = time.monotonic()
    until, killed = (
        float("inf") if after is None else begun + after for after in (seconds, limit)
    )

    def work(_id):
        with closing(connect(dsn)) as connection:
            erasure = _Erasure(
                settings, dsn, connection, number, outside, until=until, killed=killed
            )
            return erasure.attempt()

    return runs.run(dsn, "erase", f"erasure {number}", work, lock="erase")


def unfinished(cr):
    """Return the numbers of erasures that must go on."""
    cr.execute(
        "SELECT id FROM loyalty_reporting_erasure WHERE state <> 'done' ORDER BY id"
    )
    return [number for (number,) in cr.fetchall()]


class _Erasure:
    def __init__(  # noqa: PLR0913
        self, settings, dsn, connection, number, outside, *, until, killed
    ):
        self._settings, self._dsn, self._outside = settings, dsn, outside
        self._connection, self._number = connection, number
        self._until, self._killed = until, killed
        self._changed = self._waiting = 0

    def attempt(self):
        """Do what is not done; what goes wrong is in the result and in the record."""
        try:
            with explained():
                return self._run()
        except _TimeOver as e:
            return self._unfinished("partial", str(e))
        except ReportingError as e:
            _logger.warning("Erasure %s goes on later: %s", self._number, e)
            return self._unfinished("failed", str(e))
        except Exception as e:
            _logger.exception("Erasure %s", self._number)
            message = f"{type(e).__name__}: {e} (a fault of ours; see the log)"
            return self._unfinished("failed", message)

    def _unfinished(self, state, message):
        self._connection.rollback()
        with explained(), self._connection, self._connection.cursor() as cr:
            cr.execute(
                "UPDATE loyalty_reporting_erasure SET message = %s WHERE id = %s",
                [message, self._number],
            )
        return RunResult(state, Counts(rows_loaded=self._changed), message=message)

    def _run(self):
        identifiers, done = self._known()
        if identifiers is None:
            return RunResult("done")
        who = Who(identifiers)
        for place in PLACES:
            if place in done:
                continue
            changed, note = getattr(self, f"_{place}")(who)
            state = NONE if changed is None else DONE
            if place == "streams" and self._waiting:
                state = AGAIN  # whoever goes on must know how many
            with self._connection, self._connection.cursor() as cr:
                self._note(cr, place, changed or 0, state, note)
                if place == PLACES[-1]:
                    cr.execute(_END, {"erasure": self._number})
        return RunResult("done", Counts(rows_loaded=self._changed))

    def _note(self, cr, place, changed, state, note=""):  # noqa: PLR0913
        values = {"erasure": self._number, "position": PLACES.index(place)}
        values |= {"place": place, "changed": changed, "state": state, "note": note}
        cr.execute(_STEP, values)
        self._changed += changed

    def _no_month_moves(self):
        return held(self._dsn, LOCK, archives.PATIENCE_SECONDS)

    def _known(self):
        with self._connection, self._connection.cursor() as cr:
            cr.execute(
                "SELECT identifiers, (SELECT array_agg(place)"
                " FROM loyalty_reporting_erasure_step WHERE erasure_id = e.id"
                # What an older version began was checked before its archives were written.
                " AND state IN ('done', 'none') AND place <> %s)"
                " FROM loyalty_reporting_erasure e WHERE id = %s",
                [PLACES[-1], self._number],
            )
            identifiers, done = cr.fetchone()
            return identifiers, done or ()

    # ------------------------------------------------------------ the places

    def _identity(self, who):
        # Done by the transaction that began the erasure; this writes it down.
        return sum(map(len, who.rows.values())), ""

    def _detail(self, who):
        with self._no_month_moves():
            return places.scrub_detail(self._connection, who), ""

    def _dead_letters(self, who):
        return places.scrub_texts(self._connection, who, places.LETTERS), ""

    def _differences(self, who):
        return places.scrub_texts(self._connection, who, places.DIFFERENCES), ""

    def _exports(self, who):
        remove = self._outside.remove_export
        return places.scrub_exports(self._connection, who, remove), ""

    def _answers(self, _who):
        if not self._settings.redis_url:
            return None, ""
        return elsewhere.forget_answers(self._settings.redis_url), ""

    def _streams(self, who):
        removed, notes = None, []
        for stream in self._outside.streams:
            if urlsplit(stream.url).scheme == "kafka":
                notes.append(
                    f"{stream.name}: Kafka keeps events until their time is over"
                )
                continue
            own = who.of(stream.system)
            gone, left = elsewhere.forget_events(stream.url, stream.name, own)
            removed = (removed or 0) + gone
            if left:
                self._waiting += left
                notes.append(f"{stream.name}: {left} events are still to be read")
        return removed, "; ".join(notes)

    def _clickhouse(self, who):
        if not self._settings.clickhouse_url:
            return None, ""
        return elsewhere.rename_copies(self._settings, self._dsn, who), ""

    def _archive(self, who):
        """Write the person's months anew; each is noted and counted by itself."""
        while True:
            with self._no_month_moves():
                with self._connection, self._connection.cursor() as cr:
                    waiting = archives.waiting(cr, self._number, who)
                    is_any = archives.has_begun(cr, self._number)
                    fitting = next((m for m in waiting if self._fits(cr, m)), None)
                if not waiting:
                    return (0 if is_any else None), ""
                if time.monotonic() > self._until:
                    raise _TimeOver(_left(waiting))
                if not fitting:
                    # After a run that only got here, the next would get here again.
                    error = _TimeOver if self._changed else StoreError
                    raise error(f"{_left(waiting)} {self._too_long(waiting[0])}")
                self._rewrite(who, fitting)
            time.sleep(archives.TURN_SECONDS)

    def _fits(self, cr, month):
        """Tell whether a month is written anew before this process is killed."""
        left = self._killed - time.monotonic()
        return fits(2 * _rows(cr, month), left)  # they come back, and are written

    def _too_long(self, month):
        with self._connection, self._connection.cursor() as cr:
            rows = _rows(cr, month)
        return (
            f"{month:%B %Y} waits: {rows:,} rows are more than Odoo's time limits let a "
            "worker restore and write anew. Run `odoo-bin loyalty_erasure run -d "
            "DATABASE`, which has none, or raise limit_time_real_cron and limit_time_cpu."
        )

    def _rewrite(self, who, month):
        archives.rewrite(self._dsn, self._connection, self._number, who, month)
        with self._connection, self._connection.cursor() as cr:
            archives.note(cr, self._number, month)
            self._note(cr, "archive", 1, RUNNING)

    def _check(self, who):
        """Look for what is left.

        :raise StoreError: something is; the places are gone through again
        """
        with (
            self._no_month_moves(),
            self._connection,
            self._connection.cursor() as cr,
        ):
            files = archives.left_behind(cr, who)
            left = {
                "detail": places.count_detail(cr, who),
                "dead_letters": places.count_texts(cr, who),
                "streams": self._waiting,
                "exports": places.count_asked(cr, who),
                "archive": len(files) + len(archives.waiting(cr, self._number, who)),
            }
        if self._settings.clickhouse_url:
            left["clickhouse"] = elsewhere.count_copies(self._settings, who)
        found = {place: count for place, count in left.items() if count}
        if not found:
            return 0, ""
        with self._connection, self._connection.cursor() as cr:
            archives.begin_again(cr, self._number, [*files])
            cr.execute(
                "UPDATE loyalty_reporting_erasure_step SET state = %s"
                " WHERE erasure_id = %s AND position > 0",
                [AGAIN, self._number],
            )
        told = ", ".join(f"{place}: {count}" for place, count in found.items())
        message = f"Something is left ({told}); the next run tries again."
        if files:
            paths = [path for of_month in files.values() for path in of_month]
            named = ", ".join(paths[:_NAMED])
            more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
            message += f" Files of archives that nobody reads any more: {named}{more}."
        raise StoreError(message)


def _left(waiting):
    return f"Archived months that are yet to be written: {len(waiting)}."


def _rows(cr, month):
    """Return how many rows a month's files hold, by their manifests."""
    return sum(
        told["rows"]
        for known in months.known(cr, month=month)
        if known.manifest
        for told in known.manifest["tables"].values()
    )
