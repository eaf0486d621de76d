"""Documents out of events as a chunk for the store."""

from dataclasses import dataclass, field

from msgspec import structs

from ..records import Chunk, Road
from ..sources import contract
from . import rejects


def chunk_of(parsed, position=None):
    """Return the :class:`~core.records.Chunk` with what some events say.

    :param parsed: :class:`~core.events.cloudevents.Parsed`
    :param position: where the stream goes on once the chunk is committed
    """
    newest = _Newest()
    for document in parsed.documents:
        newest.add(document)
    documents, refused = newest.settled()
    keys, texts = {}, {}
    for document in documents:
        if document.kind != rejects.PROGRAM:
            keys.setdefault(document.kind, []).append(document.key)
        for stage, line in document.rows:
            texts.setdefault(stage, []).append(line)
    return Chunk(
        tables={stage: _writer(lines) for stage, lines in texts.items()},
        position=position or {},
        keys={kind: tuple(found) for kind, found in keys.items()},
        road=Road.EVENT,
        rejects=(*parsed.rejects, *refused),
    )


def _writer(lines):
    data = "".join(lines).encode()
    return lambda file: file.write(data)


@dataclass
class _Newest:
    """Of several versions of a document the highest, and what contradicts it."""

    found: dict = field(default_factory=dict)
    against: dict = field(default_factory=dict)

    def add(self, document):
        """Take in a document unless a higher version is here."""
        name = document.kind, document.key
        other = self.found.get(name)
        if other is None or document.version > other.version:
            self.found[name] = document
            self.against.pop(name, None)
        elif document.version == other.version and not _is_same(document, other):
            self.against.setdefault(name, []).append(document)

    def settled(self):
        """Return (documents to load, rejects)."""
        refused = [
            _refused(document, "equal version, other content")
            for documents in self.against.values()
            for document in documents
        ]
        documents = []
        for document in self.found.values():
            if _is_of_an_order(document):
                if not self._is_in_its_order(document):
                    refused.append(_strayed(document))
            else:
                documents.append(document)
        return documents, refused

    def _is_in_its_order(self, document):
        """Return whether the order's own document in this chunk has the row too."""
        point = document.data
        order = self.found.get((contract.ORDER_DOCUMENT, point.order_id))
        return order is not None and any(
            row.id == point.id and (row.version or 0) >= point.version
            for row in order.data.points
        )


def _is_same(document, other):
    """Return whether two documents say the same, whatever the order of their rows."""
    if document.data == other.data:
        return True
    is_order = document.kind == contract.ORDER_DOCUMENT
    return is_order and _ordered(document.data) == _ordered(other.data)


def _ordered(data):
    """Return an order's content in one order; its rows need not name it."""
    return data.order, [
        sorted(
            (structs.replace(row, order_id=None) for row in rows),
            key=lambda row: (row.id is None, row.id),
        )
        for rows in (data.lines, data.evaluations, data.points)
    ]


def _is_of_an_order(document):
    return (
        document.kind == contract.POINT_DOCUMENT and document.data.order_id is not None
    )


def _strayed(document):
    """Refuse a point row whose order's document must bring it."""
    point = document.data
    return rejects.reject(
        "point_transaction",
        point.order_id,
        document.key,
        f"belongs to order {point.order_id:.100}, whose document must bring it; "
        "settled when that comes",
        document.raw,
        contract.ORDER_DOCUMENT,
    )


def _refused(document, reason):
    table = TABLES[document.kind]
    return rejects.reject(
        table, document.key, document.key, reason, document.raw, document.kind,
        document.version,
    )  # fmt: skip


TABLES = dict(rejects.DOCUMENTS.values())
