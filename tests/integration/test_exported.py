"""Many rows, read through a cursor, come with the same totals and sections as few."""

import pytest
from asking import asked_of
from copies import fresh_cursor
from test_libreoffice import QUESTIONS, frozen_cursor

from core.exports import files
from core.queries import export
from core.settings import Settings


def opened(dsn, query):
    """The answer of a workbook's question, with all its rows."""
    asked, beside = files.asked(query, files.XLSX)
    with fresh_cursor(dsn) as cr:
        opening = export.exported(
            asked, cr, Settings(), lambda: frozen_cursor(dsn), beside
        )
    with opening as answer:
        return files.replace(answer, rows=[*answer.rows])


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_streamed_answer_is_the_same(history, monkeypatch, name):
    dsn, _counts = history
    slug, period, more = QUESTIONS[name]
    query = asked_of(slug, *period, **more)
    few = opened(dsn, query)
    monkeypatch.setattr(export, "AT_ONCE", 1)
    many = opened(dsn, query)
    assert many.rows == few.rows
    assert many.total == few.total == len(few.rows)
    assert many.totals == few.totals
    assert [answer.rows for answer in many.beside] == [
        [*answer.rows] for answer in few.beside
    ]


def test_rows_are_counted_only_for_those_who_ask(history, monkeypatch):
    dsn, _counts = history
    slug, period, more = QUESTIONS["activity"]
    query = asked_of(slug, *period, **more)
    monkeypatch.setattr(export, "AT_ONCE", 1)
    totals = []
    for is_counted in (False, True):
        asked, beside = files.asked(query, files.CSV, is_counted=is_counted)
        with fresh_cursor(dsn) as cr:
            opening = export.exported(
                asked, cr, Settings(), lambda: frozen_cursor(dsn), beside
            )
        with opening as answer:
            totals.append((answer.total, len([*answer.rows])))
    assert totals[0][0] is None
    assert totals[1][0] == totals[1][1] == totals[0][1]
