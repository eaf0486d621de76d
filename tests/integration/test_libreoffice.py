"""Workbooks as LibreOffice opens them: every cell is what the answer has."""

import os
import subprocess
from contextlib import closing, contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from asking import asked_of
from copies import fresh_cursor
from openpyxl import load_workbook

from core.database import connect
from core.exports import files
from core.exports.edition import Edition
from core.exports.sections import sections_of
from core.queries import export
from core.queries.base import Measure
from core.settings import Settings

SOFFICE = os.environ.get("LR_SOFFICE")
pytestmark = pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed")
YEAR, MARCH = ("2017-01-01", "2017-12-31"), ("2017-03-01", "2017-03-31")
QUESTIONS = {
    "promotions": (
        "promotions/performance", ("2017-07-01", "2017-12-31"),
        {"group_by": "month", "compare": "previous_period",
         "measures": "total_amount,total_transactions,unique_customers,discount_depth"},
    ),
    "hours": (
        "promotions/performance", MARCH, {"group_by": "hour", "dimensions": "store"},
    ),
    "membership": (
        "membership/analytics", YEAR,
        {"group_by": "week", "measures": "members,active_members,avg_spending"},
    ),
    "activity": (
        "points/activity", YEAR, {"group_by": "day", "transaction_type": "earn,redeem"},
    ),
    "ledger": ("points/transactions", ("2017-03-01", "2017-03-07"), {}),
    "nothing": ("promotions/performance", ("2012-01-01", "2012-12-31"), {}),
}  # fmt: skip


@pytest.fixture(scope="module", params=QUESTIONS)
def opened(request, history, tmp_path_factory):
    """(question, its answer, the workbook that LibreOffice made of ours)."""
    dsn, _counts = history
    slug, period, more = QUESTIONS[request.param]
    query = asked_of(slug, *period, **more)
    folder = tmp_path_factory.mktemp(request.param)
    path = folder / "ours.xlsx"
    answer = exported(dsn, query, path)
    return query, answer, load_workbook(recalculated(path, folder))


def exported(dsn, query, path):
    """Write the workbook; returns its answer with all rows."""
    asked, beside = files.asked(query, files.XLSX)
    with fresh_cursor(dsn) as cr:
        opening = export.exported(
            asked, cr, Settings(), lambda: frozen_cursor(dsn), beside
        )
    seen = _Seen()
    with opening as answer, path.open("wb") as file:
        files.write(file, query, seen.of(answer), files.XLSX, Edition())
    return seen.answer


@contextmanager
def frozen_cursor(dsn):
    """A cursor with one snapshot, as Odoo's are."""
    with closing(connect(dsn)) as connection, connection.cursor() as cr:
        connection.set_session(isolation_level="REPEATABLE READ")
        yield cr


class _Seen(files.Counted):
    """Keeps the rows that are read."""

    def of(self, answer):
        self.answer = files.replace(answer, rows=[*answer.rows])
        return self.answer


def recalculated(path, folder):
    """Have LibreOffice open a workbook and write what it sees."""
    command = [
        SOFFICE, "--headless", "--norestore",
        f"-env:UserInstallation=file://{folder}/profile",
        "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", folder / "theirs", path,
    ]  # fmt: skip
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=300
    )
    found = folder / "theirs" / path.name
    assert found.exists(), done.stdout + done.stderr
    return found


def same(value, cell, query):
    """Is a cell what an answer has?"""
    if value is None or value == "":
        return cell is None
    if isinstance(value, str):
        return same_text(value, cell, query)
    return float(cell) == pytest.approx(float(value), rel=1e-14)


def same_text(value, cell, query):
    if isinstance(cell, datetime):
        shown = datetime.fromisoformat(value)
        if shown.tzinfo:
            zone = ZoneInfo(query.company.timezone)
            shown = shown.astimezone(zone).replace(tzinfo=None)
        return abs((cell - shown).total_seconds()) < 0.001
    return cell == value


def assert_rows(sheet, columns, rows, query):
    lines = sheet.iter_rows(min_row=2, max_row=len(rows) + 1, values_only=True)
    for line, row in zip(lines, rows, strict=True):
        for cell, column in zip(line, columns, strict=False):
            value = row[column.name]
            assert same(value, cell, query), (sheet.title, column.name, value, cell)


def test_the_rows_are_the_answer_s(opened):
    query, answer, book = opened
    if answer.rows:
        assert_rows(book["Data"], query.columns, answer.rows, query)
    assert answer.total == len(answer.rows)


def test_the_sections_are_the_answers_of_their_questions(opened):
    query, answer, book = opened
    for (section, asked), found in zip(sections_of(query), answer.beside, strict=True):
        head = [cell.value for cell in book[section.title][1]]
        columns = [c for c in asked.columns if c.label in head or "Date" not in c.label]
        if found.rows:
            assert_rows(book[section.title], columns, found.rows, query)


def test_the_totals_are_the_answer_s(opened):
    query, answer, book = opened
    if answer.totals is None:
        return
    found = {line[0]: line[1:] for line in book["Summary"].iter_rows(values_only=True)}
    for measure in query.measures:
        value, before, *_change = found[measure.label]
        assert same(answer.totals[measure.name], value, query)
        assert same(answer.totals.get(measure.previous.name), before, query)
    if answer.rows:
        last = [*book["Data"].iter_rows(values_only=True)][len(answer.rows) + 2]
        for cell, column in zip(last, query.columns, strict=True):
            if isinstance(column, Measure):
                assert same(answer.totals[column.name], cell, query)


def test_nothing_became_an_error_or_a_formula(opened):
    _query, _answer, book = opened
    cells = (c for sheet in book for line in sheet.iter_rows() for c in line)
    assert not [c.coordinate for c in cells if c.data_type in ("e", "f")]


def test_the_charts_are_there(opened):
    _query, answer, book = opened
    drawn = [s for s in answer.beside if s.rows]
    assert bool(book["Summary"]._charts) == bool(drawn)
