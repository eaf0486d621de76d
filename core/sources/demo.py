"""The demo's shop as a source: so that there are figures before an engine is there.

Its position says when the shop was opened, and how far its days are told. What happens
later than now is not told yet: the next run goes on. Without a position there is no
shop: whatever document is asked for is gone.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

from ..records import Chunk
from ..stores.copying import written
from . import contract
from .demo_shop import DIMENSIONS, history

# How long the shop has been open when it is read for the first time.
DAYS = 210
_BEGINNING = "2000-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class DemoSource:
    """A source record of type ``demo``.

    :param timezone: in which the shop has its hours, when it is opened
    :param currency: in which it sells, likewise
    :param position: as it was saved, if the shop is open
    :param clock: tells until when its days are played: now
    """

    timezone: str
    currency: str
    position: Mapping | None = None
    clock: Callable = partial(datetime.now, UTC)

    type = "demo"

    def check(self):
        """Return no fault: nothing can be missing."""
        return []

    def preview(self, table, limit=5):
        """Return (names of columns, the last rows) of a table of the contract."""
        reading = DemoReading(self)
        reading.plan(self.position)
        rows = list(DIMENSIONS.get(table, ()))
        for document in reading.history():
            rows += document.rows.get(table, ())
        names = [name for name in contract.TABLES[table] if name != "txid"]
        return names, [tuple(map(row.get, names)) for row in rows[-limit:]]

    @contextmanager
    def reading(self):
        """Open a :class:`DemoReading`."""
        yield DemoReading(self)


class DemoReading:
    """The shop's days until now."""

    lag_seconds = 0.0
    notice = ""

    def __init__(self, source):
        self._source, self._position = source, source.position
        self._now = source.clock().replace(microsecond=0)

    def plan(self, position):
        """Return the position to go on from; a shop is opened where there is none."""
        self._position = position or {
            "phase": "window",
            "since": (self._now.date() - timedelta(days=DAYS)).isoformat(),
            "timezone": self._source.timezone,
            "currency": self._source.currency,
        }
        return self._position

    def history(self):
        """Return what happened until now, as :class:`~core.sources.demo_shop.Document` records."""
        if not self._position:
            return []
        opened = date.fromisoformat(self._position["since"])
        where = self._position["timezone"], self._position["currency"]
        return list(history(opened, self._now, *where))

    def months(self, _position):
        """Return none: so few documents need no bulk load."""
        return []

    def chunks(self, position, _documents_of):
        """Yield what happened since the last run, a month in each chunk."""
        months = defaultdict(list)
        for document in self._not_told():
            months[document.at.year, document.at.month].append(document)
        for documents in months.values():
            position = {**position, "until": documents[-1].at.isoformat()}
            yield _chunk(documents, position=position)

    # ------------------------------------------------------------ out of turn

    def documents(self, keys):
        """Return the chunk of some documents."""
        found = [d for d in self._told() if d.key in keys.get(d.kind, ())]
        return _chunk(found, keys=keys)

    def count_since(self, day):
        """Return how many documents there are from a day (UTC) on."""
        return sum(document.at.date() >= day for document in self._told())

    def backfill(self, position):
        """Yield the documents from the position's day on."""
        since = date.fromisoformat(position["since"])
        found = [document for document in self._told() if document.at.date() >= since]
        yield _chunk(found, position={**position, "done": len(found)})

    # ------------------------------------------------------------ reconciliation

    def waiting(self, _position, _documents_of):
        """Return kind → keys of the documents that happened since the last run."""
        return _keys(self._not_told())

    def month(self, month):
        """Return the chunk with the orders of a UTC month."""
        orders = [d for d in self._of(month) if d.kind == contract.ORDER_DOCUMENT]
        return _chunk(orders, month=month)

    def beside_month(self, month):
        """Return kind → keys of the month's other documents."""
        return _keys(d for d in self._of(month) if d.kind != contract.ORDER_DOCUMENT)

    def differences(self):
        """Return none."""
        return []

    def _of(self, month):
        return [d for d in self._told() if d.at.date().replace(day=1) == month]

    def _told(self):
        return [d for d in self.history() if d.at <= self._until]

    def _not_told(self):
        return [d for d in self.history() if d.at > self._until]

    @property
    def _until(self):
        known = self._position or {}
        return datetime.fromisoformat(known.get("until", _BEGINNING))


def _chunk(documents, keys=None, **more):
    """Return a chunk; with documents come the programs, levels and cards they name."""
    rows = {table: list(known) for table, known in DIMENSIONS.items() if documents}
    for document in documents:
        for table, found in document.rows.items():
            rows.setdefault(table, []).extend(found)
    tables = {
        contract.STAGES[t]: partial(_write, t, found) for t, found in rows.items()
    }
    if "month" not in more:
        more["keys"] = keys if keys is not None else _keys(documents)
    return Chunk(tables, stands=True, **more)


def _keys(documents):
    keys = defaultdict(list)
    for document in documents:
        keys[document.kind].append(document.key)
    return {kind: tuple(found) for kind, found in keys.items()}


def _write(table, rows, file):
    names = [name for name in contract.TABLES[table] if name != "txid"]
    for row in rows:
        fields = "\t".join(f"{written(row.get(name))}" for name in names)
        file.write(f"{fields}\n".encode())
