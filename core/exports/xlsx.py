"""An answer as a workbook, written row by row in constant memory."""

from datetime import date, datetime

from ..queries.base import Unit

# Excel keeps no more rows on a sheet.
MAX_ROWS = 1_048_576
_FORMATS = {
    Unit.COUNT: "#,##0",
    Unit.QUANTITY: "#,##0.####",
    Unit.POINTS: "#,##0.00",
    Unit.RATIO: "0.0%",
}


def write(file, query, answer):
    """Write the workbook of an answer: the report, and what its columns mean.

    Texts of the data stay texts: nothing becomes a formula or a link.

    :param file: a path or a writable binary file
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
        _report_sheet(book, styles, query, answer)
        _definition_sheet(book, styles, query)


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
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 28)
    sheet.set_column(2, 2 + len(query.measures) + 1, 17)
    row = _title(sheet, styles, query, answer)
    heads = _heads(query)
    for column, head in enumerate(heads):
        sheet.write_string(row, column, head, styles.head)
    sheet.freeze_panes(row + 1, 2)
    for number, line in enumerate(answer.rows, row + 1):
        _line(sheet, styles, query, number, line)
    sheet.autofilter(row, 0, row + len(answer.rows), len(heads) - 1)


def _title(sheet, styles, query, answer):
    """Write the title block; returns the row after it."""
    sheet.write_string(0, 0, query.report.title, styles.title)
    as_of = answer.as_of and answer.as_of.strftime("%Y-%m-%d %H:%M UTC")
    facts = [
        ("Period", f"{query.date_from} to {query.date_to}, by {query.grain.value}"),
        ("Time zone", query.company.timezone),
        ("Currency", query.company.currency),
        ("Data as of", as_of or "not read yet"),
    ]
    for row, (label, value) in enumerate(facts, 1):
        sheet.write_string(row, 0, label, styles.label)
        sheet.write_string(row, 1, value)
    return len(facts) + 2


def _heads(query):
    dates = ["Date", "Hour (UTC)"] if query.grain.value == "hour" else ["Date"]
    return ["Program id", "Program", *dates, *(m.label for m in query.measures)]


def _line(sheet, styles, query, number, line):
    sheet.write_number(number, 0, line["program_id"])
    sheet.write_string(number, 1, line["program_name"])
    sheet.write_datetime(number, 2, date.fromisoformat(line["date"]), styles.day)
    column = 3
    if "hour" in line:
        hour = datetime.fromisoformat(line["hour"].rstrip("Z"))
        sheet.write_datetime(number, column, hour, styles.hour)
        column += 1
    for column, measure in enumerate(query.measures, column):  # noqa: B020
        value = line[measure.name]
        if value is not None:
            sheet.write_number(number, column, value, styles.units[measure.unit])


def _definition_sheet(book, styles, query):
    sheet = book.add_worksheet("Definitions")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 90)
    sheet.set_column(2, 2, 14)
    for column, head in enumerate(("Column", "Meaning", "Adds up")):
        sheet.write_string(0, column, head, styles.head)
    for row, measure in enumerate(query.measures, 1):
        sheet.write_string(row, 0, measure.label)
        sheet.write_string(row, 1, measure.definition, styles.wrap)
        sheet.write_string(row, 2, measure.additivity.value)
    sheet.write_string(
        len(query.measures) + 2, 1, query.report.description, styles.wrap
    )
