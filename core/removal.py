"""Remove what a system told: its documents by the road on which they came, then the rest."""

from dataclasses import replace

from . import sync
from .stores.reporting import transaction

_KEYS = """
    SELECT kind, array_agg(document_key) FROM fact_document
    WHERE source = %(system)s AND NOT is_deleted GROUP BY kind
"""
# A document that could not leave since it depends on an archived month.
_STAYS = """
    SELECT 1 FROM loyalty_reporting_dead_letter l JOIN fact_document f
        ON f.source = l.source AND f.kind = l.kind AND f.document_key = l.document_key
    WHERE l.source = %(system)s AND l.state = 'open' AND l.road IS NOT NULL
      AND NOT f.is_deleted
    LIMIT 1
"""
_WAITS = (
    "Some documents wait for an archived month that cannot be restored now (see the dead "
    "letters): remove the rest once it can."
)
_CURSOR = "DELETE FROM loyalty_reporting_cursor WHERE source_name = %(source_name)s"
_LETTERS = "DELETE FROM loyalty_reporting_dead_letter WHERE source = %(system)s"
_DIMENSIONS = ("program", "shop", "customer", "membership_product", "card")


def remove(source, dsn, *, source_name, system, **feed):
    """Remove all facts of a system, and the programs, shops and customers they named.

    The facts leave with a load: no total keeps any of them, and a copy hears of it. Their
    keys stay as marks.

    :param source: one that knows no document any more
    :param feed: as of :func:`core.sync.replay`
    :return: :class:`~core.records.RunResult`; ``failed`` also where documents stay, and
        with them the programs, shops and customers
    """
    names = {"source_name": source_name, "system": system}
    keys = _run(dsn, [_CURSOR, _KEYS], names)
    result = sync.replay(source, dsn, keys=dict(keys), **names, **feed)
    if result.state == "done" and _run(dsn, [_STAYS], names):
        return replace(result, state="failed", message=_WAITS)
    if result.state == "done":
        dimensions = (
            f"DELETE FROM loyalty_reporting_{name} WHERE source = %(system)s"
            for name in _DIMENSIONS
        )
        _run(dsn, [*dimensions, _LETTERS], names)
    return result


def _run(dsn, statements, values):
    """Run statements in one transaction; returns the rows of the last one."""
    with transaction(dsn) as cr:
        for statement in statements:
            cr.execute(statement, values)
        return cr.fetchall() if cr.description else []
