"""Cursors: the row after which a page begins, handed to the caller as a text.

What a caller sends back is only ever compared with, as parameters: a forged cursor
shows nothing that the question would not show.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime

from ..errors import BadQuery
from .base import Grain, Kind, Listing, Measure

# As this file writes them: Python reads more forms than the databases do.
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z?", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,40}(\.\d{1,10})?", re.ASCII)
_BIGINT = 2**63


def write(query, row):
    """Return the cursor that goes on after a row.

    :param row: of plain values, by the names of :func:`fields`
    """
    values = [row[name] for name, _check in fields(query)]
    text = json.dumps([_question(query), values], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(query, text):
    """Return the row that :func:`write` was given; an empty text has none.

    :raise BadQuery: it is no cursor, or that of another question
    """
    if not text:
        return {}
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        question, values = json.loads(urlsafe_b64decode(padded))
        known = fields(query)
        row = {name: v for (name, _check), v in zip(known, values, strict=True)}
        is_ours = all(check(row[name]) for name, check in known)
    except (ValueError, TypeError, RecursionError):
        raise BadQuery("cursor", "This is no cursor of ours.") from None
    if question != _question(query) or not is_ours:
        raise BadQuery("cursor", "This cursor belongs to another question.")
    return row


def fields(query):
    """Return the (name, check of its value) of what tells a row's place."""
    if isinstance(query.report, Listing):
        return [(name, _CHECKS[kind]) for name, kind in query.report.order]
    found = {"date": _is_day}
    if query.grain is Grain.HOUR:
        found["hour"] = _is_instant
    for dimension in query.dimensions:
        found[dimension.name] = _is_member(dimension)
    for sort in query.sort:
        if isinstance(sort.column, Measure):
            names = query.report.stored(sort.column)
            found |= dict.fromkeys((f"of_{name}" for name in names), _is_number)
    return [*found.items()]


def _question(query):
    text = json.dumps(query.asked, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_day(value):
    is_written = isinstance(value, str) and _DAY.fullmatch(value)
    return bool(is_written and date.fromisoformat(value))


def _is_instant(value):
    is_written = isinstance(value, str) and _INSTANT.fullmatch(value)
    return bool(is_written and datetime.fromisoformat(value))


def _is_whole(value):
    return type(value) is int and -_BIGINT <= value < _BIGINT


def _is_number(value):
    if isinstance(value, str):
        return bool(_DECIMAL.fullmatch(value))
    return _is_whole(value)


def _is_member(dimension):
    kinds = [column.kind for column in dimension.columns]
    if dimension.is_identity:
        kinds.append(Kind.INTEGER)  # its key: two may show the same

    def check(values):
        return (
            isinstance(values, list)
            and len(values) == len(kinds)
            and all(
                value is None
                or (_is_whole if kind is Kind.INTEGER else _is_text)(value)
                for kind, value in zip(kinds, values, strict=True)
            )
        )

    return check if dimension.members else _is_text


def _is_text(value):
    """Tell whether it is a text that could stand in a database."""
    is_text = isinstance(value, str) and "\0" not in value
    return is_text and value.encode(errors="ignore").decode() == value


_CHECKS = {Kind.INTEGER: _is_whole, Kind.INSTANT: _is_instant}
