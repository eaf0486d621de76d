"""Rows of an answer as the XML of a worksheet, written as they are read.

XlsxWriter needs about ten times as long for a cell, and most of a workbook's time is
spent here: ``python3 -m dev bench workbook``. What the cells look like it decides all
the same; see ``package.py``.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain
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
_KEPT, _SHORT = 20_000, 200  # values that are remembered, and texts among them
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What XML cannot have is written as its number; so is what would be read as such.
_UNWRITABLE = re.compile(
    r"[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)"
)


def kind_of(column):
    """Return what a column's cells are written as: a unit or a kind."""
    return column.unit if isinstance(column, Measure) else column.kind


class Cells:
    """Writes the cells of rows, a block of them at a time, column by column.

    :param columns: of the rows, in order
    :param styles: number of each column's style
    :param zone: name of the zone whose clock instants are shown by
    :ivar cut: how many texts had no room
    """

    def __init__(self, columns, styles, zone):
        self.cut = 0
        self._clock = _clock(zone)
        made = enumerate(zip(columns, styles, strict=True))
        self._columns = [
            (column.name, self._writer(letters(place), style, kind_of(column)))
            for place, (column, style) in made
        ]

    def block(self, first, rows):
        """Return the XML of some rows; what is empty has no cell.

        :param first: number of the first row, from 1 on
        :param rows: dicts with the columns' values
        """
        numbers = [str(number) for number in range(first, first + len(rows))]
        begins = [f'<row r="{number}">' for number in numbers]
        columns = [
            write(numbers, [row[name] for row in rows]) for name, write in self._columns
        ]
        ends = ["</row>"] * len(rows)
        return "".join(chain.from_iterable(zip(begins, *columns, ends, strict=True)))

    def _writer(self, letter, style, kind):
        """Return the function (numbers of rows, values) → cells of a column."""
        begin, number = f'<c r="{letter}', f'" s="{style}"><v>'
        inline = f'" s="{style}" t="inlineStr"><is>'

        def write_numbers(rows, values):
            return [
                "" if value is None else f"{begin}{row}{number}{value}</v></c>"
                for row, value in zip(rows, values, strict=True)
            ]

        # Of most values there are few: what follows the row's number is remembered.
        @lru_cache(maxsize=_KEPT)
        def rest(value):
            found = self._number_of(value, kind)
            if found is None:
                return f"{inline}{_written(str(value))}</is></c>"
            return f"{number}{found}</v></c>"

        def write(rows, values, rest=rest):
            return [
                "" if value is None else f"{begin}{row}{rest(value)}"
                for row, value in zip(rows, values, strict=True)
            ]

        def write_texts(rows, values):
            longest = max((len(text) for text in values if text is not None), default=0)
            if longest <= _SHORT:
                return write(rows, values)
            return write(rows, self._fitting(values), rest.__wrapped__)

        return {
            Kind.TEXT: write_texts, Kind.INTEGER: write, Unit.COUNT: write,
            Kind.BOOLEAN: write, Kind.DATE: write, Kind.INSTANT: write,
        }.get(kind, write_numbers)  # fmt: skip

    def _number_of(self, value, kind):
        """Return the number that a spreadsheet has for a value, None for a text."""
        if kind in (Kind.INTEGER, Unit.COUNT):
            return value if -_LARGEST < value < _LARGEST else None
        if kind is Kind.BOOLEAN:
            return int(value)
        if kind is Kind.TEXT or value < _FIRST_DAY:
            return None
        return _day(value) if kind is Kind.DATE else self._clock(value)

    def _fitting(self, texts):
        """Return texts as far as cells have room for them."""
        found = []
        for text in texts:
            is_long = text is not None and _units(text) > LONGEST_TEXT
            self.cut += is_long
            found.append(_shortened(text) if is_long else text)
        return found


def letters(place):
    """Return what a column is called: 0 is A, 26 is AA."""
    name, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


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
