"""An erasure, from place to place; each is done once, however often it is begun."""

import logging
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..database import sql
from ..errors import ReportingError, StoreError
from ..records import Counts, RunResult
from ..retention.restore import LOCK
from ..stores import runs
from ..stores.locks import held
from ..stores.reporting import connect, explained
from . import archives, elsewhere, places
from .pseudonyms import CARD, CUSTOMER
from .who import Who

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
    "check",
    "archive",
)
NONE = "none"
# Seconds to wait for who archives or restores now.
_PATIENCE = 300
_DONE = """
    INSERT INTO loyalty_reporting_erasure_step AS s
        (erasure_id, position, place, changed, state, note)
    VALUES (%(erasure)s, %(position)s, %(place)s, %(changed)s, %(state)s, %(note)s)
    ON CONFLICT (erasure_id, place) DO UPDATE SET state = excluded.state,
        changed = s.changed + excluded.changed, note = excluded.note,
        done_at = clock_timestamp() AT TIME ZONE 'UTC'
"""
_END = """
    UPDATE loyalty_reporting_erasure SET state = 'done', identifiers = NULL,
        message = '', finished_at = clock_timestamp() AT TIME ZONE 'UTC'
    WHERE id = %s
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


def run(settings, dsn, number, outside):
    """Go on with an erasure until all of it is done.

    :param number: what :func:`core.erasure.request.begin` returned
    :param outside: :class:`Outside`
    :return: :class:`RunResult`; errors are in its message, never raised. One that failed
        goes on with the next run.
    """

    def work(_id):
        with closing(connect(dsn)) as connection:
            erasure = _Erasure(settings, dsn, connection, number, outside)
            return erasure.attempt()

    return runs.run(dsn, "erase", f"erasure {number}", work, lock="erase")


def unfinished(cr):
    """Return the numbers of erasures that must go on."""
    cr.execute(
        "SELECT id FROM loyalty_reporting_erasure WHERE state <> 'done' ORDER BY id"
    )
    return [number for (number,) in cr.fetchall()]


class _Erasure:
    def __init__(self, settings, dsn, connection, number, outside):  # noqa: PLR0913
        self._settings, self._dsn, self._outside = settings, dsn, outside
        self._connection, self._number = connection, number
        self._changed = self._waiting = 0

    def attempt(self):
        """Do what is not done; what goes wrong is in the result and in the record."""
        try:
            # No month is taken out while rows are looked for.
            with explained(), held(self._dsn, LOCK, _PATIENCE):
                return self._run()
        except ReportingError as e:
            _logger.warning("Erasure %s goes on later: %s", self._number, e)
            return self._failed(str(e))
        except Exception as e:
            _logger.exception("Erasure %s", self._number)
            return self._failed(
                f"{type(e).__name__}: {e} (a fault of ours; see the log)"
            )

    def _failed(self, message):
        self._connection.rollback()
        with explained(), self._connection, self._connection.cursor() as cr:
            cr.execute(
                "UPDATE loyalty_reporting_erasure SET message = %s WHERE id = %s",
                [message, self._number],
            )
        return RunResult("failed", Counts(rows_loaded=self._changed), message=message)

    def _run(self):
        identifiers, done = self._known()
        if identifiers is None:
            return RunResult("done")
        who = Who(identifiers)
        self._bring_back(who)
        for position, place in enumerate(PLACES):
            if place in done:
                continue
            changed, note = getattr(self, f"_{place}")(who)
            state = NONE if changed is None else "done"
            values = {"erasure": self._number, "position": position, "place": place}
            values |= {"changed": changed or 0, "state": state, "note": note}
            with self._connection, self._connection.cursor() as cr:
                cr.execute(_DONE, values)
                if place == PLACES[-1]:
                    cr.execute(_END, [self._number])
            self._changed += changed or 0
        return RunResult("done", Counts(rows_loaded=self._changed))

    def _known(self):
        with self._connection, self._connection.cursor() as cr:
            cr.execute(
                "SELECT identifiers, (SELECT array_agg(place)"
                " FROM loyalty_reporting_erasure_step WHERE erasure_id = e.id"
                " AND state <> 'again')"
                " FROM loyalty_reporting_erasure e WHERE id = %s",
                [self._number],
            )
            identifiers, done = cr.fetchone()
            return identifiers, done or ()

    def _bring_back(self, who):
        """Have all rows of the person here; also in an attempt that goes on."""
        with self._connection, self._connection.cursor() as cr:
            customers, cards = who.keys(CUSTOMER), who.keys(CARD)
            self._months = archives.months_of(cr, customers, cards)
        archives.bring_back(self._dsn, self._months)
        with self._connection, self._connection.cursor() as cr:
            archives.mark_changed(cr, self._months)
            # Of documents whose rows were away when the erasure began.
            values = {"customers": customers, "cards": cards}
            cr.execute(sql("erasure/sql/forget_hashes.sql"), values)

    # ------------------------------------------------------------ the places

    def _identity(self, who):
        # Done by the transaction that began the erasure; this writes it down.
        return sum(map(len, who.rows.values())), ""

    def _detail(self, who):
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

    def _archive(self, _who):
        return archives.rewrite(self._dsn, self._months) or None, ""

    def _check(self, who):
        """Look for what is left.

        :raise StoreError: something is; the places are gone through again
        """
        with self._connection, self._connection.cursor() as cr:
            left = {
                "detail": places.count_detail(cr, who),
                "dead_letters": places.count_texts(cr, who),
                "streams": self._waiting,
                "exports": places.count_asked(cr, who),
            }
        if self._settings.clickhouse_url:
            left["clickhouse"] = elsewhere.count_copies(self._settings, who)
        found = {place: count for place, count in left.items() if count}
        if found:
            with self._connection, self._connection.cursor() as cr:
                cr.execute(
                    "UPDATE loyalty_reporting_erasure_step SET state = 'again'"
                    " WHERE erasure_id = %s AND position > 0",
                    [self._number],
                )
            told = ", ".join(f"{place}: {count}" for place, count in found.items())
            raise StoreError(
                f"Something is left and is removed by the next run ({told})."
            )
        return 0, ""
