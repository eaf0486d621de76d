"""The first sheet: what was asked, the totals, and the charts."""

from ...queries.base import PREVIOUS, Kind, Unit
from .. import words
from ..edition import local
from .cells import kind_of
from .charts import draw
from .styles import DARK
from .tables import cell

_WIDTHS = (32, 24, 18, 13, 3)
_LAST = 15  # column
_CHARTS = len(_WIDTHS)  # the column where they begin
_NOTE_ROWS = 3


class Summary:
    """Writes the first sheet of a workbook, from the top downwards."""

    def __init__(self, sheet, styles, query, answer, edition):
        self._sheet, self._styles, self._edition = sheet, styles, edition
        self._query, self._answer = query, answer
        self._row = 0

    def write(self, count, drawings, tables):
        """Write it.

        :param count: rows of the data
        :param drawings: charts of XlsxWriter, to be placed
        :param tables: of a listing: :class:`~core.exports.workbook.tables.Table`
        """
        for place, width in enumerate(_WIDTHS):
            self._sheet.set_column(place, place, width)
        self._title()
        self._facts(count)
        if not count:
            self._notice()
        if self._answer.totals:
            self._totals()
        for table in tables:
            self._tally(table)
        self._note()
        self._sheet.hide_gridlines(2)
        for place, chart in enumerate(drawings):
            draw(self._sheet, chart, (3 + 18 * place, _CHARTS))

    def _title(self):
        _, sheet, styles = self._edition.translate, self._sheet, self._styles
        for row, height in ((0, 34), (1, 22)):
            sheet.set_row(row, height)
            for column in range(_LAST + 1):
                sheet.write_blank(row, column, None, styles.title)
        sheet.write_string(0, 0, _(self._query.report.title), styles.title)
        company = self._edition.company
        days = f"{self._query.date_from} – {self._query.date_to}"
        line = f"{company}   {days}" if company else days
        sheet.write_string(1, 0, line, styles.subtitle)
        self._row = 3

    def _facts(self, count):
        _, query, made = self._edition.translate, self._query, self._edition
        zone = query.company.timezone
        self._fact(_("First day"), Kind.DATE, query.date_from)
        self._fact(_("Last day"), Kind.DATE, query.date_to)
        if query.compare:
            self._fact(_("Compared from"), Kind.DATE, query.compare.date_from)
            self._fact(_("Compared to"), Kind.DATE, query.compare.date_to)
        if grain := words.grain_of(query, made):
            self._fact(_("A row for each"), Kind.TEXT, grain)
        for label, values in words.restrictions(query, made) or (
            (_("Restricted to"), _("(nothing)")),
        ):
            self._fact(label, Kind.TEXT, values)
        self._fact(_("Rows"), Unit.COUNT, count)
        self._fact(_("Time zone"), Kind.TEXT, zone)
        self._fact(_("Currency"), Kind.TEXT, query.company.currency)
        label = _("Data as of (%(zone)s)") % {"zone": zone}
        self._instant(label, self._answer.as_of, zone)
        self._fact(_("Read from"), Kind.TEXT, words.store_of(self._answer, made))
        if made.author:
            self._fact(_("Made by"), Kind.TEXT, made.author)
        self._instant(_("Made at (%(zone)s)") % {"zone": zone}, made.made_at, zone)
        self._row += 1

    def _instant(self, label, instant, zone):
        if instant is None:
            _ = self._edition.translate
            self._fact(label, Kind.TEXT, _("not read yet"))
        else:
            self._fact(label, Kind.INSTANT, local(instant, zone))

    def _fact(self, label, kind, value):
        self._sheet.write_string(self._row, 0, label, self._styles.label)
        if kind is Kind.TEXT:
            self._sheet.write_string(self._row, 1, value, self._styles.text)
        elif kind is Unit.COUNT:
            style = self._styles.fact(kind, align="left")
            self._sheet.write_number(self._row, 1, value, style)
        else:
            style = self._styles.fact(kind)
            self._sheet.write_datetime(self._row, 1, value, style)
        self._row += 1

    def _notice(self):
        _ = self._edition.translate
        text = _("There are no rows in this period with these restrictions.")
        style = self._styles.of(bold=True, font_color=DARK)
        self._sheet.write_string(self._row, 0, text, style)
        self._row += 2

    def _totals(self):
        _, styles = self._edition.translate, self._styles
        heads = [_("Total of all rows"), _("Value")]
        if self._query.compare:
            heads += [_("Before"), _("Change")]
        for place, head in enumerate(heads):
            style = styles.number_head if place else styles.head
            self._sheet.write_string(self._row, place, head, style)
        for measure in self._query.measures:
            self._row += 1
            self._total(measure)
        self._row += 2

    def _total(self, measure):
        styles, totals = self._styles, self._answer.totals
        label = words.label_of(measure, self._query, self._edition)
        self._sheet.write_string(self._row, 0, label, styles.text)
        value, before = totals[measure.name], totals.get(PREVIOUS + measure.name)
        style = styles.fact(measure.unit)
        self._number(1, value, style)
        if self._query.compare:
            self._number(2, before, style)
            self._change(measure, value, before)

    def _change(self, measure, value, before):
        """Write how much a measure changed: of shares, by percentage points."""
        if value is None or before is None:
            self._number(3, None, self._styles.change)
        elif measure.unit is Unit.RATIO:
            self._number(3, 100 * (value - before), self._styles.points)
        else:
            part = (value - before) / abs(before) if before else None
            self._number(3, part, self._styles.change)

    def _tally(self, table):
        """Write how many rows a listing has by one of its columns."""
        styles = self._styles
        for place, column in enumerate(table.columns):
            style = styles.number_head if place else styles.head
            label = words.label_of(column, self._query, self._edition)
            self._sheet.write_string(self._row, place, label, style)
        for row in table.rows:
            self._row += 1
            for place, column in enumerate(table.columns):
                kind = kind_of(column)
                style = styles.fact(kind) if place else styles.text
                value = row[column.name]
                cell(self._sheet, (self._row, place), kind, value, style)
        self._row += 2

    def _note(self):
        """Write what the report is about."""
        note = self._edition.translate(self._query.report.description)
        last = self._row + _NOTE_ROWS
        self._sheet.merge_range(self._row, 0, last, 3, note, self._styles.note)

    def _number(self, place, value, style):
        if value is None:
            self._sheet.write_blank(self._row, place, None, style)
        else:
            self._sheet.write_number(self._row, place, value, style)
