"""Write down what a reconciliation found, and settle what it no longer finds."""

import json
from dataclasses import dataclass, replace

from psycopg2.extras import execute_values

from ..database import sql
from .findings import Totals

_SUMMARY = """
    INSERT INTO loyalty_reporting_reconciliation (run_id, source_name, level, table_name,
        date_from, date_to, day, state, rows_expected, rows_kept, sums_expected,
        sums_kept, checksum_expected, checksum_kept, differences, reason) VALUES %s
"""
_ROWS = """
    INSERT INTO loyalty_reporting_difference (run_id, source_name, level, table_name,
        date_from, date_to, day, kind, document_kind, document_key, row_key, expected,
        kept, state, reason) VALUES %s
"""


@dataclass(frozen=True)
class Scope:
    """What a reconciliation compared.

    :ivar run_id: its entry in the run log
    :ivar period: (first, last) day
    :ivar levels: the levels that were compared
    :ivar settled: state of what earlier runs found and this one no longer finds
    """

    run_id: int
    source_name: str
    period: tuple
    levels: tuple
    settled: str = "settled"


def save(cr, scope, findings):
    """Write the totals of each table, the days that differ and the rows listed.

    What earlier runs found in the period is settled where it is not found again.
    """
    first, last = period = scope.period
    values = {**vars(scope), "first": first, "last": last}
    values["levels"] = list(scope.levels)
    head = (scope.run_id, scope.source_name)
    rows = [_stated(row, findings) for row in findings.rows]
    execute_values(cr, _ROWS, [_row(head, period, row) for row in rows])
    execute_values(cr, _SUMMARY, [*_summaries(head, period, findings)])
    cr.execute(sql("reconcile/sql/settle.sql"), values)


def _stated(row, findings):
    """Return a row that says so if its day is explained."""
    day = findings.days.get((row.level, row.table, row.day))
    if row.state == "open" and day and day.reason:
        return replace(row, state="explained", reason=day.reason)
    return row


def _row(head, period, row):
    return (
        *head, row.level, row.table, *period, row.day, row.kind, *row.document,
        row.row_key, _json(row.expected), _json(row.kept), row.state, row.reason,
    )  # fmt: skip


def _summaries(head, period, findings):
    """Yield the totals of each table, then its days that differ."""
    tables = {}
    for (level, table, day), totals in sorted(
        findings.days.items(), key=lambda item: (item[0][:2], str(item[0][2]))
    ):
        whole = tables.setdefault((level, table), [Totals(), Totals(), 0, set()])
        whole[0].add(totals.expected)
        whole[1].add(totals.kept)
        whole[2] += totals.differences
        if totals.differences:
            state = _state(level, table, totals.reason)
            whole[3].add(state)
            if day:
                yield _summary(
                    head, period, (level, table, day, state), totals, totals.reason
                )
    for (level, table), (expected, kept, differences, states) in tables.items():
        state = next(
            (s for s in ("different", "reported", "explained") if s in states), "ok"
        )
        whole = _Whole(expected, kept, differences)
        yield _summary(head, period, (level, table, None, state), whole, "")


class _Whole:
    def __init__(self, expected, kept, differences):
        self.expected, self.kept, self.differences = expected, kept, differences


def _state(level, table, reason):
    if level == "delivered":
        return "reported"
    is_refused = level == "source" and not table.endswith("_data")
    return "explained" if reason or is_refused else "different"


def _summary(head, period, what, totals, reason):
    level, table, day, state = what
    return (
        *head, level, table, *period, day, state, totals.expected.rows,
        totals.kept.rows, _json(totals.expected.sums), _json(totals.kept.sums),
        str(totals.expected.checksum), str(totals.kept.checksum), totals.differences,
        reason,
    )  # fmt: skip


def _json(row):
    """Return values as texts: a number in JSON may lose digits at its reader."""
    if row is None:
        return None
    return json.dumps({k: None if v is None else str(v) for k, v in row.items()})
