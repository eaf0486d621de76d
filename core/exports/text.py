"""An answer as CSV or as lines of JSON, a few rows at a time."""

import codecs
import csv
import io
from itertools import islice

from ..queries.base import Kind
from ..queries.remembered import dump

# Few enough that the first come at once, many enough to be worth sending.
_ROWS = 500


def csv_blocks(query, rows, edition=None):
    """Yield an answer as blocks of CSV in UTF-8: names of columns first.

    Spreadsheets take a text that begins like a formula for one: it gets an apostrophe.

    :param edition: :class:`~core.exports.edition.Edition`; it says whether the file
        begins with the mark without which Excel reads it in a code page of Windows
    """
    names = [column.name for column in query.columns]
    # Of numbers, days and instants none begins so, or it is no text.
    cells = [(c.name, getattr(c, "kind", None) is Kind.TEXT) for c in query.columns]
    lines = (
        [_tame(row[n]) if is_text else row[n] for n, is_text in cells] for row in rows
    )
    mark = codecs.BOM_UTF8 if edition and edition.has_mark else b""
    yield mark + _csv([names, *islice(lines, _ROWS)])
    while block := [*islice(lines, _ROWS)]:
        yield _csv(block)


def json_blocks(_query, rows, _edition=None):
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
