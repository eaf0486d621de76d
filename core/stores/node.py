"""One server of the copy, and what it says of the tables that it replicates."""

import time
from dataclasses import dataclass, field

from . import clickhouse
from .cluster_schema import stored
from .push_tables import TABLES

_REPLICAS = """
    SELECT table, zookeeper_path, is_leader, is_readonly, log_pointer, log_max_index,
        queue_size - merges_in_queue
    FROM system.replicas
    WHERE database = currentDatabase() AND table IN %(tables)s"""
_KEEPER = "SELECT count() FROM system.zookeeper WHERE path = '/'"
_HAS_LOG = "SELECT count() FROM system.zookeeper WHERE path = %(path)s"


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

    def replicas(self):
        """Return {table: :class:`Replica`} of what is replicated."""
        tables = (*map(stored, TABLES),)
        found = self.execute(_REPLICAS, {"tables": tables})
        return {table: Replica(*told) for table, *told in found}

    def require_keeper(self):
        """Make sure that it reaches its keeper; StoreError says what to do about it."""
        self.execute(_KEEPER)

    def is_writable(self):
        """Return whether it takes rows: one that has just come back does not.

        :raise StoreError: it does not reach its keeper
        """
        self.require_keeper()
        return not any(r.is_readonly for r in self.replicas().values())

    def uniques(self):
        """Return {table: what no table of that name had before in the keeper}."""
        found = self.replicas().items()
        return {table: replica.path.rpartition("/")[2] for table, replica in found}

    def has_fetched(self, patience):
        """Wait for it to fetch all that others have. Returns whether it has.

        ``SYSTEM SYNC REPLICA`` waits for merges, too, and in 18.16 always five minutes.

        :param patience: seconds
        """
        until = time.monotonic() + patience
        # Entries that are just being taken from the log are seen the second time.
        times = 0
        while times < 2:  # noqa: PLR2004
            times = 0 if self._is_behind() else times + 1
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def _is_behind(self):
        """Return whether it has yet to read or to do what its shard's log says."""
        for replica in self.replicas().values():
            is_read = replica.following > replica.last
            # A log without an entry looks like one whose first is still unread.
            if not (is_read or replica.following):
                is_read = not self._has_log(replica.path)
            if replica.is_readonly or replica.waiting or not is_read:
                return True
        return False

    def _has_log(self, path):
        return self.execute(_HAS_LOG, {"path": f"{path}/log"}) != [(0,)]


@dataclass(frozen=True)
class Replica:
    """A replicated table on a node.

    :ivar path: the keeper's path of its rows
    :ivar is_leader: it may merge
    :ivar is_readonly: it takes no rows
    :ivar following: number of the log's next entry that it has yet to read
    :ivar last: number of the log's last entry
    :ivar waiting: how many entries it has read and not done, but merges
    """

    path: str
    is_leader: bool
    is_readonly: bool
    following: int
    last: int
    waiting: int
