"""Documents that wait for an archived month: set aside by a load, loaded by themselves later.

A dead letter holds each of them whole, as it was staged (``sql/refuse_archived.sql``). They
are loaded as they came, and so in the order of their versions, whatever came meanwhile. Each
is claimed first: one that still cannot be loaded waits longer each time, for an hour at
most, also where whoever tried was killed.
"""

import io
from dataclasses import dataclass

from ..records import Chunk, Road

# Stages of documents; what else was staged with them is in the dimensions.
STAGES = (
    "stage_order", "stage_line", "stage_evaluation", "stage_point", "stage_membership_event",
)  # fmt: skip
_MOST = 500
_WAITS = "state = 'open' AND road IS NOT NULL"
_IS_DUE = """
    last_seen <= now() AT TIME ZONE 'UTC' - least(times, 60) * interval '1 minute'
"""
_CLAIM = """
    UPDATE loyalty_reporting_dead_letter l
    SET times = l.times + 1, last_seen = now() AT TIME ZONE 'UTC'
    WHERE l.id IN (
        SELECT id FROM loyalty_reporting_dead_letter
        WHERE source_name = %(source_name)s AND source = %(source)s
          AND {waits} AND {chosen}
        ORDER BY last_seen, id LIMIT {most})
    RETURNING l.id, l.times, l.kind, l.document_key, l.road, l.stands
"""
_ROWS = """
    COPY (SELECT s.* FROM loyalty_reporting_dead_letter l,
        jsonb_populate_recordset(NULL::{stage}, l.raw::jsonb -> '{stage}') s
        WHERE l.id = ANY(%s)) TO STDOUT
"""
_SETTLE = """
    UPDATE loyalty_reporting_dead_letter l
    SET state = 'resolved', last_seen = now() AT TIME ZONE 'UTC'
    FROM unnest(%s::integer[], %s::integer[]) tried (id, times)
    WHERE l.id = tried.id AND l.times = tried.times AND l.state = 'open'
"""


@dataclass(frozen=True)
class Letter:
    """A letter that was claimed.

    :ivar times: how often it was set aside or claimed; more, once it is set aside again
    """

    id: int
    times: int
    kind: str
    document_key: str
    road: str
    stands: bool


def sources(cr):
    """Return (name, system) of the sources some of whose documents are due."""
    cr.execute(
        "SELECT DISTINCT source_name, source FROM loyalty_reporting_dead_letter"
        f" WHERE {_WAITS} AND {_IS_DUE}"
    )
    return {*cr.fetchall()}


def among(cr, letters):
    """Return the ids of those letters that hold documents which wait."""
    cr.execute(
        f"SELECT id FROM loyalty_reporting_dead_letter WHERE {_WAITS} AND id = ANY(%s)",
        [[*letters]],
    )
    return [letter for (letter,) in cr.fetchall()]


def is_any(cr, source_name):
    """Tell whether documents of a source wait."""
    cr.execute(
        "SELECT EXISTS (SELECT FROM loyalty_reporting_dead_letter"
        f" WHERE source_name = %s AND {_WAITS})",
        [source_name],
    )
    return cr.fetchone()[0]


def claim(cr, names, letters=None):
    """Return the :class:`Letter` records of a source that are due; they are no more.

    To be committed before they are loaded.

    :param names: ``source_name`` and its system, ``source``
    :param letters: ids of those that are meant, be they due or not
    """
    chosen = _IS_DUE if letters is None else "id = ANY(%(letters)s)"
    cr.execute(
        _CLAIM.format(waits=_WAITS, chosen=chosen, most=_MOST),
        {**names, "letters": letters},
    )
    return [Letter(*row) for row in cr.fetchall()]


def by_road(letters):
    """Return lists of letters whose documents came in the same way."""
    found = {}
    for letter in letters:
        found.setdefault((letter.road, letter.stands), []).append(letter)
    return [*found.values()]


def chunk_of(cr, letters):
    """Return the documents of letters, which came in the same way.

    :param cr: cursor of a session that has staging tables
    """
    ids, keys = [letter.id for letter in letters], {}
    for letter in letters:
        keys.setdefault(letter.kind, []).append(letter.document_key)
    return Chunk(
        tables={stage: _rows(cr, stage, ids) for stage in STAGES},
        keys={kind: tuple(found) for kind, found in keys.items()},
        road=Road(letters[0].road),
        stands=letters[0].stands,
    )


def _rows(cr, stage, letters):
    text = io.BytesIO()
    cr.copy_expert(cr.mogrify(_ROWS.format(stage=stage), [letters]).decode(), text)
    return lambda file: file.write(text.getvalue())


def settle(cr, letters):
    """Settle letters whose documents were loaded and not set aside again."""
    cr.execute(_SETTLE, [[x.id for x in letters], [x.times for x in letters]])


def blame(cr, letter, reason):
    """Keep a letter whose document cannot be loaded, with the reason."""
    cr.execute(
        "UPDATE loyalty_reporting_dead_letter SET reason = %s"
        " WHERE id = %s AND times = %s AND state = 'open'",
        [reason, letter.id, letter.times],
    )
