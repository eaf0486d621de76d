"""One snapshot of the engine: which documents changed, and their rows."""

from itertools import islice

from ..records import Chunk
from . import contract
from .explain import explained
from .utf8 import Utf8Guard

_CHILDREN = ("order_promotion_line", "promotion_evaluation")
_STAGES = {
    "processed_order": ("stage_order", "id"),
    "order_promotion_line": ("stage_line", "order_id"),
    "promotion_evaluation": ("stage_evaluation", "order_id"),
}


class EngineReading:
    """Reads whole documents out of one REPEATABLE READ snapshot.

    :ivar high: transactions from here on belong to the next run
    :ivar identity: which server this is; another one was restored or replaced
    :ivar lag_seconds: age of the oldest transaction that holds the cursor back
    """

    def __init__(self, source, connection):
        self._source = source
        self._connection = connection
        with connection.cursor() as cr:
            cr.execute(
                "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint,"
                " current_setting('server_encoding')"
                " FROM pg_current_snapshot() s"
            )
            self.high, self._xmax, encoding = cr.fetchone()
            self.identity = self._identify(cr)
            self.lag_seconds, self.notice = _blocker(cr, self.high)
        self.guard = Utf8Guard if encoding == "SQL_ASCII" else None

    # ------------------------------------------------------------ positions

    def plan(self, position):
        """Return the position to go on from, or to begin with.

        A server other than the one read before, or one whose transaction counter
        stands before our cursor, was restored: everything is compared by key.
        """
        if position is None:
            return {"phase": "first", "high": self.high, "months": [], **self.identity}
        if position["phase"] == "sweep":
            return position
        same = all(position.get(k) == v for k, v in self.identity.items())
        if not same or self._xmax < self._reached(position) or self._has_future():
            return {"phase": "sweep", "high": self.high, "after": "", **self.identity}
        return position

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
        elif position["phase"] == "sweep":
            yield from self._sweep(position)
        else:
            yield from self._windows(position, documents_of)

    def documents(self, keys):
        """Return a chunk with some documents, to be read out of turn."""
        return Chunk(self._by_key(list(keys)), keys=tuple(keys), guard=self.guard)

    # ------------------------------------------------------------ the phases

    def _rest_of_first(self, position):
        """Yield documents that no month holds: without an order, or refused."""
        yield self._programs("true", position)
        if position.get("sweep"):
            yield from self._sweep({**position, "phase": "sweep", "after": ""})
            return
        orders = f"({self._query('processed_order')})"
        keys = " UNION ".join(
            [
                f"SELECT id AS key FROM {orders} q WHERE ordered_at IS NULL"
                " OR NOT (ordered_at >= timestamptz '2000-01-01 00:00Z' AND ordered_at"
                " < date_trunc('day', now(), 'UTC') + interval '2 days')",
                *(
                    f"SELECT order_id FROM ({self._query(t)}) q WHERE NOT EXISTS"
                    f" (SELECT FROM {orders} o WHERE o.id = q.order_id)"
                    for t in _CHILDREN
                ),
            ]
        )
        yield from self._documents(keys, position, after=position.get("after", ""))
        yield Chunk({}, self._window(position["high"]), keys=())

    def _sweep(self, position):
        """Yield every document in the order of keys, with the range it covers."""
        yield self._programs("true", position)
        keys = " UNION ".join(
            f"SELECT {key} AS key FROM ({self._query(table)}) q"
            for table, (_stage, key) in _STAGES.items()
        )
        after = position["after"]
        for chunk in self._documents(keys, position, after):
            yield Chunk(
                chunk.tables,
                chunk.position,
                chunk.keys,
                key_range=(after, chunk.keys[-1]),
                guard=self.guard,
            )
            after = chunk.keys[-1]
        yield Chunk(
            {}, self._window(position["high"]), keys=(), key_range=(after, None)
        )

    def _windows(self, position, documents_of):
        """Yield the touched documents of the window in hand, then of the next."""
        while True:
            low, high = position["low"], position.get("high") or self.high
            window = {**position, "high": high}
            if low < high:
                if self._was_truncated(low, high):
                    yield from self._sweep({**window, "phase": "sweep", "after": ""})
                    return
                yield self._programs(_between(low, high), window)
                keys = self._touched(low, high, documents_of)
                yield from self._documents(keys, window, window.get("after", ""))
            position = self._window(high)
            yield Chunk({}, position, keys=())
            if high >= self.high:
                return

    def _window(self, low):
        return {"phase": "window", "low": low, **self.identity}

    # ------------------------------------------------------------ reading

    def _query(self, table):
        return self._source.queries[table]

    def _documents(self, keys, position, after):
        """Yield chunks of the documents whose keys a query returns, by key."""
        with self._connection.cursor(name="loyalty_reporting_keys") as cr:
            cr.itersize = 20000
            # A row without a document key is read under the empty key.
            cr.execute(
                "SELECT DISTINCT coalesce(key, '') COLLATE \"C\" AS key"
                f" FROM ({keys}) k WHERE coalesce(key, '') COLLATE \"C\" > %s"
                " OR (key IS NULL AND %s = '') ORDER BY 1",
                [after, after],
            )
            rows = iter(cr)
            while chunk := [k for (k,) in islice(rows, self._source.chunk_documents)]:
                yield Chunk(
                    self._by_key(chunk),
                    {**position, "after": chunk[-1]},
                    tuple(chunk),
                    guard=self.guard,
                )

    def _by_key(self, keys):
        """Return the writers of all rows of some documents."""
        with self._connection.cursor() as cr:
            wanted = cr.mogrify("ANY(%s)", [keys]).decode()
        tables = {}
        for table, (stage, key) in _STAGES.items():
            condition = f"q.{key} = {wanted}"
            if "" in keys:
                condition = f"({condition} OR q.{key} IS NULL)"
            tables[stage] = self._copier(table, condition)
        return tables

    def _programs(self, condition, position):
        writer = self._copier("program", condition)
        return Chunk({"stage_program": writer}, position, keys=(), guard=self.guard)

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
            f"SELECT {key} AS key FROM ({self._query(table)}) q WHERE {between}"
            for table, (_stage, key) in _STAGES.items()
        ]
        gone = self._deleted_documents(between, documents_of)
        if gone:
            with self._connection.cursor() as cr:
                parts.append(cr.mogrify("SELECT unnest(%s::text[])", [gone]).decode())
        return " UNION ".join(parts)

    def _deleted_documents(self, between, documents_of):
        """Return the keys of documents of which a row was deleted."""
        with self._connection.cursor() as cr:
            cr.execute(
                "SELECT d.table_name, d.key, to_jsonb(d) ->> 'order_id'"
                f" FROM ({self._query('deleted')}) d"
                f" WHERE {between} AND d.table_name = ANY(%s)",
                [list(_STAGES)],
            )
            rows = cr.fetchall()
        keys = {key for table, key, _order in rows if table == "processed_order"}
        keys |= {order for _table, _key, order in rows if order}
        for table in _CHILDREN:
            orphans = [int(k) for t, k, order in rows if t == table and not order]
            if orphans:
                keys |= set(documents_of(table, orphans))
        return sorted(keys)

    def _was_truncated(self, low, high):
        with self._connection.cursor() as cr:
            cr.execute(
                f"SELECT EXISTS (SELECT FROM ({self._query('deleted')}) d"
                f" WHERE {_between(low, high)} AND key IS NULL AND table_name = ANY(%s))",
                [list(_STAGES)],
            )
            return cr.fetchone()[0]

    def _reached(self, position):
        return max(position.get("low") or 0, position.get("high") or 0)

    def _has_future(self):
        """Tell whether a row carries a transaction this server has not begun."""
        tests = " OR ".join(
            f"EXISTS (SELECT FROM ({self._query(table)}) q"
            f" WHERE txid >= '{self._xmax}'::xid8)"
            for table in _STAGES
        )
        with self._connection.cursor() as cr:
            cr.execute(f"SELECT {tests}")
            return cr.fetchone()[0]

    def _identify(self, cr):
        cr.execute(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()),"
            " (SELECT timeline_id FROM pg_control_checkpoint())"
        )
        system, timeline = cr.fetchone()
        return {"system": system, "timeline": timeline}


def _in_month(alias, month):
    first = f"timestamptz '{month:%Y-%m-%d} 00:00Z'"
    return (
        f"{alias}.ordered_at >= {first} AND "
        f"{alias}.ordered_at < {first} + interval '1 month'"
    )


def _between(low, high):
    return f"txid >= '{int(low)}'::xid8 AND txid < '{int(high)}'::xid8"


def _blocker(cr, high):
    """Return (age in seconds, sentence) of the transaction that holds us back."""
    cr.execute(
        "SELECT pid::text, datname, state, extract(epoch FROM now() - xact_start)"
        " FROM pg_stat_activity"
        " WHERE backend_xid::text::bigint = (%(high)s & 4294967295)"
        " UNION ALL SELECT gid, database, 'prepared', extract(epoch FROM now() - prepared)"
        " FROM pg_prepared_xacts"
        " WHERE transaction::text::bigint = (%(high)s & 4294967295) LIMIT 1",
        {"high": high},
    )
    row = cr.fetchone()
    if row is None:
        return 0.0, ""
    pid, database, state, age = row
    return float(age or 0), (
        f"A transaction in the engine's cluster holds the cursor back: {pid} "
        f"({state}, database {database}) for {age or 0:.0f} s."
    )
