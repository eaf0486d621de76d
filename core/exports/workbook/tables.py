"""Sheets of rows with a head, which stays in sight and can be filtered."""

from datetime import date

from ...queries.base import DATE, Grain, Kind, Measure
from ...queries.query import Tally
from .. import words
from ..sections import MOST_ROWS, drawn
from .cells import kind_of
from .styles import width

_SEEN = 200  # rows whose values say how wide a column is
_HEAD = 34
# A name that tells a row from others stays in sight beside the head.
_MOST_FROZEN = 3
_LEFT = (Kind.TEXT, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT)


def head(sheet, styles, columns, labels, count):
    """Write the head of a sheet of rows, in sight and with a filter.

    :param count: rows that there will be
    """
    sheet.set_row(0, _HEAD)
    for place, (column, label) in enumerate(zip(columns, labels, strict=True)):
        is_number = kind_of(column) not in _LEFT
        style = styles.number_head if is_number else styles.head
        sheet.write_string(0, place, label, style)
    names = 0
    while not isinstance(columns[names], Measure) and names < len(columns) - 1:
        names += 1
    sheet.freeze_panes(1, names if names <= _MOST_FROZEN else 0)
    if count:
        sheet.autofilter(0, 0, count, len(columns) - 1)


def widen(sheet, columns, labels, rows):
    """Make columns as wide as their first values need."""
    seen = rows[:_SEEN]
    for place, (column, label) in enumerate(zip(columns, labels, strict=True)):
        values = [row[column.name] for row in seen if row[column.name] is not None]
        sheet.set_column(place, place, width(kind_of(column), label, values))


def dress(sheet, title):
    """Have a sheet printed on pages as wide as they need, with their numbers."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer(f"&L{title.replace('&', '&&')}&R&P / &N")


class Table:
    """A section: few rows, written by XlsxWriter, and what a chart needs to know of them.

    :ivar columns: of the sheet, in order
    :ivar rows: of the answer, as many as are shown
    :ivar count: of these
    :ivar named: place of the column that names a row
    """

    def __init__(self, query, asked, answer, edition):
        self.query, self.edition = query, edition
        self.rows = answer.rows[:MOST_ROWS]
        self.is_cut = len(self.rows) < (answer.total or 0)
        is_timeless = isinstance(asked, Tally) or asked.grain is Grain.PERIOD
        self.columns = [
            column
            for column in asked.columns
            if not (is_timeless and column is DATE)
        ]  # fmt: skip
        self.count = len(self.rows)
        names = [c for c in self.columns if not isinstance(c, Measure)]
        texts = [c for c in names if c.kind in (Kind.TEXT, Kind.DATE)]
        self.named = self.columns.index((texts or names)[0])

    def drawn(self, chart):
        """Return the columns that a chart draws."""
        able = [c for c in self.columns if c.name in chart.measures]
        measures = [c for c in self.columns if isinstance(c, Measure)]
        shown = able or drawn(chart, measures)
        before = (f"previous_{column.name}" for column in shown)
        known = {column.name: column for column in self.columns}
        return [*shown, *(known[name] for name in before if name in known)]

    def write(self, sheet, styles, totals):
        """Write the sheet.

        :param totals: of all rows, or None
        """
        labels = [words.label_of(c, self.query, self.edition) for c in self.columns]
        head(sheet, styles, self.columns, labels, self.count)
        widen(sheet, self.columns, labels, self.rows)
        for number, row in enumerate(self.rows, 1):
            for place, column in enumerate(self.columns):
                kind = kind_of(column)
                style = styles.value(kind)
                cell(sheet, (number, place), kind, row[column.name], style)
        self._end(sheet, styles, totals)
        dress(sheet, sheet.name)

    def _end(self, sheet, styles, totals):
        _, row = self.edition.translate, self.count + 2
        if self.is_cut:
            text = _("There are more; these are the first %(count)s.")
            sheet.write_string(row - 1, 0, text % {"count": self.count})
        if not totals:
            return
        for place, column in enumerate(self.columns):
            kind = kind_of(column)
            style = styles.total(kind if isinstance(column, Measure) else Kind.TEXT)
            value = totals.get(column.name)
            if isinstance(column, Measure):
                cell(sheet, (row, place), kind, value, style)
            else:
                sheet.write_blank(row, place, None, style)
        sheet.write_string(row, 0, _("Total"), styles.total(Kind.TEXT))


def cell(sheet, place, kind, value, style):
    """Write a value as what it is; texts stay texts."""
    if value is None:
        sheet.write_blank(*place, None, style)
    elif kind is Kind.DATE:
        sheet.write_datetime(*place, date.fromisoformat(value), style)
    elif isinstance(value, str):
        sheet.write_string(*place, value, style)
    else:
        sheet.write_number(*place, value, style)


def definitions(sheet, styles, query, edition):
    """Write what each column means, and whether it adds up."""
    _ = edition.translate
    for place, size in enumerate((26, 92, 34)):
        sheet.set_column(place, place, size)
    for place, label in enumerate((_("Column"), _("Meaning"), _("Adds up"))):
        sheet.write_string(0, place, label, styles.head)
    sheet.freeze_panes(1, 0)
    for row, column in enumerate(query.columns, 1):
        texts = (
            words.label_of(column, query, edition),
            words.definition_of(column, query, edition),
            words.adding_up(column, edition),
        )
        for place, text in enumerate(texts):
            sheet.write_string(row, place, text, styles.text)
    last = len(query.columns) + 2
    sheet.write_string(last, 1, _(query.report.description), styles.note)
    sheet.write_string(last + 1, 1, _(query.report.basis), styles.note)
    dress(sheet, sheet.name)
