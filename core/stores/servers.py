"""The tables of the copy, on the servers that hold it.

On a cluster a table of facts is two: ``<table>_local`` on each node, and one over all
shards (``cluster_schema.py``).
"""

import uuid
from contextlib import ExitStack, closing, contextmanager
from itertools import compress

from . import clickhouse
from .cluster_schema import SHARD_KEYS, distributed, replicated, stored
from .node import Node
from .nodes import PATIENCE, Nodes
from .push_tables import TABLES

_SETTINGS = {
    # A block that is sent again is written again: the node that has it may be away.
    "insert_deduplicate": 0,
    "distributed_ddl_task_timeout": PATIENCE,
}


@contextmanager
def opened(url, timeout=600, connect_timeout=5):
    """Open connections to all servers that answer.

    :param timeout: seconds a statement may take, and ``connect_timeout`` to connect

    :return: :class:`Servers`
    :raise Away: none answers
    :raise ConfigurationError: they are not the cluster that the address names
    """
    where = clickhouse.address(url)
    patience = {"timeout": timeout, "connect_timeout": connect_timeout}
    if not where.cluster:
        with clickhouse.client(url, **patience) as client:
            yield Servers(where, [Node(where.place, client)])
        return
    nodes, away = [], []
    with ExitStack() as stack:
        for one in where.nodes:
            place = clickhouse.address(one).place
            try:
                opening = clickhouse.client(one, **patience, limits=_SETTINGS)
                nodes.append(Node(place, stack.enter_context(opening)))
            except clickhouse.Away as e:
                away.append(e)
        if not nodes:
            raise away[0]
        servers = Servers(where, nodes, away)
        servers.know()
        yield servers


class Servers(Nodes):
    """Connections to the servers that answer, and the tables there."""

    def tables(self):
        """Return the names of tables and views that are there on each server."""
        names = set.intersection(*self._names())
        if self.where.cluster:
            names -= {t for t in TABLES if stored(t) not in names}
        return names

    def _names(self, but="none"):
        """Return for each server the names of its tables and views, but of an engine."""
        query = "SELECT name FROM system.tables WHERE database = currentDatabase()"
        query += " AND engine != %(but)s"
        found = (node.execute(query, {"but": but}) for node in self.nodes)
        return [{name for (name,) in names} for names in found]

    def insert(self, table, names, columns, suffix=""):
        """Insert columns into a table: facts by their shard, the others on each.

        :param suffix: of the tables of a rebuild
        """
        key = SHARD_KEYS.get(table) if len(self._writers) > 1 else None
        target = f"{self._stored(table)}{suffix}"
        statement = f"INSERT INTO {target} ({', '.join(names)}) VALUES"
        for number, node in enumerate(self._writers):
            part = columns
            if key:
                part = _of_shard(columns, names.index(key), len(self._writers), number)
            if part and len(part[0]):
                node.execute(statement, part, columnar=True)

    def fill(self, table, source, query, values, *, day=None, suffix=""):  # noqa: PLR0913
        """Insert what a query of PostgreSQL gives. Returns the number of rows.

        :param source: connection of the reporting database
        :param values: parameters of the query
        :param day: the column with the date that decides the partition, if any does
        :raise psycopg2.Error: from the query
        """
        # numpy is loaded here: only what pushes to ClickHouse needs it.
        from .blocks import integer_blocks  # noqa: PLC0415

        rows = 0
        with closing(integer_blocks(source, query, values, day)) as blocks:
            for names, columns in blocks:
                self.insert(table, names, columns, suffix)
                rows += len(columns[0])
        return rows

    def optimize(self, table):
        """Merge a table of ids to one part, so that no former version stays on disk."""
        # A leader merges what it has.
        self.sync()
        for node in self._leaders(table):
            node.execute(f"OPTIMIZE TABLE {table} FINAL")
        self.sync()

    def alter(self, table, change):
        """Change a table of facts where its rows lie; replicas follow.

        Not ``ON CLUSTER``: 18.16 has a replica pass it on to its leader as a user that
        need not exist.

        :param change: what follows ``ALTER TABLE …``, such as ``DROP PARTITION 201701``
        """
        name = self._stored(table)
        for node in self._leaders(name):
            node.execute(f"ALTER TABLE {name} {change}")

    def create_new(self):
        """Make empty tables beside those that are read."""
        if self.where.cluster:
            for statement in replicated(self.where, uuid.uuid4().hex, "_new"):
                self.execute(statement)
        else:
            self.create_each("tables.sql", "_new")

    def swap(self):
        """Put the tables of a rebuild in the place of those that are read."""
        names = [self._stored(table) for table in TABLES]
        # What is over the shards of a cluster that was left is put nowhere.
        there = set.intersection(*self._names(but="Distributed"))
        # Of another layout, or lost on a node.
        self._drop(name for name in names if name not in there)
        swaps = [f"{t} TO {t}_old" for t in names if t in there]
        swaps += [f"{t}_new TO {t}" for t in names]
        self.execute(f"RENAME TABLE {', '.join(swaps)}{self.where.on_cluster}")
        if self.where.cluster:
            for table, statement in distributed(self.where).items():
                self._drop([table])
                self.execute(statement)

    def make_views(self, views):
        """Make the views anew."""
        for view in views:
            self.tell(f"DROP TABLE IF EXISTS {view}")
        self.create_each("views.sql")

    def drop(self, *suffixes):
        """Drop what rebuilds have set aside, and what another layout left."""
        self._drop(f"{self._stored(t)}{s}" for t in TABLES for s in suffixes)
        if not self.where.cluster:
            self._drop(map(clickhouse.local, SHARD_KEYS))

    def _drop(self, names):
        """Drop tables, those that are there on a server."""
        there = set.union(*self._names())
        for name in names:
            if name in there:
                self.execute(f"DROP TABLE IF EXISTS {name}{self.where.on_cluster}")

    def _stored(self, table):
        return stored(table) if self.where.cluster else table


def _of_shard(columns, key, count, number):
    """Return the rows of one of several shards, as columns."""
    chosen = [value % count == number for value in columns[key]]
    return [[*compress(column, chosen)] for column in columns]
