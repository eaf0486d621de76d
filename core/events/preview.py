"""Look at a stream without loading anything: for the test of a source."""

from contextlib import suppress

from ..errors import ReportingError
from .cloudevents import parse

COLUMNS = ("entry", "what it says")


def preview(stream, saved, limit=5):
    """Return (column names, rows) of the first events that wait to be read.

    :param stream: a :class:`~core.streams.base.Stream`, closed at the end
    :param saved: function → the position saved with the last load, or None
    :raise ReportingError: the stream cannot be read
    """
    try:
        stream.open(saved)
        batch = stream.read(limit, 1)
        stream.release(batch)
        return COLUMNS, [(entry.id, _said(entry)) for entry in batch.entries]
    finally:
        with suppress(ReportingError):
            stream.close()


def _said(entry):
    parsed = parse([entry.payload])
    if parsed.rejects:
        return f"is refused: {parsed.rejects[0].reason}"
    return ", ".join(f"{d.kind} {d.key}, version {d.version}" for d in parsed.documents)
