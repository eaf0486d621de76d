"""Staging: what a source delivered, copied into private tables, nothing checked yet."""

import io
from dataclasses import fields
from operator import attrgetter

from ..database import sql
from ..records import Counts, Reject
from ..sources import contract
from .copying import field, pipe, written

# Staging table → the contract's table whose rows it takes.
TABLES = {stage: table for table, stage in contract.STAGES.items()}
# What a load before left behind. TRUNCATE costs a file each, and most are empty.
_FILLED = """
    SELECT relname FROM pg_class
    WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'
      AND relname LIKE 'stage\\_%' AND pg_relation_size(oid) > 0
"""
_REJECT = attrgetter(*(field.name for field in fields(Reject)))
# Each block waits for the interpreter while another thread parses: few, large ones.
_BLOCK = 1 << 22


def create(cr):
    """Make the staging tables of a session."""
    cr.execute(sql("transform/stage.sql"))


def fill(cr, chunk, parameters):
    """Copy a chunk, and make its dimensions known.

    :return: :class:`~core.records.Counts` with the rows read
    """
    counts = Counts()
    cr.execute(_FILLED)
    filled = [name for (name,) in cr.fetchall()]
    if filled:
        cr.execute("TRUNCATE " + ", ".join(filled))
    for kind, keys in (chunk.keys or {}).items():
        cr.execute(
            "INSERT INTO stage_key SELECT %s, unnest(%s::text[])", [kind, list(keys)]
        )
    for stage, write in chunk.tables.items():
        broken = pipe(write, cr, f"COPY {stage} FROM STDIN", chunk.guard)
        counts.rows_read += cr.rowcount + len(broken)
        _reject_lines(cr, TABLES[stage], broken)
    _stage(cr, "stage_unread", map(_REJECT, chunk.rejects))
    parameters["pseudonyms"].replace(cr, parameters["source"])
    cr.execute(sql("transform/dimensions.sql"), parameters)
    return counts


def _stage(cr, table, rows):
    """Copy rows of Python values into a staging table."""
    text = "".join("\t".join(f"{written(v)}" for v in row) + "\n" for row in rows)
    if text:
        cr.copy_expert(f"COPY {table} FROM STDIN", io.BytesIO(text.encode()), _BLOCK)


def _reject_lines(cr, table, lines):
    """Refuse lines of a COPY that are no text, with the keys that stand in them."""
    names = [name for name, kind in contract.TABLES[table].items() if name != "txid"]
    rejects = []
    for line in lines:
        texts = line.decode(errors="replace").split("\t")
        row = dict(zip(names, map(field, texts), strict=False))
        kind = _kind_of(table, row)
        document = row.get(contract.DOCUMENTS.get(kind, {}).get(table, "id"))
        reason = "is not valid UTF-8"
        rejects.append((table, document, row["id"], reason, ascii(line), kind))
    _stage(cr, "stage_reject", rejects)


def _kind_of(table, row):
    """Return the kind of document that a row belongs to; of a dimension, its table."""
    if table == "point_transaction" and row.get("order_id") is None:
        return contract.POINT_DOCUMENT
    return next((k for k, parts in contract.DOCUMENTS.items() if table in parts), table)
