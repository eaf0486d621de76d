"""What the dead letters say of an event that is refused."""

from contextlib import suppress

import msgspec

from ..records import Reject
from ..sources import contract
from . import types

EVENT = "event"
PROGRAM = "program"
KEPT = 100_000
# Type of an event → kind of its document, the table that has its key.
DOCUMENTS = {
    types.OrderProcessed: (contract.ORDER_DOCUMENT, "processed_order"),
    types.MembershipChanged: (contract.MEMBERSHIP_DOCUMENT, "membership_event"),
    types.PointsChanged: (contract.POINT_DOCUMENT, "point_transaction"),
    types.ProgramChanged: (PROGRAM, "program"),
}
# Numbers may be beyond everything: nobody wants to know them here.
_decode = msgspec.json.Decoder(float_hook=str).decode
_BY_NAME = {
    event.__struct_config__.tag: (event, *DOCUMENTS[event]) for event in types.TYPES
}


class Refused(Exception):
    """An event cannot be read; the message is the reason."""


def unreadable(raw, reason):
    """Refuse an event, by the names that can still be read in it."""
    table, kind, key, row_key = EVENT, None, None, None
    # Whatever is wrong with it: it is only looked at for names.
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        known = _decode(raw)
        if isinstance(known, dict):
            row_key = _name(known)
            table, kind, key = _document(known)
    if kind:
        row_key = key
    return reject(table, key, row_key, reason, raw, kind)


def reject(table, key, row_key, reason, raw, kind, version=None):  # noqa: PLR0913, PLR0917 (columns)
    """Return a dead letter in text that PostgreSQL can keep."""
    if kind == PROGRAM:
        # A program is no document: its row alone tells it apart.
        kind = key = None
    return Reject(
        table,
        _text(key),
        _text(row_key),
        _text(reason),
        kept(raw),
        kind or None,
        version,
    )


def _document(known):
    """Return (table, kind, key) of the document that an event speaks of."""
    event = _BY_NAME.get(known.get("type") if _is_text(known.get("type")) else None)
    data = known.get("data")
    if not event or not isinstance(data, dict):
        return EVENT, None, None
    event_type, kind, table = event
    if event_type is types.OrderProcessed:
        order = data.get("order")
        key = order.get("id") if isinstance(order, dict) else None
        key = key if _is_text(key) else None
    else:
        key = data.get("id")
        key = str(key) if type(key) is int and abs(key) < 1 << 63 else None
    return (table, kind, key) if key else (EVENT, None, None)


def _name(known):
    """Return an event's source and id, or None if it lacks one of them."""
    names = known.get("source"), known.get("id")
    return " ".join(names) if all(map(_is_text, names)) else None


def _is_text(value):
    return isinstance(value, str) and value != ""


def kept(raw):
    """Return what the dead letters keep of an event as it came."""
    text = raw[:KEPT].decode(errors="replace")
    return _text(text if len(raw) <= KEPT else f"{text} … ({len(raw)} bytes)")


def _text(value):
    return value and value.replace("\0", "\N{REPLACEMENT CHARACTER}")
