"""All rows of a question, however many: few at once, many through a cursor."""

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import psycopg2

from ..errors import StoreError
from ..stores.archived import ASK_AGAIN
from . import postgres
from .answer import answer, keys_of, lister, raw_reader, row_maker, state_of
from .base import Listing
from .horizon import look, require_here
from .levels import level_writer
from .measures import shower
from .members import members_of
from .plan import plan, plan_listing, plan_tally
from .query import Answer

# So many rows are answered as any question is: by the fastest store, and remembered.
AT_ONCE = 10_000
_CHUNK = 2_000
_UNBOUNDED = 2**40


@dataclass(frozen=True)
class Beside:
    """What a file wants besides the rows.

    :param questions: other questions of the same report and period, with few rows; of
        a listing :class:`~core.queries.query.Tally` objects
    :param is_counted: how many rows there are, before they are read
    """

    questions: tuple = ()
    is_counted: bool = False


def exported(  # noqa: PLR0913 (the last one is for a read replica)
    query, cr, settings, fresh_cursor, beside=Beside(), *, held_cursor=None
):
    """Return a context manager that opens all rows of a question.

    What is wrong with the question is raised here, not within.

    :param cr: cursor of the caller; not used by what is returned
    :param fresh_cursor: as for :func:`~core.queries.answer.answer`
    :param held_cursor: function that opens a cursor with a snapshot of its own (a
        context manager), which is held while many rows are read; it may be of a read
        replica. By default that of ``fresh_cursor``
    :return: it gives an :class:`~core.queries.query.Answer` whose rows can be read once,
        of one state of the data, as are those beside; reading them raises StoreError
        where it takes longer than ``settings.export_timeout`` seconds
    """
    patient = replace(settings, query_timeout=settings.export_timeout)
    export = _Export(query, patient, fresh_cursor, held_cursor or fresh_cursor, beside)
    if isinstance(query.report, Listing):
        keys_of(query, cr)
        return export.streamed()
    return export.short(cr) or export.streamed()


@dataclass(frozen=True)
class _Export:
    query: object
    settings: object
    fresh_cursor: object
    held_cursor: object
    beside: Beside

    def short(self, cr):
        """Return what opens a few rows with what is beside them; None if they are many."""
        first = replace(self.query, after={}, per_page=AT_ONCE, with_totals=False)
        made = answer(first, cr, self.settings, self.fresh_cursor)
        if made.next_cursor:
            return None
        ask = partial(
            answer, cr=cr, settings=self.settings, fresh_cursor=self.fresh_cursor
        )
        totals, others = self._besides(ask)
        with self.fresh_cursor() as fresh:
            is_alone = totals is None and not others
            if not is_alone and self._version(fresh) != self._version(cr):
                # What was loaded meanwhile may be in some of them.
                ask = self._of_one_snapshot(fresh)
                made = ask(first)
                totals, others = self._besides(ask)
        count = len(made.rows)
        return nullcontext(replace(made, total=count, totals=totals, beside=others))

    def _version(self, cr):
        return state_of(cr, self.query).version

    @contextmanager
    def streamed(self):
        """Open many rows, read in one snapshot with what is beside them."""
        query, timeout = self.query, self.settings.export_timeout
        with self.held_cursor() as cr, _uncancelled(), postgres.limited(cr, timeout):
            seen = look(query, cr)
            totals, others = self._many(cr)
            statement, shown = _planned(query, cr)
            total = _declare(cr, statement, is_counted=self.beside.is_counted)
            self._check(seen)
            rows = map(shown, _read(cr, timeout))
            as_of = state_of(cr, query).as_of(postgres.STORE)
            yield Answer(
                rows, total, statement.tier, postgres.STORE,
                as_of=as_of, totals=totals, beside=others,
            )  # fmt: skip

    def _check(self, seen):
        """Make sure that nothing left before it was locked, as ``answer`` does."""
        with self.fresh_cursor() as fresh:
            if look(self.query, fresh) != seen:
                raise StoreError(ASK_AGAIN)

    def _many(self, cr):
        """Return (totals, answers to the other questions)."""
        if isinstance(self.query.report, Listing):
            return None, tuple(_tallied(tally, cr) for tally in self.beside.questions)
        return self._besides(self._of_one_snapshot(cr))

    def _besides(self, ask):
        """Return (totals if they are wanted, answers to the other questions).

        :param ask: function from a question to its answer
        """
        totals = None
        if self.query.with_totals:
            totals = ask(replace(self.query.total, with_totals=True)).totals
        return totals, tuple(map(ask, self.beside.questions))

    def _of_one_snapshot(self, cr):
        """Return what answers questions from what one cursor sees, in PostgreSQL."""
        return partial(
            answer,
            cr=cr,
            settings=replace(self.settings, clickhouse_url=""),
            fresh_cursor=lambda: nullcontext(cr),
        )


@contextmanager
def _uncancelled():
    try:
        yield
    except psycopg2.errors.SerializationFailure as e:
        raise StoreError(
            "The read replica cancelled the export: the database removed rows that it "
            "still needed. Ask again, or have an administrator set hot_standby_feedback "
            "= on there."
        ) from e


def _tallied(tally, cr):
    """Return the :class:`~core.queries.query.Answer` of a tally."""
    require_here(tally.query, cr)
    statement = plan_tally(tally, keys_of(tally.query, cr), postgres)
    cr.execute(statement.text, statement.parameters)
    show = shower(tally.columns[-1])
    names = [column.name for column in tally.columns]
    rows = [
        dict(zip(names, (by, count, show(added)), strict=True))
        for by, count, added in cr.fetchall()
    ]
    return Answer(rows, len(rows), statement.tier, postgres.STORE)


def _planned(query, cr):
    """Return (statement of all rows, function from a stored to a shown row)."""
    query = query.unpaged(_UNBOUNDED)
    keys = keys_of(query, cr)
    if isinstance(query.report, Listing):
        statement = plan_listing(query, keys, postgres)
        return statement, lister(query)
    dimensions = [d for d in query.dimensions if d.members]
    members = {d.name: members_of(d, cr) for d in dimensions}
    statement = plan(query, keys, members, postgres)
    changes = _levels(cr, statement)
    write_levels = level_writer(query, statement, changes, postgres)

    read, show = raw_reader(query, statement, postgres), row_maker(query, members)

    def shown(row):
        raw = read(row)
        write_levels(raw)
        return show(raw)

    return statement, shown


def _levels(cr, statement):
    if not statement.levels_text:
        return []
    cr.execute(statement.levels_text, statement.parameters)
    return cr.fetchall()


def _declare(cr, statement, *, is_counted):
    """Have the server begin with the rows of a statement.

    :return: how many there are, or None; they are counted on the way there and back, by
        the server alone, which keeps what it found: nothing is computed twice
    """
    scroll = "SCROLL" if is_counted else "NO SCROLL"
    cr.execute(
        f"DECLARE exported {scroll} CURSOR FOR {statement.text}", statement.parameters
    )
    if not is_counted:
        return None
    cr.execute("MOVE FORWARD ALL FROM exported")
    count = int(cr.statusmessage.removeprefix("MOVE "))
    cr.execute("MOVE ABSOLUTE 0 FROM exported")
    return count


def _read(cr, seconds):
    """Yield the declared rows, a chunk at a time."""
    until = time.monotonic() + seconds
    while True:
        cr.execute(f"FETCH {_CHUNK} FROM exported")
        rows = cr.fetchall()
        yield from rows
        if len(rows) < _CHUNK:
            break
        if time.monotonic() > until:
            raise StoreError(
                f"The export took longer than {seconds} s. Ask for a shorter period."
            )
    cr.execute("CLOSE exported")
