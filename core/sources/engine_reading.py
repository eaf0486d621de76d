"""One snapshot of the engine: which documents changed, and their rows."""

from contextlib import suppress
from dataclasses import replace
from itertools import islice

import psycopg2
from psycopg2 import extensions

from ..records import Chunk
from . import contract, engine_server
from .explain import explained
from .utf8 import KeyText, Utf8Guard

_CHILDREN = ("order_promotion_line", "promotion_evaluation")
_STAGES = {
    "processed_order": ("stage_order", "id"),
    "order_promotion_line": ("stage_line", "order_id"),
    "promotion_evaluation": ("stage_evaluation", "order_id"),
}
_OF_OURS = "table_name IN ('" + "', '".join(_STAGES) + "')"
_WITH_PROGRAMS = {"programs": True}


class EngineReading:
    """Reads whole documents out of one REPEATABLE READ snapshot.

    :ivar server: the :class:`~.engine_server.Server` as the snapshot shows it
    """

    def __init__(self, source, connection):
        self._source = source
        self._connection = connection
        with connection.cursor() as cr:
            self.server = engine_server.ask(cr, source.queries)
        self.lag_seconds, self.notice = self.server.lag_seconds, self.server.notice
        unchecked = connection.get_parameter_status("server_encoding") == "SQL_ASCII"
        self.guard = Utf8Guard if unchecked else None
        self._keys = KeyText(unchecked)

    # ------------------------------------------------------------ positions

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

    def months(self, position):
        """Return the months with orders that a first load has not done."""
        if position["phase"] != "first":
            return []
        with self._connection.cursor() as cr:
            cr.execute(
                "SELECT DISTINCT date_trunc('month', ordered_at AT TIME ZONE 'UTC')::date"
                f" FROM ({self._query('processed_order')}) q"
                " WHERE ordered_at >= timestamptz '2000-01-01 00:00Z'"
                " AND ordered_at < date_trunc('day', now(), 'UTC') + interval '2 days'"
                " ORDER BY 1"
            )
            found = [month for (month,) in cr.fetchall()]
        return [m for m in found if m.isoformat() not in position["months"]]

    def month(self, month):
        """Return a chunk with the orders of a month and all that belongs to them."""
        orders = f"({self._query('processed_order')})"
        tables = {"stage_order": self._copier("processed_order", _in_month("q", month))}
        for table in _CHILDREN:
            stage, _key = _STAGES[table]
            tables[stage] = self._copier(
                table, _in_month("o", month), f"JOIN {orders} o ON o.id = q.order_id"
            )
        return Chunk(tables, month=month, guard=self.guard)

    def chunks(self, position, documents_of):
        """Yield what follows ``position``, each chunk with the position after it."""
        if position["phase"] == "first":
            yield from self._rest_of_first(position)
            position = self._window(position["high"])
        elif position["phase"] == "sweep":
            yield from self._sweep(position)
            position = self._window(position["high"])
        yield from self._windows(position, documents_of)

    def documents(self, keys):
        """Return a chunk with all programs and some documents, out of turn."""
        tables = {
            "stage_program": self._copier("program", "true"),
            **self._by_key([self._keys.theirs(key) for key in keys]),
        }
        return Chunk(tables, keys=tuple(keys), guard=self.guard)

    # ------------------------------------------------------------ the phases

    def _rest_of_first(self, position):
        """Yield documents that no month holds: without an order, or refused."""
        yield from self._programs("true", position)
        position = {**position, **_WITH_PROGRAMS}
        if position.get("sweep"):
            yield from self._sweep({**position, "phase": "sweep", "after": None})
            return
        orders = f"({self._query('processed_order')})"
        keys = " UNION ".join(
            [
                f"SELECT id::text AS key FROM {orders} q WHERE ordered_at IS NULL"
                " OR NOT (ordered_at >= timestamptz '2000-01-01 00:00Z' AND ordered_at"
                " < date_trunc('day', now(), 'UTC') + interval '2 days')",
                *(
                    f"SELECT order_id::text FROM ({self._query(t)}) q WHERE NOT EXISTS"
                    f" (SELECT FROM {orders} o WHERE o.id = q.order_id)"
                    for t in _CHILDREN
                ),
            ]
        )
        yield from self._documents(keys, position)
        yield Chunk({}, self._window(position["high"]), keys=())

    def _sweep(self, position):
        """Yield every document in the order of keys, with the range it covers."""
        yield from self._programs("true", position)
        position = {**position, **_WITH_PROGRAMS}
        keys = " UNION ".join(
            f"SELECT {key}::text AS key FROM ({self._query(table)}) q"
            for table, (_stage, key) in _STAGES.items()
        )
        after = position.get("reached") or ""
        for chunk in self._documents(keys, position):
            reached = self._keys.last_valid(chunk.keys) or after
            yield replace(
                chunk,
                position={**chunk.position, "reached": reached},
                key_range=(after, reached),
            )
            after = reached
        yield Chunk(
            {}, self._window(position["high"]), keys=(), key_range=(after, None)
        )

    def _windows(self, position, documents_of):
        """Yield the touched documents of the window in hand, then of the next."""
        while position["low"] < self.server.high:
            low, high = position["low"], position.get("high") or self.server.high
            window = {**position, "high": high}
            if self._was_truncated(low, high):
                yield from self._sweep({**window, "phase": "sweep", "after": None})
            else:
                yield from self._programs(_between(low, high), window)
                keys = self._touched(low, high, documents_of)
                yield from self._documents(keys, {**window, **_WITH_PROGRAMS})
                yield Chunk({}, self._window(high), keys=())
            position = self._window(high)

    def _window(self, low):
        return {"phase": "window", "low": low, **self.server.identity}

    # ------------------------------------------------------------ reading

    def _query(self, table):
        return self._source.queries[table]

    def _literal(self, value):
        """Return a value as SQL.

        Statements that hold an extraction query are executed as they are: a percent
        sign there is no place for a parameter.
        """
        with self._connection.cursor() as cr:
            encoding = extensions.encodings[self._connection.encoding]
            return cr.mogrify("%s", [value]).decode(encoding)

    def _documents(self, keys, position):
        """Yield chunks of the documents whose keys a query returns, by key.

        Rows without a document key are read under the empty key. The position's
        ``after`` is the last key that was read; without it, all are.
        """
        cr = self._connection.cursor(name="loyalty_reporting_keys")
        try:
            cr.itersize = 20000
            after = self._literal(position.get("after"))
            cr.execute(
                "SELECT DISTINCT coalesce(key, '') COLLATE \"C\" AS key"
                f" FROM ({keys}) k WHERE {after}::text IS NULL"
                f" OR coalesce(key, '') COLLATE \"C\" > {after} ORDER BY 1"
            )
            rows = iter(cr)
            while chunk := [k for (k,) in islice(rows, self._source.chunk_documents)]:
                yield Chunk(
                    self._by_key(chunk),
                    {**position, "after": chunk[-1]},
                    tuple(self._keys.ours(key) for key in chunk),
                    guard=self.guard,
                )
        finally:
            # Of a connection that broke, there is nothing to close.
            with suppress(psycopg2.Error):
                cr.close()

    def _by_key(self, keys):
        """Return the writers of all rows of some documents."""
        wanted = f"ANY({self._literal(keys)})"
        tables = {}
        for table, (stage, key) in _STAGES.items():
            condition = f"q.{key} = {wanted}"
            if "" in keys:
                condition = f"({condition} OR q.{key} IS NULL)"
            tables[stage] = self._copier(table, condition)
        return tables

    def _programs(self, condition, position):
        """Yield the programs, unless the position says that they were read."""
        if not position.get("programs"):
            writer = self._copier("program", condition)
            position = {**position, **_WITH_PROGRAMS}
            yield Chunk({"stage_program": writer}, position, keys=(), guard=self.guard)

    def _copier(self, table, condition, join=""):
        """Return a function that copies the rows of a table into a file."""
        statement = (
            f"COPY (SELECT {contract.columns(table)} FROM ({self._query(table)}) q"
            f" {join} WHERE {condition}) TO STDOUT"
        )

        def write(file):
            with explained(), self._connection.cursor() as cr:
                cr.copy_expert(statement, file)

        return write

    # ------------------------------------------------------------ the cursor

    def _touched(self, low, high, documents_of):
        """Return a query for the keys of all documents touched in a window."""
        between = _between(low, high)
        parts = [
            f"SELECT {key}::text AS key FROM ({self._query(table)}) q WHERE {between}"
            for table, (_stage, key) in _STAGES.items()
        ]
        gone = self._deleted_documents(between, documents_of)
        if gone:
            parts.append(f"SELECT unnest({self._literal(gone)}::text[])")
        return " UNION ".join(parts)

    def _deleted_documents(self, between, documents_of):
        """Return the keys of documents of which a row was deleted."""
        with self._connection.cursor() as cr:
            cr.execute(
                "SELECT d.table_name, d.key, to_jsonb(d) ->> 'order_id'"
                f" FROM ({self._query('deleted')}) d"
                f" WHERE {between} AND {_OF_OURS}"
            )
            rows = cr.fetchall()
        keys = {key for table, key, _order in rows if table == "processed_order"}
        keys |= {order for _table, _key, order in rows if order}
        for table in _CHILDREN:
            orphans = [k for t, k, order in rows if t == table and not order]
            if orphans:
                # Where no order is named, the row may also have been one without.
                found = documents_of(table, map(int, filter(_is_integer, orphans)))
                keys |= {"", *map(self._keys.theirs, found)}
        return sorted(keys)

    def _was_truncated(self, low, high):
        with self._connection.cursor() as cr:
            cr.execute(
                f"SELECT EXISTS (SELECT FROM ({self._query('deleted')}) d"
                f" WHERE {_between(low, high)} AND key IS NULL AND {_OF_OURS})"
            )
            return cr.fetchone()[0]


def _in_month(alias, month):
    first = f"timestamptz '{month:%Y-%m-%d} 00:00Z'"
    return (
        f"{alias}.ordered_at >= {first} AND "
        f"{alias}.ordered_at < {first} + interval '1 month'"
    )


def _between(low, high):
    return f"txid >= '{int(low)}'::xid8 AND txid < '{int(high)}'::xid8"


def _is_integer(text):
    return text.lstrip("-").isdecimal()
