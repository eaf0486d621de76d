"""CloudEvents 1.0 in JSON, single or in a batch array, as documents with their rows.

Nothing that an event may hold stops its batch: what cannot be read becomes a
:class:`~core.records.Reject` with the reason.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..sources import contract
from . import rejects, types
from .rejects import Refused
from .rows import Table, builtins

LIMIT = 1_000_000
# An array of events may have the bytes of so many of the largest.
_EVENTS = 10
_ORDER = Table("processed_order")
_PARTS = {
    "lines": Table("order_promotion_line"),
    "evaluations": Table("promotion_evaluation"),
    "points": Table("point_transaction"),
}
_SINGLE = {
    types.MembershipChanged: Table("membership_event"),
    types.PointsChanged: Table("point_transaction"),
    types.ProgramChanged: Table("program"),
}
_decode = msgspec.json.Decoder(types.AnyEvent).decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_ERRORS = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


class Document(msgspec.Struct, gc=False):
    """A whole document out of an event.

    :ivar kind: ``order``, ``membership``, ``points`` or ``program``
    :ivar rows: (staging table, line of COPY text)
    :ivar data: the typed content
    :ivar raw: the event as it came
    """

    kind: str
    key: str
    version: int
    rows: list[tuple[str, str]]
    data: Any
    raw: bytes


@dataclass(frozen=True)
class Parsed:
    """What a number of events say."""

    documents: list[Document] = field(default_factory=list)
    rejects: list = field(default_factory=list)


def parse(payloads, limit=LIMIT):
    """Read events.

    :param payloads: JSON texts as bytes, each with an event or an array of events
    :param limit: bytes that one event may have
    :return: :class:`Parsed`, in the order of the events
    """
    parsed = Parsed()
    for payload in payloads:
        _take(payload, limit, parsed)
    return parsed


def _take(payload, limit, parsed):
    """Read an event, or an array of them."""
    try:
        if payload[:1] == b"{" or payload.lstrip()[:1] != b"[":
            parsed.documents.append(_document(payload, limit))
        else:
            for event in _split_array(payload, limit):
                _take(event, limit, parsed)
    except (*_ERRORS, Refused) as e:
        parsed.rejects.append(rejects.unreadable(payload, _reason(e)))


def _split_array(payload, limit):
    """Return the texts of the events in an array."""
    if len(payload) > limit * _EVENTS:
        raise Refused(f"has {len(payload)} bytes; at most {limit * _EVENTS} are read")
    events = [bytes(event) for event in _split(payload)]
    if not events:
        raise Refused("is an empty array")
    if any(event[:1] == b"[" for event in events):
        raise Refused("is an array of arrays")
    return events


def _document(raw, limit):
    """Return the document of one event.

    :raise Refused: it can be read, but not used
    :raise Exception: one of ``_ERRORS``
    """
    if len(raw) > limit:
        raise Refused(f"has {len(raw)} bytes; at most {limit} are read")
    if not raw.isascii():
        raw.decode()  # what we skip must be text, too
    event = _decode(raw)
    # Without a backslash no text in it can hold what COPY's text must escape.
    escape = b"\\" in raw
    values = builtins(event.data)
    if escape and b"\\u0000" in raw:
        _refuse_nul(values)
    if event.__class__ is types.OrderProcessed:
        return _order(event.data, values, escape, raw)
    kind = rejects.DOCUMENTS[event.__class__][0]
    table = _SINGLE[event.__class__]
    rows = [(table.stage, table.text(values, escape))]
    return Document(kind, str(values["id"]), values["version"], rows, event.data, raw)


def _order(data, values, escape, raw):
    order = values["order"]
    key = order["id"]
    rows = [(_ORDER.stage, _ORDER.text(order, escape))]
    for part, table in _PARTS.items():
        stage, text = table.stage, table.text
        for row in values[part]:
            if row["order_id"] != key:
                _adopt(part, row, key)
            rows.append((stage, text(row, escape)))
    return Document(contract.ORDER_DOCUMENT, key, order["version"], rows, data, raw)


def _adopt(part, row, key):
    """Give a row its document's key, if it does not name another."""
    if row["order_id"] is not None:
        raise Refused(
            f"a row of {part} (id {row['id']}) names the order {row['order_id']!r:.100},"
            f" its document is that of {key!r:.100}"
        )
    row["order_id"] = key


def _refuse_nul(values, path="data"):
    """Refuse text with a NUL character anywhere in nested rows."""
    if isinstance(values, str) and "\0" in values:
        raise Refused(f"{path} has a NUL character, which PostgreSQL cannot hold")
    if isinstance(values, dict):
        for name, value in values.items():
            _refuse_nul(value, f"{path}.{name}")
    elif isinstance(values, list):
        for number, value in enumerate(values):
            _refuse_nul(value, f"{path}[{number}]")


def _reason(error):
    """Say what is wrong, for a person."""
    if isinstance(error, UnicodeDecodeError):
        return f"is no valid UTF-8 (byte {error.start})"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, msgspec.DecodeError | msgspec.ValidationError):
        return _words(str(error))
    return str(error) or type(error).__name__


def _words(text):
    """Return msgspec's words, and which types there are where one is unknown."""
    if text.endswith(" - at `$.type`"):
        known = ", ".join(t.__struct_config__.tag for t in types.TYPES)
        return f"{text}: the types read are {known}"
    return text
