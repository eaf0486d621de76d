"""The source against the detail: what a load would write now, against what is there."""

from dataclasses import replace

from ..database import sql
from ..errors import SourceError
from ..sources import contract
from ..stores import fragments
from ..stores.partitions import following
from ..stores.postgres import CUSTOMER_ORDER, DETAIL, EVALUATION, EVENT, POINT
from .compare import FOUND, Check, collect, compare
from .findings import Difference

LEVEL = "source"
_STAGED = "SELECT r.* FROM {} r JOIN stage_document d USING (order_key)"
# Which membership a row falls under, and as what a reverse counts, follows from other
# rows: of_rollups.py.
_DERIVED = frozenset({"membership_product_key", "counts_as"})
_CHECKS = {
    Check(
        LEVEL, DETAIL, ("order_key", "line_id"), frozenset({"id", "created_at"})
    ): _STAGED.format("stage_detail"),
    Check(LEVEL, EVALUATION, ("order_key", "id")): _STAGED.format(
        "stage_evaluation_row"
    ),
    Check(
        LEVEL, CUSTOMER_ORDER, ("order_key",), _DERIVED
    ): "SELECT * FROM ({rows}) o ({columns})",
    Check(LEVEL, EVENT, ("order_key",)): _STAGED.format("stage_event_row"),
    Check(LEVEL, POINT, ("order_key", "transaction_id"), _DERIVED): _STAGED.format(
        "stage_point_row"
    ),
}
_SLICE = 3000
_DOCUMENTS = "SELECT order_key::text, kind, document_key FROM stage_document"


def compare_month(snapshot, source, month, since, findings):
    """Compare the documents of a UTC month.

    Not compared is what is on its way: documents that transactions touched which the
    source's cursor has not read, and those of which an event has told since the
    reconciliation began, before the source's snapshot shows it.

    :param since: number of the last load before the reconciliation began
    :raise SourceError: the source was not read to its end yet
    """
    values = {
        **snapshot.parameters, "since": since,
        "first": month, "following": following(month),
    }  # fmt: skip
    with snapshot.look():
        # Our snapshot first: what the source shows is then as new, or newer.
        position = snapshot.position()
        with source.reading() as reading:
            _require_read(reading, position)
            waiting = reading.waiting(position, snapshot.documents_of)
            _compare_orphans(snapshot, values, findings)
            _compare_chunk(snapshot, reading.month(month), waiting, values, findings)
            keys = _others(snapshot, reading.beside_month(month), waiting, values)
            for some in _slices(keys):
                chunk = reading.documents(some)
                facts = {
                    stage: write
                    for stage, write in chunk.tables.items()
                    if stage not in _DIMENSIONS
                }
                chunk = replace(chunk, tables=facts)
                _compare_chunk(snapshot, chunk, waiting, values, findings)


_DIMENSIONS = {contract.STAGES[table] for table in contract.DIMENSIONS}


def _require_read(reading, position):
    is_read = bool(position) and position["phase"] == "window"
    if not is_read or reading.plan(position) != position:
        raise SourceError(
            "The source has not been read to its end yet, or was restored since: "
            "it is compared after the next run that reads it whole."
        )


def _compare_chunk(snapshot, chunk, waiting, values, findings):
    snapshot.examine(chunk)
    with snapshot.transaction() as cr:
        findings.explained += _leave_out(cr, waiting, values)
        _list_refused(cr, findings)
        cr.execute("SELECT count(*) FROM stage_document")
        findings.documents += cr.fetchone()[0]
        for check, staged in _CHECKS.items():
            kept = _STAGED.format(check.table)
            if chunk.month:
                # Where a document's rows lie elsewhere, that month tells.
                kept += (
                    " WHERE r.transaction_date >= %(first)s"
                    " AND r.transaction_date < %(following)s"
                )
            if check.table == POINT and chunk.month:
                kept = sql("reconcile/sql/point_rows_kept.sql")
            expected = staged.format(**_order_fragments())
            if compare(cr, check, (expected, kept), values, findings):
                _collect(cr, check, findings)


def _order_fragments():
    parts = fragments.orders()
    return {"rows": parts["order_rows"], "columns": parts["order_columns"]}


def _collect(cr, check, findings):
    """Note the documents that differ, all of them, and list their rows."""
    cr.execute(
        f"SELECT DISTINCT f.{check.day}, d.kind, d.document_key"
        f" FROM {FOUND} f JOIN stage_document d USING (order_key)"
    )
    for day, kind, key in cr.fetchall():
        findings.day(LEVEL, check.table, day).keys.add((kind, key))
    cr.execute(f"{_DOCUMENTS} WHERE order_key IN (SELECT order_key FROM {FOUND})")
    documents = {order: (kind, key) for order, kind, key in cr.fetchall()}
    collect(cr, check, findings, documents)


def _leave_out(cr, waiting, values):
    """Leave documents that are on their way. Returns how many."""
    kinds = [kind for kind, keys in waiting.items() for _key in keys]
    keys = [key for of_kind in waiting.values() for key in of_kind]
    cr.execute(
        sql("reconcile/sql/leave_out.sql"), {**values, "kinds": kinds, "keys": keys}
    )
    return cr.rowcount


def _list_refused(cr, findings):
    """List the rows that were refused: their absence is no difference."""
    cr.execute(
        "SELECT table_name, kind, document_key, row_key, reason FROM stage_reject"
    )
    for table, kind, document, row, reason in cr.fetchall():
        findings.add(
            Difference(
                LEVEL, table, "refused", None, f"id={row}", (kind, document),
                state="explained", reason=reason,
            )
        )  # fmt: skip
        findings.day(LEVEL, table, None).differences += 1


def _others(snapshot, beside, waiting, values):
    """Return (kind, key) of documents that the month's chunk did not bring.

    Those that belong to it otherwise, and those of which we hold rows in the month.
    """
    with snapshot.transaction() as cr:
        cr.execute(sql("reconcile/sql/not_staged.sql"), values)
        found = {*cr.fetchall()}
    found |= {(kind, key) for kind, keys in beside.items() for key in keys}
    return sorted(found - {(k, key) for k, keys in waiting.items() for key in keys})


def _slices(keys):
    for start in range(0, len(keys), _SLICE):
        some = {}
        for kind, key in keys[start : start + _SLICE]:
            some.setdefault(kind, []).append(key)
        yield some


def _compare_orphans(snapshot, values, findings):
    """Find rows of documents that the key map does not know."""
    with snapshot.transaction() as cr:
        for check in _CHECKS:
            kept = sql("reconcile/sql/orphans.sql", table=check.table)
            none = f"SELECT * FROM {check.table} WHERE false"
            if compare(cr, check, (none, kept), values, findings):
                collect(cr, check, findings)
