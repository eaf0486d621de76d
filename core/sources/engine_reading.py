"""One snapshot of the engine: the queries for its documents, and their rows."""

from contextlib import suppress
from itertools import islice

import psycopg2
from psycopg2 import extensions

from ..records import Chunk
from . import contract, engine_server
from .conditions import between, has_key, in_month, is_instant, is_integer
from .explain import explained
from .phases import Phases
from .utf8 import KeyText, Utf8Guard

# Tables that hold documents, or parts of them.
_FACTS = {table for parts in contract.DOCUMENTS.values() for table in parts}
_OF_OURS = "table_name IN ('" + "', '".join(sorted(_FACTS)) + "')"
_WITH_DIMENSIONS = {"dimensions": True}
# What decides on the months of a first load: an order's rows belong to the month of
# the order, bookings without an order to their own.
_IN_MONTHS = (
    (contract.ORDER_DOCUMENT, "processed_order", "ordered_at"),
    (contract.POINT_DOCUMENT, "point_transaction", "occurred_at"),
)


class EngineReading(Phases):
    """Reads whole documents out of one REPEATABLE READ snapshot.

    :param given: table → the columns that its extraction query gives; all by default
    """

    def __init__(self, source, connection, given=None):
        self._source = source
        self._given = given or {}
        self._connection = connection
        with connection.cursor() as cr:
            self.server = engine_server.ask(cr, source.queries)
        self.lag_seconds, self.notice = self.server.lag_seconds, self.server.notice
        unchecked = connection.get_parameter_status("server_encoding") == "SQL_ASCII"
        self.guard = Utf8Guard if unchecked else None
        self._keys = KeyText(unchecked)

    def months(self, position):
        """Return the months with orders or bookings that a first load has not done."""
        if position["phase"] != "first":
            return []
        found = " UNION ".join(
            f"SELECT DISTINCT date_trunc('month', {column} AT TIME ZONE 'UTC')::date AS m"
            f" FROM ({self._query(table)}) q WHERE {is_instant('q.' + column)}"
            f"{has_key(kind, table)}"
            for kind, table, column in _IN_MONTHS
        )
        with self._connection.cursor() as cr:
            cr.execute(f"SELECT m FROM ({found}) f ORDER BY 1")
            months = [month for (month,) in cr.fetchall()]
        return [m for m in months if m.isoformat() not in position["months"]]

    def month(self, month):
        """Return a chunk with the orders and bookings of a month."""
        orders = f"({self._query('processed_order')})"
        of_orders = in_month("o.ordered_at", month)
        tables = {}
        for table in contract.DOCUMENTS[contract.ORDER_DOCUMENT]:
            write = self._copier(
                table, of_orders, f"JOIN {orders} o ON o.id = q.order_id"
            )
            if table == "processed_order":
                write = self._copier(table, in_month("q.ordered_at", month))
            elif table == "point_transaction":
                bookings = f"q.order_id IS NULL AND {in_month('q.occurred_at', month)}"
                write = _in_turn(write, self._copier(table, bookings))
            tables[contract.STAGES[table]] = write
        return Chunk(tables, month=month, guard=self.guard)

    def documents(self, keys):
        """Return a chunk with all dimensions and some documents, out of turn.

        :param keys: kind of document → keys
        """
        tables = {
            contract.STAGES[table]: self._copier(table, "true")
            for table in contract.DIMENSIONS
        }
        wanted = {
            kind: [self._keys.theirs(key) for key in of_kind]
            for kind, of_kind in keys.items()
        }
        tables |= self._by_key(wanted)
        keys = {kind: tuple(of_kind) for kind, of_kind in keys.items()}
        return Chunk(tables, keys=keys, guard=self.guard, stands=True)

    def beside_month(self, month):
        """Return kind → keys of the documents of a month that its chunk leaves out.

        Events of memberships, and baskets that were evaluated and never became orders.
        """
        member, order = contract.MEMBERSHIP_DOCUMENT, contract.ORDER_DOCUMENT
        queries = {
            member: f"SELECT q.id::text FROM ({self._query('membership_event')}) q"
            f" WHERE {in_month('q.occurred_at', month)}",
            order: "SELECT DISTINCT q.order_id::text"
            f" FROM ({self._query('promotion_evaluation')}) q"
            f" WHERE {in_month('q.evaluated_at', month)} AND q.order_id IS NOT NULL"
            f" AND NOT EXISTS (SELECT FROM ({self._query('processed_order')}) o"
            " WHERE o.id = q.order_id)",
        }
        return {kind: self._found(query) for kind, query in queries.items()}

    def differences(self):
        """Return what the source itself reports as not in order: nothing.

        :return: :class:`~core.records.SourceDifference` records
        """
        return []

    def _outside_months(self, kind):
        """Return a query for the keys of a kind that no month's chunk holds."""
        if kind == contract.MEMBERSHIP_DOCUMENT:
            return self._all_keys(kind)
        orders = f"({self._query('processed_order')})"
        points = f"({self._query('point_transaction')})"
        if kind == contract.POINT_DOCUMENT:
            return (
                f"SELECT id::text AS key FROM {points} q WHERE order_id IS NULL"
                f" AND ({is_instant('occurred_at')}) IS NOT TRUE"
            )
        children = set(contract.DOCUMENTS[kind]) - {"processed_order"}
        return " UNION ".join(
            [
                f"SELECT id::text AS key FROM {orders} q"
                f" WHERE ({is_instant('ordered_at')}) IS NOT TRUE",
                *(
                    f"SELECT order_id::text FROM ({self._query(t)}) q WHERE NOT EXISTS"
                    f" (SELECT FROM {orders} o WHERE o.id = q.order_id)"
                    f"{has_key(kind, t)}"
                    for t in sorted(children)
                ),
            ]
        )

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

    def _found(self, query):
        """Return the keys that a query returns, as we write them."""
        with explained(), self._connection.cursor() as cr:
            cr.execute(query)
            return [self._keys.ours(key) for (key,) in cr.fetchall()]

    def _all_keys(self, kind):
        """Return a query for the keys of all documents of a kind."""
        return " UNION ".join(
            f"SELECT q.{key}::text AS key FROM ({self._query(table)}) q"
            f" WHERE true{has_key(kind, table)}"
            for table, key in contract.DOCUMENTS[kind].items()
        )

    def _keys_since(self, kind, day):
        """Return a query for the keys of the documents of a kind from a day on."""
        return " UNION ".join(
            f"SELECT q.{contract.DOCUMENTS[kind][table]}::text AS key"
            f" FROM ({self._query(table)}) q"
            f" WHERE q.{column} >= timestamptz '{day:%Y-%m-%d} 00:00Z'"
            f"{has_key(kind, table)}"
            for table, column in contract.INSTANTS.items()
            if table in contract.DOCUMENTS[kind]
        )

    def _documents(self, kind, keys, position):
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
                    self._by_key({kind: chunk}),
                    {**position, "kind": kind, "after": chunk[-1]},
                    {kind: tuple(self._keys.ours(key) for key in chunk)},
                    guard=self.guard,
                )
        finally:
            # Of a connection that broke, there is nothing to close.
            with suppress(psycopg2.Error):
                cr.close()

    def _by_key(self, keys):
        """Return the writers of all rows of some documents (kind → keys)."""
        conditions = {}
        for kind, of_kind in keys.items():
            for table, key in contract.DOCUMENTS[kind].items():
                found = self._has_one_of(table, key, of_kind)
                conditions.setdefault(table, []).append(
                    f"({found}{has_key(kind, table)})"
                )
        return {
            contract.STAGES[table]: self._copier(table, " OR ".join(parts))
            for table, parts in conditions.items()
        }

    def _has_one_of(self, table, key, keys):
        """Return the test that a row belongs to one of some documents."""
        if contract.TABLES[table][key] == contract.TEXT:
            condition = f"q.{key} = ANY({self._literal(keys)})"
        else:
            numbers = [int(k) for k in keys if is_integer(k)]
            condition = f"q.{key} = ANY({self._literal(numbers)}::bigint[])"
        return f"({condition} OR q.{key} IS NULL)" if "" in keys else condition

    def _dimensions(self, condition, position):
        """Yield the dimensions of which a condition holds, if it holds of any.

        Not those that were read, as the position says.
        """
        if position.get("dimensions") or not self._is_any_dimension(condition):
            return
        tables = {
            contract.STAGES[table]: self._copier(table, condition)
            for table in contract.DIMENSIONS
        }
        position = {**position, **_WITH_DIMENSIONS} if position else {}
        yield Chunk(tables, position, keys={}, guard=self.guard)

    def _is_any_dimension(self, condition):
        found = " OR ".join(
            f"EXISTS (SELECT FROM ({self._query(table)}) q WHERE {condition})"
            for table in contract.DIMENSIONS
        )
        with explained(), self._connection.cursor() as cr:
            cr.execute(f"SELECT {found}")
            return cr.fetchone()[0]

    def _copier(self, table, condition, join=""):
        """Return a function that copies the rows of a table into a file."""
        statement = (
            f"COPY (SELECT {contract.columns(table, self._given.get(table))} FROM ({self._query(table)}) q"
            f" {join} WHERE {condition}) TO STDOUT"
        )

        def write(file):
            with explained(), self._connection.cursor() as cr:
                cr.copy_expert(statement, file)

        return write

    def _touched(self, kind, low, high):
        """Return a query for the keys of all documents of a kind touched in a window."""
        return " UNION ".join(
            f"SELECT q.{key}::text AS key FROM ({self._query(table)}) q"
            f" WHERE {between(low, high)}{has_key(kind, table)}"
            for table, key in contract.DOCUMENTS[kind].items()
        )

    def _deleted_documents(self, between, documents_of):
        """Return {kind: keys} of the documents of which a row was deleted."""
        with self._connection.cursor() as cr:
            cr.execute(
                "SELECT d.table_name, d.key, to_jsonb(d) ->> 'order_id'"
                f" FROM ({self._query('deleted')}) d"
                f" WHERE {between} AND {_OF_OURS}"
            )
            rows = cr.fetchall()
        found = set()
        orphans = {}
        for table, key, order in rows:
            if order or table == "processed_order":
                found.add((contract.ORDER_DOCUMENT, order or key))
            elif table == "membership_event":
                found.add((contract.MEMBERSHIP_DOCUMENT, key))
            else:
                orphans.setdefault(table, []).append(key)
        for table, keys in orphans.items():
            # Where no order is named, the row may also have been one without.
            kind = contract.ORDER_DOCUMENT
            if table == "point_transaction":
                kind = contract.POINT_DOCUMENT
                found |= {(kind, key) for key in keys}
            else:
                found.add((kind, ""))
            holders = documents_of(table, map(int, filter(is_integer, keys)))
            found |= {(kind, self._keys.theirs(key)) for kind, key in holders}
        by_kind = {kind: [] for kind in contract.DOCUMENTS}
        for kind, key in sorted(found):
            by_kind[kind].append(key)
        return {kind: keys for kind, keys in by_kind.items() if keys}

    def _was_truncated(self, low, high):
        with self._connection.cursor() as cr:
            cr.execute(
                f"SELECT EXISTS (SELECT FROM ({self._query('deleted')}) d"
                f" WHERE {between(low, high)} AND key IS NULL AND {_OF_OURS})"
            )
            return cr.fetchone()[0]


def _in_turn(*writers):
    """Return a function that lets several write into a file, one after the other."""

    def write(file):
        for writer in writers:
            writer(file)

    return write
