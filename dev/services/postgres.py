"""A private PostgreSQL cluster: TCP on loopback only, passwords, its data in a folder of ours."""

import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .. import procfs
from ..ports import LOOPBACK
from ..processes import Service, end
from ..shell import run
from ..stamps import remove
from ..tools import Tools

SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # On two cores the just-in-time compiler costs more than it saves on short queries.
    "jit": "off",
}
# SIGINT ends the sessions and stops; SIGQUIT stops at once, to recover at the next start.
STOP = (signal.SIGINT, signal.SIGQUIT)
# One above the largest number that Linux gives a process.
NOBODY = 2**22 + 1
# The tests' data may be lost with the machine: it is made again. It may lie in memory.
CARELESS = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "1GB"}


def url(port: int, database: str, user: str, password: str) -> str:
    """The connection URL of a database on loopback."""
    return f"postgresql://{user}:{password}@{LOOPBACK}:{port}/{database}"


@dataclass(frozen=True)
class Cluster:
    """One cluster: where it lives, its port and its superuser's password."""

    name: str
    tools: Tools
    data: Path
    port: int
    password: str
    user: str | None
    durable: bool = True

    def prepare(self) -> None:
        """Create the cluster unless it is there: whole, or not at all."""
        if self.data.exists():
            return
        partial = self.data.with_name(self.data.name + ".partial")
        remove(partial)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent) as secret:
            secret.write(self.password)
            secret.flush()
            if self.user:
                shutil.chown(secret.name, self.user, self.user)
            options = [
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ]
            command = [
                self.tools.postgres / "initdb",
                "-D",
                partial,
                "-U",
                SUPERUSER,
                f"--pwfile={secret.name}",
            ]
            run(
                [*command, *options],
                f"creating {self.name}",
                user=self.user,
                cwd=self.data.parent,
            )
        partial.rename(self.data)

    def follow(self, primary: str) -> None:
        """Become a read replica of a running server: its data as of now, and what follows.

        :param primary: URL of its superuser; the replica keeps it, to ask for what is new
        """
        command = [
            self.tools.postgres / "pg_basebackup",
            "-d",
            primary,
            "-D",
            self.data,
        ]
        run(
            [*command, "-R", "-X", "stream", "-c", "fast", "--no-sync"],
            f"copying a server to {self.name}",
            user=self.user,
            cwd=self.data.parent,
        )

    def end_leftover(self) -> None:
        """Clear the way after a kill: a server without a record, or its number given to a stranger.

        PostgreSQL refuses to start while the process of its old pid file lives, whoever that is.
        The file is kept, with a number that no process has: its other lines protect the data.
        """
        file = self.data / "postmaster.pid"
        if not file.exists():
            return
        first, *others = file.read_text().splitlines(keepends=True)
        pid = int(first)
        if procfs.called_with(pid, self.data):
            end(pid, STOP)
        elif procfs.runs(pid):
            file.write_text("".join([f"{NOBODY}\n", *others]))

    def service(self) -> Service:
        """The server process."""
        settings = {**SETTINGS, **({} if self.durable else CARELESS), "port": self.port}
        options = [
            part for key, value in settings.items() for part in ("-c", f"{key}={value}")
        ]
        return Service(
            self.name,
            (self.tools.postgres / "postgres", "-D", self.data, *options),
            self._ready,
            self.data,
            {"LC_ALL": "C.UTF-8"},
            self.user,
            STOP,
        )

    def sql(self, statements: str, database: str = SUPERUSER) -> str:
        """Run statements as the superuser, all or nothing per statement; return bare values.

        :raises SetupError: carries the server's message
        """
        command = [
            self.tools.postgres / "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            LOOPBACK,
        ]
        command += ["-p", str(self.port), "-U", SUPERUSER, "-d", database, "-f", "-"]
        return run(
            command, f"SQL on {self.name}", env=self.client_env(), stdin=statements
        ).strip()

    def client_env(self) -> dict[str, str]:
        """What a client program of PostgreSQL needs in its environment to be the superuser."""
        return {"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"}

    def ensure_role(self, role: str, password: str, attributes: str = "") -> None:
        """Create or renew a login role with a password."""
        # IF NOT EXISTS does not exist for roles: \gexec runs the rows that the query returns.
        self.sql(
            f"SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')\\gexec\n"
            f"ALTER ROLE {role} LOGIN {attributes} PASSWORD '{password}';"
        )

    def has_database(self, database: str) -> bool:
        return (
            self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'") == "1"
        )

    def _ready(self) -> bool:
        return self.sql("SELECT 1") == "1"
