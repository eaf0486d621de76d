"""A private ZooKeeper of one node, Debian's: what the nodes of a ClickHouse cluster agree by."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..ports import LOOPBACK
from ..processes import Service

MAIN = "org.apache.zookeeper.server.ZooKeeperServerMain"
CONFIG = """dataDir={folder}/data
clientPort={port}
clientPortAddress={host}
tickTime=500
admin.enableServer=false
4lw.commands.whitelist=ruok
"""


@dataclass(frozen=True)
class ZooKeeper:
    """One server: the program that runs it, its folder (it is named as that) and its port."""

    program: Path
    folder: Path
    port: int

    def prepare(self) -> None:
        """Write the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = CONFIG.format(folder=self.folder, port=self.port, host=LOOPBACK)
        (self.folder / "zoo.cfg").write_text(config)

    def service(self) -> Service:
        command = (self.program, MAIN, self.folder / "zoo.cfg")
        return Service(self.folder.name, command, self._ready, self.folder)

    def _ready(self) -> bool:
        with (
            suppress(OSError),
            socket.create_connection((LOOPBACK, self.port), 1) as asked,
        ):
            asked.sendall(b"ruok")
            return asked.recv(4) == b"imok"
        return False
