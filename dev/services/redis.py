"""A private Redis: loopback, a password, an append-only file, its data in a folder of ours."""

import socket
from dataclasses import dataclass
from pathlib import Path

from ..ports import LOOPBACK
from ..processes import Service
from ..tools import Tools

CORRECT = b"+OK\r\n+PONG\r\n"


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

    def _ready(self) -> bool:
        with socket.create_connection((LOOPBACK, self.port), timeout=2) as connection:
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            answer = b""
            while len(answer) < len(CORRECT) and (
                part := connection.recv(len(CORRECT))
            ):
                answer += part
        return answer == CORRECT
