"""For whom, by whom and in which language a file is made."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

# strftime's letters → those of a spreadsheet's number format.
_LETTERS = {
    "%d": "dd", "%-d": "d", "%m": "mm", "%-m": "m", "%b": "mmm", "%B": "mmmm",
    "%y": "yy", "%Y": "yyyy", "%a": "ddd", "%A": "dddd", "%H": "hh", "%-H": "h",
    "%I": "hh", "%-I": "h", "%M": "mm", "%S": "ss", "%p": "AM/PM", "%%": "%",
}  # fmt: skip
_PARTS = re.compile(r"%-?[A-Za-z%]|[^%]+|%")
_SEPARATORS = re.compile(r"[-/.: ]+")
ISO_DAY, ISO_TIME = "yyyy-mm-dd", "hh:mm:ss"


def _same(text):
    return text


@dataclass(frozen=True)
class Edition:
    """How a file is made for its reader; without Odoo in English, for nobody.

    :param translate: function from an English text to the reader's language
    :param company: name of the company whose figures they are
    :param author: name of the user who asked
    :param made_at: when (UTC)
    :param day: how a spreadsheet shows a day
    :param time: how it shows a time of day
    :param is_rtl: the reader's language is written from right to left
    :param names: name of a filter → {value: what it is called}
    :param has_mark: CSV begins with the mark by which Excel knows UTF-8
    :param locale: the reader's, as Babel knows it
    """

    translate: Callable[[str], str] = _same
    company: str = ""
    author: str = ""
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    day: str = ISO_DAY
    time: str = ISO_TIME
    is_rtl: bool = False
    names: Mapping[str, Mapping] = field(default_factory=dict)
    has_mark: bool = False
    locale: str = "en_US"


def day_format(pattern):
    """Return how a spreadsheet shows a day that strftime writes with ``pattern``."""
    return _number_format(pattern) or ISO_DAY


def time_format(pattern):
    """Return how a spreadsheet shows a time that strftime writes with ``pattern``."""
    return _number_format(pattern) or ISO_TIME


def local(instant, zone):
    """Return an instant as a clock of a zone shows it, without zone."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _number_format(pattern):
    """Return a number format; empty for what spreadsheets have no letters for."""
    parts = []
    for part in _PARTS.findall(pattern):
        if part[0] != "%":
            is_plain = _SEPARATORS.fullmatch(part)
            parts.append(part if is_plain else '"' + part.replace('"', "") + '"')
        elif part in _LETTERS:
            parts.append(_LETTERS[part])
        else:
            return ""
    return "".join(parts)
