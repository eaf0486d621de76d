"""A ClickHouse cluster on this machine: nodes of the oldest version, agreeing by ZooKeeper."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from . import ports, tools
from .debian import Apt
from .locks import exclusive
from .paths import Paths
from .processes import Keeper
from .services.clickhouse_node import ClickHouseNode, Place
from .services.zookeeper import ZooKeeper
from .shell import run


@dataclass(frozen=True)
class Cluster:
    """Running nodes, in the order of their shards, and how to stop and start them.

    :ivar agreed: what they agree by
    :ivar certificate: file of the certificate that all of them show, and trust
    """

    keeper: Keeper
    agreed: ZooKeeper
    nodes: tuple[ClickHouseNode, ...]
    certificate: Path

    def start(self, node: ClickHouseNode | ZooKeeper) -> None:
        """Have a node, or what they agree by, run and answer."""
        self.keeper.start(node.service())

    def stop(self, node: ClickHouseNode | ZooKeeper, *signals: int) -> None:
        """Have it end, and wait for that."""
        self.keeper.stop(node.folder.name, *([signals] if signals else []))


def programs(paths: Paths) -> tuple[Path, Path]:
    """The programs of ClickHouse and ZooKeeper, unpacked if need be.

    :raises Unavailable: Debian does not have one of them
    """
    apt = Apt(paths.cache / "apt")
    with exclusive(paths.cache / "install.lock", "installing"):
        return tools.oldest_clickhouse(paths, apt), tools.zookeeper(paths, apt)


@contextmanager
def running(
    paths: Paths,
    folder: Path,
    password: str,
    shards: tuple[int, ...],
    is_secured: bool = False,
) -> Iterator[Cluster]:
    """A running, empty cluster, stopped at the end.

    :param shards: number of replicas of each shard
    :param is_secured: nodes speak TLS with each other
    :raises SetupError: it cannot be had, or does not start
    """
    clickhouse, zookeeper = programs(paths)
    keeper = Keeper(folder, is_tied=True)
    free = _free()
    agreed = ZooKeeper(zookeeper, folder / "zookeeper", next(free))
    shown, key = certificate(folder)
    layout = tuple(tuple(islice(free, count)) for count in shards)

    def node(shard: int, number: int, asked: int) -> ClickHouseNode:
        other, interserver = next(free), next(free)
        tcp, tls = (other, asked) if is_secured else (asked, other)
        place = Place(
            shard, layout, is_secured, tls, interserver, agreed.port, shown, key
        )
        name = f"node-{shard}-{number}"
        return ClickHouseNode(
            clickhouse, folder / name, tcp, next(free), password, place
        )

    nodes = tuple(
        node(shard, number, asked)
        for shard, replicas in enumerate(layout, 1)
        for number, asked in enumerate(replicas, 1)
    )
    found = Cluster(keeper, agreed, nodes, shown)
    agreed.prepare()
    try:
        found.start(agreed)
        for node in nodes:
            node.prepare()
            found.start(node)
            node.ensure_database()
        yield found
    finally:
        for node in nodes:
            found.stop(node)
        found.stop(agreed)


def _free() -> Iterator[int]:
    taken: list[int] = []
    while True:
        taken.append(ports.choose(taken))
        yield taken[-1]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback that vouches for itself, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    shown, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    run(
        [*command.split(), *names, "-keyout", key, "-out", shown],
        "making a certificate",
    )
    return shown, key
