"""A dashboard as the JSON of o-spreadsheet."""

from math import ceil

from . import figures
from .live import Live
from .sample import Sample
from .sheet import Sheet

VERSION = "18.5.10"
# Widths of columns: a table of five, a gap, and the chart beside it. Pixels.
_COLUMNS = (200, 108, 108, 108, 108, 20, 408)
_WIDTH = sum(_COLUMNS)
_GAP, _CARD, _CHART = 12, 108, 300
_CARDS, _ROW = 4, 23
_TITLE_ROW, _HEAD_ROW, _TABLE_ROW = 40, 40, 28
_EN_US = {
    "name": "English (US)",
    "code": "en_US",
    "thousandsSeparator": ",",
    "decimalSeparator": ".",
    "dateFormat": "mm/dd/yyyy",
    "timeFormat": "hh:mm:ss",
    "formulaArgSeparator": ",",
    "weekStart": 7,
}


def workbook(dashboard, is_sample=False):
    """Return the document of a dashboard, or of what it looks like without figures."""
    values = (Sample if is_sample else Live)(dashboard)
    page = Sheet("dashboard", "Dashboard", _COLUMNS)
    _cards(page, dashboard, values)
    _charts(page, dashboard, values)
    _tables(page, dashboard, values)
    return {
        "version": VERSION,
        "sheets": [page.document(), values.sheet.document()],
        **page.looks(),
        "revisionId": "START_REVISION",
        "uniqueFigureIds": True,
        "settings": {"locale": _EN_US},
        "pivots": values.pivots,
        "pivotNextId": len(values.pivots) + 1,
        "customTableStyles": {},
        "globalFilters": values.filters(),
        "lists": {},
        "listNextId": 1,
        "chartOdooMenusReferences": {
            f"card_{measure.field}": source.menu for source, measure in dashboard.cards
        },
    }


def _cards(page, dashboard, values):
    width = (_WIDTH - (_CARDS - 1) * _GAP) // _CARDS
    for number, (_source, measure) in enumerate(dashboard.cards):
        row, column = divmod(number, _CARDS)
        box = (column * (width + _GAP), 10 + row * (_CARD + _GAP), width, _CARD)
        background = figures.BACKGROUNDS[row % 2]
        card = figures.scorecard(measure, values.card(number), values.since, background)
        page.figures.append(figures.figure(f"card_{measure.field}", box, card))


def _charts(page, dashboard, values):
    width = (_WIDTH - _GAP) // 2
    top = _below_cards(dashboard)
    for number, chart in enumerate(dashboard.charts):
        row, column = divmod(number, 2)
        box = (column * (width + _GAP), top + row * (_CHART + _GAP), width, _CHART)
        page.figures.append(figures.figure(chart.name, box, values.chart(chart)))


def _tables(page, dashboard, values):
    rows = ceil(len(dashboard.charts) / 2)
    top = ceil((_below_cards(dashboard) + rows * (_CHART + _GAP)) / _ROW)
    pixels = top * _ROW
    for table in dashboard.tables:
        _table(page, table, top + 1, values)
        height = _TITLE_ROW + _HEAD_ROW + table.rows * _TABLE_ROW
        box = (sum(_COLUMNS[:-1]), pixels, _COLUMNS[-1], height)
        shown = table.measures[table.shown]
        column = "BCDE"[table.shown]
        first, last = top + 2, top + 2 + table.rows
        chart = figures.ranking(
            f"{table.title}: {shown.title}",
            f"Dashboard!A{first}:A{last}",
            f"Dashboard!{column}{first}:{column}{last}",
        )
        page.figures.append(figures.figure(f"table_{table.name}", box, chart))
        top += table.rows + 3
        pixels += height + _ROW
    page.rows = top


def _table(page, table, row, values):
    """Write a table whose title is in a row (from 1)."""
    page.heights |= {row - 1: _TITLE_ROW, row: _HEAD_ROW}
    page.heights |= {row + 1 + n: _TABLE_ROW for n in range(table.rows)}
    page.cells[f"A{row}"] = (
        f"[{table.title}](odoo://ir_menu_xml_id/{table.source.menu})"
    )
    page.style(f"A{row}", "title")
    page.border(f"A{row}:E{row}", "under")
    page.cells[f"A{row + 1}"] = f'=_t("{table.heading}")'
    page.style(f"A{row + 1}", "name_heading")
    page.style(f"B{row + 1}:E{row + 1}", "heading")
    page.style(f"A{row + 2}:A{row + 1 + table.rows}", "name")
    page.style(f"B{row + 2}:E{row + 1 + table.rows}", "figure")
    for column, measure in zip("BCDE", table.measures, strict=True):
        page.cells[f"{column}{row + 1}"] = f'=_t("{measure.title}")'
    for number in range(table.rows):
        cells = values.row(table, number)
        for column, cell in zip("ABCDE", cells, strict=True):
            if cell != "":
                page.cells[f"{column}{row + 2 + number}"] = cell
    if values.is_sample:
        for column, measure in zip("BCDE", table.measures, strict=True):
            cells = f"{column}{row + 2}:{column}{row + 1 + table.rows}"
            page.format(cells, measure.unit.sample)


def _below_cards(dashboard):
    return 10 + ceil(len(dashboard.cards) / _CARDS) * (_CARD + _GAP)
