"""Odoo's own process: its configuration file, and how it is started and asked whether it lives."""

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ..odoosource import OdooSource
from ..ports import LOOPBACK
from ..processes import Keeper, Service
from ..state import State

ROLE = "odoo"
CONSUMER = "stream"
GRPC = "grpc"


@dataclass(frozen=True)
class Odoo:
    """One server: what it runs, where its files are, and how many worker processes it has.

    Without workers it is one process with threads, which serves the websocket itself; with
    workers the websocket has a process and a port of its own (see ``proxy``).
    """

    python: Path
    source: OdooSource
    addons: Path
    folder: Path
    state: State
    database: str
    workers: int = 0

    @property
    def rc(self) -> Path:
        return self.folder / "odoo.conf"

    def prepare(self) -> None:
        """Write the configuration file; it holds passwords, so only its owner may read it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rc.touch(0o600)
        self.rc.write_text(self.configuration())

    def configuration(self) -> str:
        """The text of ``odoo.conf``."""
        ports, secrets = self.state.ports, self.state.secrets
        options = {
            "db_host": LOOPBACK,
            "db_port": ports["report"],
            "db_user": ROLE,
            "db_password": secrets["odoo"],
            "db_name": self.database,
            "list_db": False,
            "admin_passwd": secrets["master"],
            "addons_path": ",".join(map(str, (*self.source.addons, self.addons))),
            "data_dir": self.folder / "data",
            "http_interface": LOOPBACK,
            "http_port": ports["odoo"],
            "gevent_port": ports["gevent"],
            "proxy_mode": self.workers > 0,
            "workers": self.workers,
            "max_cron_threads": 1,
            # It bounds the address space, of which tests take more: pandas holds the
            # oracle beside Odoo. Beyond it no thread starts, and a request never ends.
            "limit_memory_hard": 0,
            "limit_time_cpu": 600,
            "limit_time_real": 1200,
            "limit_time_real_cron": 3600,
            "screenshots": self.folder / "screenshots",
        }
        return "[options]\n" + "".join(
            f"{name} = {value}\n" for name, value in options.items()
        )

    def filestore(self, database: str) -> Path:
        """The folder of a database's attachments."""
        return self.folder / "data" / "filestore" / database

    def command(self, *arguments: str) -> list[str]:
        """A call of Odoo's command with this configuration."""
        return [str(self.python), str(self.source.command), *arguments]

    def env(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.source.python_path), "ODOO_RC": str(self.rc)}

    def service(self, variables: dict[str, str]) -> Service:
        """The server, with the addon's secrets in its environment."""
        command = tuple(self.command(f"--config={self.rc}"))
        return Service(
            "odoo",
            command,
            self._ready,
            self.folder,
            {**self.env(), **variables},
            patience=20,
        )

    def consumer(self, keeper: Keeper, variables: dict[str, str]) -> Service:
        """The command that loads the events of the demo's stream while they come."""
        command = tuple(self.command("loyalty_stream", "-d", self.database))
        return Service(
            CONSUMER,
            command,
            lambda: "loyalty_stream: loading" in keeper.tail(CONSUMER),
            self.folder,
            {**self.env(), **variables},
            patience=20,
        )

    def grpc(self, keeper: Keeper, variables: dict[str, str]) -> Service:
        """The command that serves the reports over gRPC: on loopback, so without TLS."""
        command = tuple(self.command("loyalty_grpc", "-d", self.database))
        return Service(
            GRPC,
            command,
            lambda: "loyalty_grpc: serving" in keeper.tail(GRPC),
            self.folder,
            {**self.env(), **variables},
            patience=20,
        )

    def _ready(self) -> bool:
        servers = ("odoo", "gevent") if self.workers else ("odoo",)
        return all(_healthy(self.state.ports[name]) for name in servers)


def _healthy(port: int) -> bool:
    """Whether an Odoo server on this port answers. A proxy of the environment is not for loopback."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{LOOPBACK}:{port}/web/health", timeout=10) as answer:
        return json.load(answer).get("status") == "pass"
