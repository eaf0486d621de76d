"""The servers that hold the copy: a single one, or all nodes of a cluster.

On a cluster, who pushes writes to one node of each shard, the shard's *writer*, and
its replicas fetch from there. Replicas are behind for a while, and one that comes back
answers before it has fetched all. So each node has a list of the pushes that are
wholly on it (``push_whole``), and who reads lets only such nodes answer:

* a node that held the last push that ended and is written to holds this one too, unless
  it dropped months: others may have been told to, and the node follows;
* another one does when it has fetched all that its shard's log names; if that takes
  long, it is left to the next push.

A push is whole when a node of each shard holds it. That needs no quorum: of two
replicas one may be away.
"""

import logging
import time
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import compress

from ..errors import ConfigurationError, StoreError
from . import clickhouse
from .cluster_schema import SHARD_KEYS, VERSION, distributed, replicated, stored
from .push_tables import TABLES

_logger = logging.getLogger(__name__)
# Seconds that a push waits for a replica to fetch, and for all nodes to change tables.
_PATIENCE = 60
_OURS = "database = currentDatabase() AND table IN %(tables)s"
_NAMES = {"tables": (*map(stored, TABLES),)}
_SETTINGS = {
    # A block that is sent again is written again: the node that has it may be away.
    "insert_deduplicate": 0,
    "distributed_ddl_task_timeout": _PATIENCE,
}


@dataclass
class Node:
    """One server.

    :ivar place: host, port and database
    :ivar shard: as its macro calls it
    :ivar whole: (owner, epoch, watermark) of the last push that is wholly on it
    """

    place: str
    client: object = field(repr=False)
    shard: str = ""
    whole: tuple = ()

    def execute(self, query, *given, **options):
        """Run a statement; an error names this node."""
        with clickhouse.explained(self.place):
            return self.client.execute(query, *given, **options)


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


class Servers:
    """Connections to the servers that answer.

    :ivar layout: how tables lie on a cluster, for their version; empty on one server
    """

    def __init__(self, where, nodes, away=()):
        self.where, self.nodes, self.away = where, nodes, away
        self.layout = ""
        self._writers = nodes[:1]
        self._asked = nodes[0]

    def know(self):
        """Look up what the nodes are of the cluster."""
        cluster = self.where.cluster
        known = self.execute("SELECT cluster, shard_num FROM system.clusters")
        shards = [shard for name, shard in known if name == cluster]
        if not shards:
            names = ", ".join(sorted({name for name, _shard in known})) or "none"
            raise ConfigurationError(
                f"ClickHouse at {self.nodes[0].place} knows no cluster {cluster}"
                f" (it knows: {names}). The address names it, after cluster=, as"
                " the servers' remote_servers do."
            )
        if len(shards) != len(self.where.nodes):
            raise ConfigurationError(
                f"The cluster {cluster} has {len(shards)} nodes, and the address of"
                f" ClickHouse names {len(self.where.nodes)}: it must name each once."
            )
        for node in self.nodes:
            macros = dict(node.execute("SELECT macro, substitution FROM system.macros"))
            if not {"shard", "replica"} <= macros.keys():
                raise ConfigurationError(
                    f"ClickHouse at {node.place} needs the macros shard and replica."
                )
            node.shard = macros["shard"]
        self._shards = sorted({node.shard for node in self.nodes})
        if len(self._shards) != len({*shards}):
            self.require_all("A shard without a node")
            raise ConfigurationError(
                f"The cluster {cluster} has {len({*shards})} shards, and the macros"
                f" of its nodes tell {len(self._shards)}."
            )
        self.layout = f"{cluster} {len(self._shards)} {VERSION}"

    def require_all(self, what):
        """Raise an error if a node is away.

        :param what: what cannot be without it, as the begin of a sentence
        """
        if self.away:
            raise StoreError(f"{what} needs all nodes of the cluster. {self.away[0]}")

    def prepare(self):
        """Have the tables in which nodes remember pushes, and read them."""
        names = ("log.sql", "cluster.sql") if self.where.cluster else ("log.sql",)
        for name in names:
            self._create_each(name)
        if self.where.cluster:
            for node in self.nodes:
                newest = node.execute(
                    "SELECT owner, epoch, watermark FROM push_whole"
                    " ORDER BY epoch DESC, watermark DESC LIMIT 1"
                )
                node.whole = (*newest, ())[0]
            self._asked = max(self.nodes, key=lambda n: n.whole[1:])
            self._writers = [self._asked]

    def execute(self, query, *given, **options):
        """Ask one server, of a cluster one that holds most."""
        return self._asked.execute(query, *given, **options)

    def each(self, query, *given):
        """Ask each server that answers. Returns the rows of all."""
        return [row for node in self.nodes for row in node.execute(query, *given)]

    def tell(self, statement, *given):
        """Run a statement on each server that answers."""
        for node in self.nodes:
            node.execute(statement, *given)

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

    def choose_writers(self, memory=None):
        """Choose the node of each shard that is written to.

        :param memory: before the push; the last one that ended is what a writer must
            hold. None: the tables are new, or all nodes hold the same
        """
        if self.where.cluster:
            # Not the watermark alone: months that are filled anew do not move it.
            held = memory and (memory.owner, memory.settled_epoch, memory.watermark)
            self._writers = [self._writer(shard, held) for shard in self._shards]

    def _writer(self, shard, held):
        nodes = [n for n in self.nodes if n.shard == shard and not _is_readonly(n)]
        for node in nodes:
            if not held or node.whole == held:
                return node
        for node in nodes:
            if self._sync(node):
                return node
        raise StoreError(
            f"No node of ClickHouse's shard {shard} can be written to that holds all"
            " that was pushed: one is away, or their keeper is. PostgreSQL answers"
            " until it is back."
        )

    def insert(self, table, names, columns, suffix=""):
        """Insert columns into a table: facts by their shard, the others on each.

        :param suffix: of the tables of a rebuild
        """
        key = SHARD_KEYS.get(table) if len(self._writers) > 1 else None
        target = f"{stored(table) if self.where.cluster else table}{suffix}"
        statement = f"INSERT INTO {target} ({', '.join(names)}) VALUES"
        for number, node in enumerate(self._writers):
            part = columns
            if key:
                part = _of_shard(columns, names.index(key), len(self._writers), number)
            if part and len(part[0]):
                node.execute(statement, part, columnar=True)

    def confirm(self, memory, *, is_written=True):
        """Write down which nodes hold a push wholly, once they do.

        :param is_written: the writers hold the push by having been written to
        """
        if not self.where.cluster:
            return
        whole = (memory.owner, memory.epoch, memory.watermark)
        for node in self.nodes:
            is_writer = is_written and node in self._writers
            if node.whole != whole and (is_writer or self._sync(node)):
                node.execute(
                    "INSERT INTO push_whole (owner, epoch, watermark) VALUES", [whole]
                )
                node.whole = whole

    def sync(self):
        """Wait until every node has fetched all that is to be fetched.

        :raise StoreError: one has not, for some time
        """
        if self.where.cluster:
            for node in self.nodes:
                if not self._sync(node):
                    raise StoreError(f"ClickHouse at {node.place} is still behind.")

    def _sync(self, node):
        """Return whether a node holds all that is in its shard, after some waiting."""
        try:
            # One that was away during a rebuild may still have the tables before it.
            if _uniques(node) == _uniques(self._writers[0]) and _has_fetched(node):
                return True
            problem = "it is behind"
        except StoreError as e:
            problem = e
        _logger.warning("%s is left to the next push: %s", node.place, problem)
        return False

    def forget_whole(self):
        """Forget what the nodes hold: it is about to be replaced."""
        if self.where.cluster:
            self.tell("TRUNCATE TABLE push_whole")
            for node in self.nodes:
                node.whole = ()

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

    def _leaders(self, table):
        """Return one node of each shard that may merge now."""
        if not self.where.cluster:
            return self.nodes
        found = {}
        for node in self.nodes:
            query = "SELECT is_leader FROM system.replicas WHERE database ="
            query += " currentDatabase() AND table = %(table)s"
            if node.execute(query, {"table": table}) == [(1,)]:
                found.setdefault(node.shard, node)
        for shard in self._shards:
            if shard not in found:
                raise StoreError(
                    f"No node of ClickHouse's shard {shard} may change {table} now: its"
                    " leader is away and no other has taken over, or their keeper is"
                    " away. It is tried again by the next run; PostgreSQL answers"
                    " meanwhile."
                )
        return found.values()

    def create_new(self):
        """Make empty tables beside those that are read."""
        if self.where.cluster:
            for statement in replicated(self.where, uuid.uuid4().hex, "_new"):
                self.execute(statement)
        else:
            self._create_each("tables.sql", "_new")

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
        self._create_each("views.sql")

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

    def _create_each(self, name, suffix=""):
        for statement in clickhouse.statements(name, suffix):
            self.tell(statement)


def _of_shard(columns, key, count, number):
    """Return the rows of one of several shards, as columns."""
    chosen = [value % count == number for value in columns[key]]
    return [[*compress(column, chosen)] for column in columns]


def _has_fetched(node):
    """Wait for a node to fetch all that others have. Returns whether it has.

    ``SYSTEM SYNC REPLICA`` waits for merges, too, and in 18.16 always five minutes.
    """
    until = time.monotonic() + _PATIENCE
    # Entries that are just being taken from the log are seen the second time.
    times = 0
    while times < 2:  # noqa: PLR2004
        times = 0 if _is_behind(node) else times + 1
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _is_behind(node):
    """Return whether a node has yet to read or to do what its shard's log says."""
    found = node.execute(
        "SELECT zookeeper_path, log_pointer, log_max_index, is_readonly,"
        f" queue_size - merges_in_queue FROM system.replicas WHERE {_OURS}",
        _NAMES,
    )
    for path, following, last, is_readonly, waiting in found:
        # A log without an entry looks like one whose first is still unread.
        is_read = following > last or not (following or _has_log(node, path))
        if is_readonly or waiting or not is_read:
            return True
    return False


def _is_readonly(node):
    """Return whether a node takes no rows: it has just come back, or has no keeper."""
    query = f"SELECT max(is_readonly) FROM system.replicas WHERE {_OURS}"
    return node.execute(query, _NAMES) == [(1,)]


def _has_log(node, path):
    query = "SELECT count() FROM system.zookeeper WHERE path = %(path)s"
    return node.execute(query, {"path": f"{path}/log"}) != [(0,)]


def _uniques(node):
    """Return {table: what makes the keeper's path of its rows unique}."""
    query = f"SELECT table, zookeeper_path FROM system.replicas WHERE {_OURS}"
    found = node.execute(query, _NAMES)
    return {table: path.rpartition("/")[2] for table, path in found}
