"""All rows of a question, however many: few at once, many through a cursor."""

import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from ..errors import StoreError
from . import postgres
from .answer import answer, keys_of, lister, raw_row, row_of, state_of
from .base import Listing
from .levels import level_writer
from .members import members_of
from .plan import plan, plan_listing
from .query import Answer

# So many rows are answered as any question is: by the fastest store, and remembered.
AT_ONCE = 10_000
_CHUNK = 2_000
_UNBOUNDED = 2**40


def exported(query, cr, settings, fresh_cursor):
    """Return a context manager that opens all rows of a question.

    What is wrong with the question is raised here, not within.

    :param cr: cursor of the caller; not used by what is returned
    :param fresh_cursor: function that opens a cursor with a snapshot of its own (a
        context manager), which is held while the rows are read
    :return: it gives an :class:`~core.queries.query.Answer` whose rows can be read once,
        of one state of the data; reading them raises StoreError where it takes longer
        than ``settings.export_timeout`` seconds
    """
    totals = None
    if isinstance(query.report, Listing):
        keys_of(query, cr)
    else:
        first = replace(query, after={}, per_page=AT_ONCE)
        patient = replace(settings, query_timeout=settings.export_timeout)
        made = answer(first, cr, patient, fresh_cursor)
        if not made.next_cursor:
            return nullcontext(made)
        totals = made.totals
    return _streamed(query, settings, fresh_cursor, totals)


@contextmanager
def _streamed(query, settings, fresh_cursor, totals):
    timeout = settings.export_timeout
    with fresh_cursor() as cr, postgres.limited(cr, timeout):
        statement, shown = _planned(query, cr)
        rows = map(shown, _read(cr, statement, timeout))
        as_of = state_of(cr).as_of(postgres.STORE)
        tier = statement.tier
        yield Answer(rows, None, tier, postgres.STORE, as_of=as_of, totals=totals)


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

    def shown(row):
        raw = raw_row(query, statement, row, postgres)
        write_levels(raw)
        return row_of(query, raw, members)

    return statement, shown


def _levels(cr, statement):
    if not statement.levels_text:
        return []
    cr.execute(statement.levels_text, statement.parameters)
    return cr.fetchall()


def _read(cr, statement, seconds):
    """Yield the rows of a statement, a chunk at a time."""
    until = time.monotonic() + seconds
    cr.execute(
        f"DECLARE exported NO SCROLL CURSOR FOR {statement.text}", statement.parameters
    )
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
