"""Documents that wait for an archived month: set aside by a load, loaded by themselves later.

A dead letter holds each of them whole, as it was staged (``sql/refuse_archived.sql``). They
are loaded as they came, and so in the order of their versions, whatever came meanwhile. One
that still cannot be loaded waits a minute longer each time, for an hour at most.
"""

import io
from dataclasses import dataclass

from ..records import Chunk, Road

# Stages of documents; what else was staged with them is in the dimensions.
STAGES = (
    "stage_order", "stage_line", "stage_evaluation", "stage_point", "stage_membership_event",
)  # fmt: skip
_MOST = 500
_IS_DUE = """
    state = 'open' AND road IS NOT NULL AND last_seen <= now() AT TIME ZONE 'UTC'
        - least(times, 60) * interval '1 minute'
"""
_DUE = f"""
    SELECT id, times, kind, document_key, road, stands FROM loyalty_reporting_dead_letter
    WHERE source_name = %s AND {_IS_DUE} ORDER BY id LIMIT {_MOST}
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
class Waiting:
    """Documents that came in the same way.

    :ivar letters: id → how often each was set aside
    """

    chunk: Chunk
    letters: dict


def sources(cr):
    """Return the names of the sources some of whose documents are due."""
    cr.execute(
        f"SELECT DISTINCT source_name FROM loyalty_reporting_dead_letter WHERE {_IS_DUE}"
    )
    return {name for (name,) in cr.fetchall()}


def due(cr, source_name):
    """Return the :class:`Waiting` documents of a source that are due.

    :param cr: cursor of a session that has staging tables
    """
    cr.execute(_DUE, [source_name])
    by_road = {}
    for letter, times, kind, key, road, stands in cr.fetchall():
        letters, keys = by_road.setdefault((road, stands), ({}, {}))
        letters[letter] = times
        keys.setdefault(kind, []).append(key)
    return [
        Waiting(
            Chunk(
                tables={s: _rows(cr, s, [*letters]) for s in STAGES},
                keys={kind: tuple(found) for kind, found in keys.items()},
                road=Road(road),
                stands=stands,
            ),
            letters,
        )
        for (road, stands), (letters, keys) in by_road.items()
    ]


def _rows(cr, stage, letters):
    text = io.BytesIO()
    cr.copy_expert(cr.mogrify(_ROWS.format(stage=stage), [letters]).decode(), text)
    return lambda file: file.write(text.getvalue())


def settle(cr, waiting):
    """Settle the letters of documents that were loaded and not set aside again."""
    cr.execute(_SETTLE, [[*waiting.letters], [*waiting.letters.values()]])
