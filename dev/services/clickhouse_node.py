"""A node of a ClickHouse cluster on this machine: Debian's server, told of the others.

It takes clients with and without TLS. What goes from node to node, queries and rows that replicas
fetch, stays on loopback, in plain or by TLS alone; each trusts the one certificate that all show.
"""

from dataclasses import dataclass
from pathlib import Path

from ..ports import LOOPBACK
from .clickhouse import USER
from .clickhouse_debian import DebianClickHouse

CLUSTER = "loyalty"
MORE = """  <tcp_port_secure>{tls}</tcp_port_secure>
  <openSSL><server>
    <certificateFile>{certificate}</certificateFile>
    <privateKeyFile>{key}</privateKeyFile>
    <verificationMode>none</verificationMode>
    <disableProtocols>sslv2,sslv3</disableProtocols>
  </server><client>
    <caConfig>{certificate}</caConfig>
    <loadDefaultCAFile>false</loadDefaultCAFile>
    <verificationMode>strict</verificationMode>
    <invalidCertificateHandler><name>RejectCertificateHandler</name></invalidCertificateHandler>
    <disableProtocols>sslv2,sslv3</disableProtocols>
  </client></openSSL>
  <interserver_{http}_host>{host}</interserver_{http}_host>
  <interserver_{http}_port>{interserver}</interserver_{http}_port>
  <zookeeper>
    <node><host>{host}</host><port>{zookeeper}</port></node>
    <session_timeout_ms>4000</session_timeout_ms>
  </zookeeper>
  <macros><shard>{shard}</shard><replica>{replica}</replica></macros>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <remote_servers>
    <{cluster}>
{shards}
    </{cluster}>
  </remote_servers>
"""
SHARD = """      <shard>
        <internal_replication>true</internal_replication>
{replicas}
      </shard>"""
REPLICA = (
    "        <replica><host>{host}</host><port>{port}</port><secure>{secure}</secure>"
    "<user>{user}</user><password>{password}</password></replica>"
)


@dataclass(frozen=True)
class Place:
    """Where a node stands.

    :ivar shard: number of its shard, from 1
    :ivar shards: the ports by which the nodes of each shard are asked by others
    :ivar is_secured: what goes from node to node goes by TLS
    :ivar tls: the port with TLS
    :ivar interserver: the port by which replicas fetch
    :ivar zookeeper: the port of ZooKeeper
    :ivar certificate: file of the certificate, and ``key`` that of its key
    """

    shard: int
    shards: tuple[tuple[int, ...], ...]
    is_secured: bool
    tls: int
    interserver: int
    zookeeper: int
    certificate: Path
    key: Path


@dataclass(frozen=True)
class ClickHouseNode(DebianClickHouse):
    """One node; replicas are called by their ports."""

    place: Place

    def _more(self) -> str:
        shards = (
            SHARD.format(replicas="\n".join(map(self._replica, ports)))
            for ports in self.place.shards
        )
        return MORE.format(
            **{**vars(self.place), "shards": "\n".join(shards)},
            host=LOOPBACK,
            cluster=CLUSTER,
            http="https" if self.place.is_secured else "http",
            replica=self.tcp,
        )

    def _replica(self, port: int) -> str:
        return REPLICA.format(
            host=LOOPBACK,
            port=port,
            secure=int(self.place.is_secured),
            user=USER,
            password=self.password,
        )
