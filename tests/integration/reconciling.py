"""Reconciliations in the tests: jobs that must succeed, and what they wrote."""

from datetime import date

import databases
from pipeline import NEW_YORK, await_others

from core.reconcile import repair as repairing
from core.reconcile import run as reconciling
from core.settings import Settings
from core.sources import SOURCES

MONTHS = [date(2017, 3, 1), date(2017, 4, 1)]
FEED = {
    "source_name": "engine",
    "system": "engine",
    "companies": [NEW_YORK],
    "mapping": {1: 1},
}


def source_of(engine):
    """The source that reads an engine."""
    return SOURCES["engine_pg"](engine)


def reconciled(engine, report, copy=None, months=None):
    """Reconcile source and stores; both must succeed. Returns what differs."""
    await_others(engine)
    settings = copy.settings if copy else Settings()
    for result in (
        reconciling.reconcile_source(source_of(engine), report, months=months, **FEED),
        reconciling.reconcile_stores(settings, report, months=months),
    ):
        assert result.state == "done", result
    return found(report)


def repaired(engine, report, copy=None, months=MONTHS):
    """Repair; it must succeed, and leave nothing that differs."""
    await_others(engine)
    settings = copy.settings if copy else Settings()
    result = repairing.repair([(source_of(engine), FEED)], settings, report, months)
    assert result.state == "done", result
    assert found(report) == [], (result, found(report))
    return result


def found(report, state="open"):
    """Differences in a state, as dictionaries."""
    return databases.dicts(
        report,
        "SELECT level, table_name, kind, day::text, document_key, row_key, expected, kept,"
        " reason FROM loyalty_reporting_difference WHERE state = %s"
        " ORDER BY level, table_name, row_key, kind",
        [state],
    )


def summary(report, level="source"):
    """{table: state} as the last reconciliations wrote it, of whole tables."""
    return dict(
        databases.rows(
            report,
            "SELECT DISTINCT ON (table_name) table_name, state"
            " FROM loyalty_reporting_reconciliation WHERE day IS NULL AND level = %s"
            " ORDER BY table_name, id DESC",
            [level],
        )
    )
