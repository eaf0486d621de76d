"""The phases in which a database is read: which documents, in which order.

What a phase asks of the database is left to the reading of its kind
(:class:`~.engine_reading.EngineReading`): the queries for keys, and the rows of
documents.

Positions (JSON): ``first`` loads months in bulk; ``window`` reads the documents
touched by transactions ``low`` ≤ txid < ``high``; ``sweep`` reads all documents and
finds those that are gone, after the source was restored or truncated; ``backfill``
reads those from a day on. Within a phase documents come kind by kind, in the order of
their keys: ``kind`` and ``after`` tell how far.
"""

from dataclasses import replace
from datetime import date

from ..errors import SourceError
from ..records import Chunk
from . import contract
from .conditions import between

_WITH_DIMENSIONS = {"dimensions": True}


class Phases:
    """Reads a source phase by phase.

    :ivar server: the :class:`~.engine_server.Server` as the snapshot shows it
    """

    def plan(self, position):
        """Return the position to go on from, or to begin with.

        Where the server is not the one read before, or stands before our cursor, the
        engine was restored: everything is compared by key.
        """
        start = {"high": self.server.high, **self.server.identity}
        if position is None:
            return {"phase": "first", "months": [], **start}
        if self.server.is_where(position):
            return position
        return {"phase": "sweep", **start}

    def before_months(self, position):
        """Yield what the months need: the dimensions, and who held which membership.

        The position stays: read twice, it changes nothing.
        """
        kind = contract.MEMBERSHIP_DOCUMENT
        yield from self._dimensions("true", {})
        for chunk in self._documents(kind, self._all_keys(kind), {}):
            yield replace(chunk, position={})

    def chunks(self, position, documents_of):
        """Yield what follows ``position``, each chunk with the position after it."""
        if position["phase"] == "first":
            yield from self._rest_of_first(position)
            position = self._window(position["high"])
        elif position["phase"] == "sweep":
            yield from self._sweep(position)
            position = self._window(position["high"])
        yield from self._windows(position, documents_of)

    def waiting(self, position, documents_of):
        """Return kind → keys of the documents touched where a position has not read.

        :raise SourceError: all of them may be: a table was truncated
        """
        low, high = position["low"], self.server.begun
        if self._was_truncated(low, high):
            raise SourceError("A table of the source was truncated and not read since.")
        gone = self._deleted_documents(between(low, high), documents_of)
        found = {}
        for kind in contract.DOCUMENTS:
            touched = self._touched(kind, low, high)
            keys = self._found(f"SELECT key FROM ({touched}) t WHERE key IS NOT NULL")
            found[kind] = {*keys, *map(self._keys.ours, gone.get(kind, ()))}
        return found

    def count_since(self, day):
        """Return how many documents there are from a day (UTC) on."""
        counts = " UNION ALL ".join(
            f"SELECT count(*) FROM ({self._keys_since(kind, day)}) k"
            for kind in contract.DOCUMENTS
        )
        with self._connection.cursor() as cr:
            cr.execute(f"SELECT sum(count)::bigint FROM ({counts}) c")
            return cr.fetchone()[0]

    def backfill(self, position):
        """Yield the documents from the position's day on, each chunk with its place."""
        since = date.fromisoformat(position["since"])
        yield from self._dimensions("true", {})
        keys = {kind: self._keys_since(kind, since) for kind in contract.DOCUMENTS}
        done = position["done"]
        for chunk in self._kinds(keys, position):
            done += sum(map(len, chunk.keys.values()))
            yield replace(chunk, position={**chunk.position, "done": done}, stands=True)

    def _rest_of_first(self, position):
        """Yield documents that no month holds: without an order, or refused."""
        if position.get("sweep"):
            yield from self._sweep({**position, "phase": "sweep"})
            return
        yield from self._dimensions("true", position)
        position = {**position, **_WITH_DIMENSIONS}
        rest = {kind: self._outside_months(kind) for kind in contract.DOCUMENTS}
        if position["months"]:
            del rest[contract.MEMBERSHIP_DOCUMENT]  # read before the months
        yield from self._kinds(rest, position)
        yield Chunk({}, self._window(position["high"]), keys={}, completes=True)

    def _sweep(self, position):
        """Yield every document in the order of keys, with the range it covers."""
        yield from self._dimensions("true", position)
        position = {**position, **_WITH_DIMENSIONS}
        for kind in contract.DOCUMENTS:
            if self._is_behind(kind, position):
                continue
            is_begun = position.get("kind") == kind
            after = position.get("reached") if is_begun else None
            mine = position if is_begun else {**position, "kind": kind, "after": None}
            for chunk in self._documents(kind, self._all_keys(kind), mine):
                reached = self._keys.last_valid(chunk.keys[kind])
                if reached is None:
                    reached = after
                yield replace(
                    chunk,
                    position={**chunk.position, "reached": reached},
                    key_range=(kind, after, reached),
                    stands=True,
                )
                after = reached
            yield Chunk(
                {},
                {**mine, "after": None, "reached": None, "kind": kind, "ended": kind},
                keys={},
                key_range=(kind, after, None),
                stands=True,
            )
        yield Chunk({}, self._window(position["high"]), keys={}, completes=True)

    def _windows(self, position, documents_of):
        """Yield the touched documents of the window in hand, then of the next."""
        while position["low"] < self.server.high:
            low, high = position["low"], position.get("high") or self.server.high
            window = {**position, "high": high}
            if self._was_truncated(low, high):
                yield from self._sweep({**window, "phase": "sweep", "after": None})
            else:
                yield from self._dimensions(between(low, high), window)
                window |= _WITH_DIMENSIONS
                gone = self._deleted_documents(between(low, high), documents_of)
                if gone and window.get("gone") is not True:
                    yield from self._gone(gone, window)
                touched = {
                    kind: self._touched(kind, low, high) for kind in contract.DOCUMENTS
                }
                yield from self._kinds(touched, {**window, "gone": True})
                yield Chunk({}, self._window(high), keys={})
            position = self._window(high)

    def _gone(self, keys, position):
        """Yield the documents of which a row was deleted, whatever their version.

        The position's ``gone`` is the last (kind, key) that was read.
        """
        kinds = list(contract.DOCUMENTS)
        listed = [(kind, key) for kind, of_kind in keys.items() for key in of_kind]
        if position.get("gone"):
            kind, key = position["gone"]
            after = kinds.index(kind), key
            listed = [(k, key) for k, key in listed if (kinds.index(k), key) > after]
        size = self._source.chunk_documents
        for start in range(0, len(listed), size):
            some = {}
            for kind, key in listed[start : start + size]:
                some.setdefault(kind, []).append(key)
            yield Chunk(
                self._by_key(some),
                {**position, "gone": (kind, key)},
                {k: tuple(map(self._keys.ours, found)) for k, found in some.items()},
                guard=self.guard,
                stands=True,
            )

    def _kinds(self, queries, position):
        """Yield the documents of each kind whose keys its query returns."""
        for kind, query in queries.items():
            if not self._is_behind(kind, position):
                is_begun = position.get("kind") == kind
                mine = {**position, "kind": kind}
                mine["after"] = position.get("after") if is_begun else None
                yield from self._documents(kind, query, mine)

    def _is_behind(self, kind, position):
        """Tell whether a position lies behind all documents of a kind."""
        kinds = list(contract.DOCUMENTS)
        if position.get("ended"):
            return kinds.index(kind) <= kinds.index(position["ended"])
        at = position.get("kind")
        return bool(at) and kinds.index(kind) < kinds.index(at)

    def _window(self, low):
        return {"phase": "window", "low": low, **self.server.identity}
