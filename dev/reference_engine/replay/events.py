"""A document as a CloudEvent 1.0 in JSON."""

import uuid
from datetime import UTC, date, datetime

import simplejson

from .rows import Document

SOURCE = "/engine"


def cloud_event(document: Document, time: datetime, event_id: str | None = None) -> str:
    """The event's text; decimals with all their digits, instants in UTC with a Z.

    event_id: unique within the source; a new one unless given.
    """
    event = {
        "specversion": "1.0",
        "id": event_id or str(uuid.uuid4()),
        "source": SOURCE,
        "type": document.type,
        "subject": document.subject,
        "time": time,
        "datacontenttype": "application/json",
        "data": document.data,
    }
    return simplejson.dumps(
        event, use_decimal=True, default=_text, separators=(",", ":")
    )


def _text(value) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in an event")
