"""Rows of an answer as the XML of a worksheet, written as they are read.

XlsxWriter needs about ten times as long for a cell, and all the workbook's time is spent
here: ``python3 -m dev bench workbook``. What the cells look like it decides all the
same; see ``package.py``.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ...queries.base import Kind, Measure, Unit

# Excel keeps no more rows on a sheet; one is the head, and some come after the rows.
MAX_ROWS = 1_048_576 - 6
LONGEST_TEXT = 32_767
# Beyond it, Excel's numbers have no room for all digits.
_LARGEST = 10**15
_EPOCH = datetime(1899, 12, 30)
# Before it, Excel counts a day that there never was.
_FIRST_DAY = "1900-03-01"
_HOUR = len("2024-01-15T10")
_DAY_SECONDS = 86_400
_KEPT = 20_000
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What XML cannot have is written as its number; so is what would be read as such.
_UNWRITABLE = re.compile(
    r"[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)"
)


def kind_of(column):
    """Return what a column's cells are written as: a unit or a kind."""
    return column.unit if isinstance(column, Measure) else column.kind


class Cells:
    """Writes the cells of rows.

    :param columns: of the rows, in order
    :param styles: number of each column's style
    :param zone: name of the zone whose clock instants are shown by
    """

    def __init__(self, columns, styles, zone):
        self.cut = 0
        self._clock = _clock(zone)
        made = enumerate(zip(columns, styles, strict=True))
        self._cells = [
            (column.name, *self._cell(letters(place), style, kind_of(column)))
            for place, (column, style) in made
        ]

    def row(self, number, values):
        """Return a row's XML; what is empty has no cell.

        :param number: of the row, from 1 on
        :param values: name of a column → value
        """
        parts = [f'<row r="{number}">']
        # Most of the time of a workbook is spent here: a call less for each number.
        for name, begin, middle, end, cell in self._cells:
            value = values[name]
            if value is None:
                continue
            if cell is None:
                parts.append(f"{begin}{number}{middle}{value}{end}")
            else:
                parts.append(cell(number, value))
        parts.append("</row>")
        return "".join(parts)

    def _cell(self, letter, style, kind):
        """Return how a column is written: what is around a row's number and its value,
        or else a function (row, value) → XML."""
        around = (f'<c r="{letter}', f'" s="{style}"><v>', "</v></c>")
        begin, middle, end = around

        def number(row, value):
            return f"{begin}{row}{middle}{value}{end}"

        def text(row, value):
            return f'{begin}{row}" s="{style}" t="inlineStr"><is>{self._text(value)}</is></c>'

        def whole(row, value):
            is_small = -_LARGEST < value < _LARGEST
            return number(row, value) if is_small else text(row, str(value))

        def flag(row, value):
            return f'{begin}{row}" s="{style}" t="b"><v>{value:d}{end}'

        def day(row, value):
            is_known = value >= _FIRST_DAY
            return number(row, _day(value)) if is_known else text(row, value)

        def instant(row, value):
            is_known = value >= _FIRST_DAY
            return number(row, self._clock(value)) if is_known else text(row, value)

        return *around, {
            Kind.TEXT: text, Kind.INTEGER: whole, Unit.COUNT: whole,
            Kind.BOOLEAN: flag, Kind.DATE: day, Kind.INSTANT: instant,
        }.get(kind)  # fmt: skip

    def _text(self, value):
        if len(value) > LONGEST_TEXT // 2 and _units(value) > LONGEST_TEXT:
            self.cut += 1
            value = _shortened(value)
        return _written(value)


def letters(place):
    """Return what a column is called: 0 is A, 26 is AA."""
    name, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


@lru_cache(maxsize=_KEPT)
def _written(value):
    """Return a text as XML, of which nothing is lost."""
    text = _UNWRITABLE.sub(_replaced, value) if _UNWRITABLE.search(value) else value
    is_bare = value == value.strip() and "\n" not in value
    return f"<t>{text}</t>" if is_bare else f'<t xml:space="preserve">{text}</t>'


def _replaced(match):
    character = match.group()
    return _ESCAPED.get(character) or f"_x{ord(character):04X}_"


def _units(text):
    """Return how long Excel finds a text: what is beyond 65,535 counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shortened(text):
    room = 2 * (LONGEST_TEXT - 1)
    kept = text.encode("utf-16-le", "surrogatepass")[:room]
    return kept.decode("utf-16-le", "ignore") + "…"


@lru_cache(maxsize=_KEPT)
def _day(text):
    return (date.fromisoformat(text) - _EPOCH.date()).days


def _clock(zone):
    """Return the function from an instant as text to a spreadsheet's number."""
    zone = ZoneInfo(zone)

    def shown(moment):
        local = datetime.fromisoformat(f"{moment}+00:00").astimezone(zone)
        return local.replace(tzinfo=None) - _EPOCH

    @lru_cache(maxsize=_KEPT)
    def hour(text):
        """Return when an hour begins; None where a clock is set within it."""
        begin, end = shown(f"{text}:00:00"), shown(f"{text}:59:59")
        is_even = end - begin == timedelta(minutes=59, seconds=59)
        return begin // timedelta(seconds=1) if is_even else None

    def number(text):
        text = text.rstrip("Z")
        begin = hour(text[:_HOUR])
        if begin is None:
            return shown(text) / timedelta(days=1)
        minutes, _, seconds = text[_HOUR + 1 :].partition(":")
        return (begin + 60 * int(minutes) + float(seconds)) / _DAY_SECONDS

    return number
