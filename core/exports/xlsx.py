"""An answer as a workbook, written row by row in constant memory."""

from datetime import date, datetime

from ..errors import BadQuery
from ..queries.base import Kind, Measure, Unit

# Excel keeps no more rows on a sheet.
MAX_ROWS = 1_048_576 - 12  # the title, the head and the totals
# Beyond it, Excel's numbers have no room for all digits.
_LARGEST = 10**15
_FORMATS = {
    Unit.COUNT: "#,##0",
    Unit.QUANTITY: "#,##0.####",
    Unit.POINTS: "#,##0.00",
    Unit.RATIO: "0.0%",
    Kind.POINTS: "#,##0.00",
}
_WIDTHS = {Kind.TEXT: 28, Kind.DATE: 12, Kind.INTEGER: 14}


def write(file, query, answer):
    """Write the workbook of an answer: the report, and what its columns mean.

    Texts of the data stay texts: nothing becomes a formula or a link. The rows are
    read once.

    :param file: a path or a writable binary file
    :return: number of rows
    :raise BadQuery: there are more rows than a sheet has
    """
    import xlsxwriter  # noqa: PLC0415 (only exports need it)

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        styles = _Styles(book, query.company.digits)
        count = _report_sheet(book, styles, query, answer)
        _definition_sheet(book, styles, query)
    return count


class _Styles:
    def __init__(self, book, digits):
        decimals = "." + "0" * digits if digits else ""
        formats = {**_FORMATS, Unit.MONEY: f"#,##0{decimals}"}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.head = book.add_format(
            {"bold": True, "bg_color": "#714B67", "font_color": "white", "border": 1}
        )
        self.label = book.add_format({"font_color": "#666666"})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.hour = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})
        self.units = {u: book.add_format({"num_format": f}) for u, f in formats.items()}


def _report_sheet(book, styles, query, answer):
    sheet = book.add_worksheet("Report")
    for number, column in enumerate(query.columns):
        sheet.set_column(number, number, _WIDTHS.get(_kind(column), 17))
    row = _title(sheet, styles, query, answer)
    for number, column in enumerate(query.columns):
        sheet.write_string(row, number, column.label, styles.head)
    sheet.freeze_panes(row + 1, 2)
    number = row
    for number, line in enumerate(answer.rows, row + 1):
        if number - row > MAX_ROWS:
            raise BadQuery(
                "format",
                f"A workbook has at most {MAX_ROWS} rows, and there are more: ask for a "
                "shorter period, or for CSV.",
            )
        _line(sheet, styles, number, query.columns, line)
    sheet.autofilter(row, 0, number, len(query.columns) - 1)
    if answer.totals:
        sheet.write_string(number + 2, 0, "Total", styles.head)
        shown = {c.name: None for c in query.columns} | answer.totals
        _line(sheet, styles, number + 2, query.columns, shown)
    return number - row


def _line(sheet, styles, number, columns, values):
    for place, column in enumerate(columns):
        if (value := values[column.name]) is not None:
            _cell(sheet, styles, (number, place), _kind(column), value)


def _kind(column):
    return column.unit if isinstance(column, Measure) else column.kind


def _cell(sheet, styles, place, kind, value):
    """Write a value as what it is; texts stay texts."""
    if kind is Kind.TEXT or kind is Kind.INTEGER and abs(value) >= _LARGEST:
        sheet.write_string(*place, str(value))
    elif kind is Kind.DATE:
        sheet.write_datetime(*place, date.fromisoformat(value), styles.day)
    elif kind is Kind.INSTANT:
        instant = datetime.fromisoformat(value.rstrip("Z"))
        sheet.write_datetime(*place, instant, styles.hour)
    else:
        sheet.write_number(*place, value, styles.units.get(kind))


def _title(sheet, styles, query, answer):
    """Write the title block; returns the row after it."""
    sheet.write_string(0, 0, query.report.title, styles.title)
    as_of = answer.as_of and answer.as_of.strftime("%Y-%m-%d %H:%M UTC")
    by = f", by {query.grain.value}" if query.grain else ""
    facts = [
        ("Period", f"{query.date_from} to {query.date_to}{by}"),
        ("Time zone", query.company.timezone),
        ("Currency", query.company.currency),
        ("Data as of", as_of or "not read yet"),
    ]
    for row, (label, value) in enumerate(facts, 1):
        sheet.write_string(row, 0, label, styles.label)
        sheet.write_string(row, 1, value)
    return len(facts) + 2


def _definition_sheet(book, styles, query):
    sheet = book.add_worksheet("Definitions")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 90)
    sheet.set_column(2, 2, 14)
    for column, head in enumerate(("Column", "Meaning", "Adds up")):
        sheet.write_string(0, column, head, styles.head)
    for row, column in enumerate(query.columns, 1):
        sheet.write_string(row, 0, column.label)
        sheet.write_string(row, 1, column.definition, styles.wrap)
        if isinstance(column, Measure):
            sheet.write_string(row, 2, column.additivity.value)
    sheet.write_string(len(query.columns) + 2, 1, query.report.description, styles.wrap)
