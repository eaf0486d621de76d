"""Debian's ClickHouse of 2018: the oldest that the addon is tested with.

It is a server like any of a site's: a program with a configuration, whose only user is the
addon's. Its database of its own, ``default``, is used by nobody.
"""

import hashlib
from pathlib import Path

from ..ports import LOOPBACK
from .clickhouse import USER, ClickHouse

# The size of the cache of marks has no default: without it the server does not start.
CONFIG = """<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>{host}</listen_host>
  <tcp_port>{tcp}</tcp_port>
  <http_port>{http}</http_port>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <users_config>{users}</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>268435456</mark_cache_size>
  <timezone>UTC</timezone>
{more}</yandex>
"""
USERS = """<yandex>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <{user}>
      <password_sha256_hex>{digest}</password_sha256_hex><networks><ip>{host}</ip></networks>
      <profile>default</profile><quota>default</quota>
    </{user}>
  </users>
</yandex>
"""


class DebianClickHouse(ClickHouse):
    """One server of Debian's package; its program is the script that runs the unpacked one."""

    def _command(self) -> tuple[str | Path, ...]:
        return (self.program, f"--config-file={self.folder / 'config.xml'}")

    def _configuration(self, users: Path) -> tuple[str, str]:
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        config = CONFIG.format(
            host=LOOPBACK,
            tcp=self.tcp,
            http=self.http,
            folder=self.folder,
            users=users,
            more=self._more(),
        )
        return config, USERS.format(user=USER, digest=digest, host=LOOPBACK)

    def _more(self) -> str:
        """What the configuration has besides."""
        return ""
