"""Clusters of ClickHouse for the tests: real nodes, agreeing by a real ZooKeeper.

A test module that wants these fixtures says `pytest_plugins = ["cluster_fixtures"]`.
"""

import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import clickhouse_driver
import pytest
from copies import SECRET, Copy

from core.queries import answer as answering
from core.queries.pause import Pause
from core.settings import Settings
from core.stores import clickhouse, nodes
from dev import clusters
from dev.paths import locate
from dev.services.clickhouse import USER
from dev.services.clickhouse_node import CLUSTER

# Replicas of each shard.
LAYOUTS = {"replicated": (2,), "sharded": (1, 1), "both": (1, 2), "secured": (2,)}


@dataclass
class ClusterCopy(Copy):
    """A database on all nodes, and short ways to look into it.

    :ivar url: of all nodes, with TLS
    :ivar nodes: the nodes, and ``cluster`` how they are stopped and started
    """

    cluster: clusters.Cluster
    database: str
    order: tuple = ()

    @property
    def nodes(self):
        return self.cluster.nodes

    @property
    def settings(self):
        return Settings(clickhouse_url=self.url, query_timeout=10)

    def beginning_with(self, *numbers):
        """The same copy; the address names these nodes first."""
        rest = (n for n in range(len(self.nodes)) if n not in numbers)
        return of(self.cluster, self.database, (*numbers, *rest))

    def rows(self, query, data=None, **options):
        """Rows of a query on the first node that answers."""
        with clickhouse.client(self.url) as client:
            return client.execute(query, data, **options)

    def on(self, number, query, data=None):
        """Rows of a query on one node, without TLS."""
        node = self.nodes[number]
        client = clickhouse_driver.Client(
            "127.0.0.1",
            node.tcp,
            user=USER,
            password=SECRET,
            database=self.database,
        )
        try:
            return client.execute(query, data)
        finally:
            client.disconnect()

    def drop_everything(self):
        self.rows(f"DROP DATABASE IF EXISTS {self.database} ON CLUSTER {CLUSTER}")


def of(cluster, database, order):
    """The copy in a database, its address with the nodes in an order."""
    hosts = ",".join(f"127.0.0.1:{cluster.nodes[n].place.tls}" for n in order)
    url = (
        f"clickhouses://{USER}:{SECRET}@{hosts}/{database}?cluster={CLUSTER}"
        f"&ca_certs={cluster.certificate}"
    )
    return ClusterCopy(url, cluster, database, order)


def single(copy):
    """The database of the first node as a server by itself: no cluster, no TLS."""
    node = copy.nodes[0]
    return Copy(f"clickhouse://{USER}:{SECRET}@127.0.0.1:{node.tcp}/{copy.database}")


@contextmanager
def copy_on(cluster):
    """An empty database on each node."""
    name = f"lr_{uuid.uuid4().hex[:12]}"
    for node in cluster.nodes:
        replace(node).query(f"CREATE DATABASE {name}")
    found = of(cluster, name, tuple(range(len(cluster.nodes))))
    try:
        yield found
    finally:
        for node in (cluster.agreed, *cluster.nodes):
            cluster.start(node)
        found.drop_everything()


@pytest.fixture(scope="session")
def cluster_of(tmp_path_factory):
    """Function: the running cluster of a layout."""
    if "LR_CLICKHOUSE_CLUSTER" not in os.environ:
        pytest.skip("clusters are tested in the phase clickhouse-cluster")
    folder = tmp_path_factory.mktemp("clusters")
    running = {}
    try:
        for_layout = _starter(folder, running)
        yield for_layout
    finally:
        for opened in running.values():
            opened.__exit__(None, None, None)


def _starter(folder: Path, running):
    found = {}

    def cluster(layout):
        if layout not in found:
            made = clusters.running(
                locate(),
                folder / layout,
                SECRET,
                LAYOUTS[layout],
                is_secured=layout == "secured",
            )
            found[layout] = made.__enter__()
            running[layout] = made
        return found[layout]

    return cluster


@pytest.fixture
def replicated(cluster_of):
    """A copy on one shard of two replicas."""
    with copy_on(cluster_of("replicated")) as copy:
        yield copy


@pytest.fixture
def secured(cluster_of):
    """The same, whose nodes speak TLS with each other."""
    with copy_on(cluster_of("secured")) as copy:
        yield copy


@pytest.fixture
def both(cluster_of):
    """A copy on two shards, the second of two replicas."""
    with copy_on(cluster_of("both")) as copy:
        yield copy


@pytest.fixture(params=["replicated", "sharded"])
def cluster_copy(request, cluster_of):
    """A copy on a cluster, of replicas and of shards."""
    with copy_on(cluster_of(request.param)) as copy:
        yield copy


@pytest.fixture
def nobody_waits_long(monkeypatch):
    """What is not there soon is away; and what was away is asked again."""
    monkeypatch.setattr(nodes, "PATIENCE", 5)
    monkeypatch.setattr(clickhouse, "_failed", {})
    monkeypatch.setattr(answering, "_pause", Pause(0))
