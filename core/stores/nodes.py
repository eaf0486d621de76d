"""The servers that hold the copy: a single one, or the nodes of a cluster.

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

from ..errors import ConfigurationError, StoreError
from . import clickhouse
from .cluster_schema import VERSION

_logger = logging.getLogger(__name__)
# Seconds that a push waits for a replica to fetch, and for all nodes to change tables.
PATIENCE = 60


class Nodes:
    """Connections to the servers that answer.

    :ivar nodes: list of :class:`~core.stores.node.Node`, and ``away`` why others do not answer
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
            self.create_each(name)
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
        nodes, problem = [], None
        for node in self.nodes:
            try:
                if node.shard == shard and node.is_writable():
                    nodes.append(node)
            except StoreError as e:
                problem = e
        for node in nodes:
            if not held or node.whole == held:
                return node
        for node in nodes:
            if self._sync(node):
                return node
        raise problem or StoreError(
            f"No node of ClickHouse's shard {shard} can be written to that holds all"
            " that was pushed: one is away, or has just come back. Nothing was changed;"
            " the next run tries again."
        )

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

        :raise StoreError: one does not reach its keeper, or has not for some time
        """
        if not self.where.cluster:
            return
        for node in self.nodes:
            node.require_keeper()
            if not self._sync(node):
                # It may have been lost meanwhile.
                node.require_keeper()
                raise StoreError(
                    f"ClickHouse at {node.place} has yet to fetch what others were sent;"
                    " the next run tries again."
                )

    def _sync(self, node):
        """Return whether a node holds all that is in its shard, after some waiting."""
        writer = self._writers[0]
        try:
            # One that was away during a rebuild may still have the tables before it.
            if node.uniques() == writer.uniques() and node.has_fetched(PATIENCE):
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

    def _leaders(self, table):
        """Return one node of each shard that may merge now."""
        if not self.where.cluster:
            return self.nodes
        found = {}
        for node in self.nodes:
            replica = node.replicas().get(table)
            if replica and replica.is_leader:
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

    def create_each(self, name, suffix=""):
        """Run the statements of a file of the schema on each server that answers."""
        for statement in clickhouse.statements(name, suffix):
            self.tell(statement)
