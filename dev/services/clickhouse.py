"""A private ClickHouse: the engine of the package chdb-core in a process of its own.

It opens the native TCP and the HTTP port. Its statement runs as the user ``default``, who
therefore must have no password and be let in from loopback; so it may do that one thing and
see no data. The addon has its own user.
"""

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ..ports import LOOPBACK
from ..processes import Service

USER = DATABASE = "loyalty"
SERVER = Path(__file__).resolve().parent / "clickhouse_server.py"
CONFIG = """<clickhouse>
  <listen_host>{host}</listen_host>
  <tcp_port>{tcp}</tcp_port>
  <http_port>{http}</http_port>
  <users_config>{users}</users_config>
</clickhouse>
"""
USERS = """<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password><networks><ip>{host}</ip></networks>
      <profile>default</profile><quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT SELECT ON system.numbers</query>
      </grants>
    </default>
    <{user}>
      <password_sha256_hex>{digest}</password_sha256_hex><networks><ip>{host}</ip></networks>
      <profile>default</profile><quota>default</quota>
    </{user}>
  </users>
</clickhouse>
"""


def url(port: int, password: str) -> str:
    """The connection URL of the addon's database, by the native protocol."""
    return f"clickhouse://{USER}:{password}@{LOOPBACK}:{port}/{DATABASE}"


@dataclass(frozen=True)
class ClickHouse:
    """One server: what runs it, its folder (it is named as that), its two ports and its user's password.

    Its program is the interpreter of an environment that holds chdb-core.
    """

    program: Path
    folder: Path
    tcp: int
    http: int
    password: str

    def prepare(self) -> None:
        """Write the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        users = self.folder / "users.xml"
        users.touch(0o600)
        config, text = self._configuration(users)
        users.write_text(text)
        (self.folder / "config.xml").write_text(config)

    def service(self) -> Service:
        name, command = self.folder.name, self._command()
        return Service(name, command, self._ready, self.folder, {"TZ": "UTC"})

    def ensure_database(self) -> None:
        self.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")

    def empty(self) -> None:
        """Drop all that the addon stored."""
        self.query(f"DROP DATABASE IF EXISTS {DATABASE} SYNC")
        self.ensure_database()

    def query(self, statement: str) -> str:
        """Run a statement over HTTP and return its text.

        :raises OSError: the server is away or refuses; carries its message
        """
        headers = {"X-ClickHouse-User": USER, "X-ClickHouse-Key": self.password}
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.http}/", statement.encode(), headers
        )
        # A proxy of the environment is never meant for loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise OSError(error.read().decode(errors="replace")) from error

    def _command(self) -> tuple[Path, ...]:
        return (self.program, SERVER, self.folder / "data")

    def _configuration(self, users: Path) -> tuple[str, str]:
        """The server's configuration, and that of its users."""
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        config = CONFIG.format(host=LOOPBACK, tcp=self.tcp, http=self.http, users=users)
        return config, USERS.format(user=USER, digest=digest, host=LOOPBACK)

    def _ready(self) -> bool:
        return self.query("SELECT 1").strip() == "1"
