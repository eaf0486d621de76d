"""A private Redis: loopback, a password, an append-only file, its data in a folder of ours."""

import socket
from dataclasses import dataclass
from pathlib import Path

from ..errors import SetupError
from ..ports import LOOPBACK
from ..processes import Service
from ..tools import Tools


def url(port: int, password: str) -> str:
    """The connection URL of the server's first database."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


@dataclass(frozen=True)
class Redis:
    """One server: its folder, its port and its password."""

    tools: Tools
    folder: Path
    port: int
    password: str

    def prepare(self) -> None:
        """Write the configuration; a password has no place on a command line."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind": LOOPBACK,
            "port": self.port,
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "appendonly": "yes",
            "save": '""',
            # Its command line tells whose it is (see ``Keeper.sweep``).
            "set-proc-title": "no",
        }
        path = self.folder / "redis.conf"
        path.touch(0o600)
        path.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))

    def service(self) -> Service:
        command = (self.tools.redis, self.folder / "redis.conf")
        return Service("redis", command, self._ready, self.folder)

    def empty(self) -> None:
        """Drop all keys.

        :raises SetupError: the server did not do it
        """
        if not self._obeys("FLUSHALL", b"+OK\r\n"):
            raise SetupError(f"Redis on port {self.port} did not empty itself")

    def _ready(self) -> bool:
        return self._obeys("PING", b"+PONG\r\n")

    def _obeys(self, command: str, answer: bytes) -> bool:
        """Whether the server lets us in and answers a command as expected."""
        expected, given = b"+OK\r\n" + answer, b""
        with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
            connection.sendall(f"AUTH {self.password}\r\n{command}\r\n".encode())
            while len(given) < len(expected) and (part := connection.recv(256)):
                given += part
        return given == expected
