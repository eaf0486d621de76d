"""The whole workbook as XlsxWriter makes it, with samples in the place of its rows."""

import io
from dataclasses import dataclass

from ...queries.base import Kind, Listing, Measure
from ...queries.query import Answer, Query
from .. import words
from ..edition import Edition
from ..sections import sections_of
from .cells import kind_of
from .charts import chart_of
from .styles import Styles
from .summary import Summary
from .tables import Table, definitions, dress, head, widen

SEEN = 200  # rows that say how wide a column is
DATA = "xl/worksheets/sheet2.xml"
ROW, TOTAL = 2, 3  # the samples' rows, from 1 on
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_LONGEST_TITLE = 31


@dataclass(frozen=True)
class Sheets:
    """The sheets of an answer's workbook."""

    query: Query
    answer: Answer
    edition: Edition

    def package(self, count, first):
        """Return the workbook as a file.

        :param count: rows that the data will have
        :param first: some of them
        """
        import xlsxwriter  # noqa: PLC0415 (only exports need it)

        file = io.BytesIO()
        with xlsxwriter.Workbook(file, _OPTIONS) as book:
            self._write(book, Styles(book, self.query, self.edition), count, first)
        return file

    def _write(self, book, styles, count, first):
        _, query = self.edition.translate, self.query
        summary = self._sheet(book, _("Summary"))
        self._data(self._sheet(book, _("Data")), styles, count, first)
        sections = [*self._sections(book, styles)]
        definitions(
            self._sheet(book, _("Definitions")), styles, query, self.edition
        )  # fmt: skip
        Summary(summary, styles, query, self.answer, self.edition).write(
            count,
            [chart for _table, chart in sections if chart],
            [table for table, _chart in sections if isinstance(query.report, Listing)],
        )
        dress(summary, _(query.report.title))
        book.set_properties(
            {
                "title": _(query.report.title),
                "author": self.edition.author,
                "company": self.edition.company,
                "comments": f"{query.date_from} – {query.date_to}",
            }
        )

    def _sheet(self, book, title):
        name = title.translate(_FORBIDDEN).strip("'")[:_LONGEST_TITLE]
        sheet = book.add_worksheet(name)
        if self.edition.is_rtl:
            sheet.right_to_left()
        return sheet

    def _data(self, sheet, styles, count, first):
        """Write the head of the rows, and samples of a row and of the totals."""
        columns = self.query.columns
        labels = [words.label_of(c, self.query, self.edition) for c in columns]
        head(sheet, styles, columns, labels, count)
        widen(sheet, columns, labels, first)
        for place, column in enumerate(columns):
            kind = kind_of(column)
            sheet.write_blank(ROW - 1, place, None, styles.value(kind))
            of_total = kind if isinstance(column, Measure) else Kind.TEXT
            sheet.write_blank(TOTAL - 1, place, None, styles.total(of_total))
        dress(sheet, sheet.name)

    def _sections(self, book, styles):
        """Write a sheet for each section that was answered; yield (table, its chart)."""
        if not self.answer.beside:
            return
        pairs = zip(sections_of(self.query), self.answer.beside, strict=True)
        for (section, asked), found in pairs:
            sheet = self._sheet(book, self.edition.translate(section.title))
            table = Table(self.query, asked, found, self.edition)
            table.write(sheet, styles, self.answer.totals)
            yield table, section.chart and chart_of(book, sheet, section, table)
