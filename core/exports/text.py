"""An answer as CSV or as lines of JSON, row by row."""

import csv
import io

import simplejson


def csv_lines(query, rows):
    """Yield an answer as lines of CSV in UTF-8: names of columns first.

    Spreadsheets take a text that begins like a formula for one: it gets an apostrophe.
    """
    names = [column.name for column in query.columns]
    yield _line(names)
    for row in rows:
        yield _line([_tame(row[name]) for name in names])


def json_lines(rows):
    """Yield an answer as lines of JSON; decimals are numbers with all their digits."""
    for row in rows:
        yield simplejson.dumps(row, use_decimal=True, ensure_ascii=False) + "\n"


def _line(values):
    file = io.StringIO()
    csv.writer(file).writerow(values)
    return file.getvalue()


def _tame(value):
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
