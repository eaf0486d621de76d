"""An answer as CSV or as lines of JSON, a few rows at a time."""

import csv
import io
from itertools import islice

from ..queries.remembered import dump

# Few enough that the first come at once, many enough to be worth sending.
_ROWS = 500


def csv_blocks(query, rows):
    """Yield an answer as blocks of CSV in UTF-8: names of columns first.

    Spreadsheets take a text that begins like a formula for one: it gets an apostrophe.
    """
    names = [column.name for column in query.columns]
    lines = ([_tame(row[name]) for name in names] for row in rows)
    yield _csv([names, *islice(lines, _ROWS)])
    while block := [*islice(lines, _ROWS)]:
        yield _csv(block)


def json_blocks(_query, rows):
    """Yield an answer as blocks of lines of JSON; decimals keep all their digits."""
    lines = (f"{dump(row)}\n" for row in rows)
    while block := "".join(islice(lines, _ROWS)):
        yield block.encode()


def _csv(lines):
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue().encode()


def _tame(value):
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
