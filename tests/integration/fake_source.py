"""A source in memory: documents as a test writes them, handed out in chunks."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from core.records import Chunk

_COLUMNS = {
    "stage_order": (
        "id partner_id store_id channel ordered_at amount_total currency"
        " is_first_order state refund_of company_id"
    ),
    "stage_line": (
        "id order_id program_id product_id qty amount discount points_earned"
        " points_redeemed"
    ),
    "stage_evaluation": "id order_id program_id partner_id evaluated_at outcome reason",
}


def document(key, at="2017-03-10 15:20:00+00", amounts=("9.99",), number=0, **columns):
    """An order with a line for each amount; `number` begins the ids of its lines."""
    row = {"id": key, "partner_id": number % 5, "store_id": 1, "channel": "pos"}
    row |= {"ordered_at": at, "currency": "USD", "state": "done", "company_id": 1}
    row["amount_total"] = "0"
    lines = [
        {"id": number * 100 + n, "order_id": key, "program_id": 1, "qty": 1}
        | {"amount": amount, "discount": 0, "points_earned": 0, "points_redeemed": 0}
        for n, amount in enumerate(amounts)
    ]
    return {"stage_order": [row | columns], "stage_line": lines}


@dataclass
class FakeSource:
    """Hands out lists of documents, one list a chunk; goes on where it ended.

    :ivar before_chunk: called with the chunk's number before it is handed out
    """

    chunks: list
    before_chunk: object = field(default=lambda number: None)
    type = "fake"

    def check(self):
        """Nothing can be wrong."""
        return []

    @contextmanager
    def reading(self):
        """A look at all chunks."""
        yield _Reading(self)


@dataclass
class _Reading:
    source: FakeSource
    lag_seconds = 0.0
    notice = ""

    def plan(self, position):
        return position or {"next": 0}

    def months(self, _position):
        return []

    def chunks(self, position, _documents_of):
        for number in range(position["next"], len(self.source.chunks)):
            self.source.before_chunk(number)
            yield _chunk(self.source.chunks[number], {"next": number + 1})


def _chunk(documents, position):
    tables = {}
    for table, names in _COLUMNS.items():
        rows = [row for d in documents for row in d.get(table, ())]
        tables[table] = _writer(rows, names.split())
    keys = tuple(row["id"] for d in documents for row in d["stage_order"])
    return Chunk(tables, position, {"order": keys})


def _writer(rows, names):
    def write(file):
        for row in rows:
            values = [row.get(name) for name in names] + [1]
            text = "\t".join(r"\N" if v is None else str(v) for v in values)
            file.write(f"{text}\n".encode())

    return write
