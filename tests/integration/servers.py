"""Servers of a test's own, to be stopped and killed."""

import os
import signal
from dataclasses import dataclass

from copies import SECRET, Copy

from dev import clickhouses, ports
from dev.paths import locate
from dev.processes import Keeper, Service
from dev.services import clickhouse, redis
from dev.setup import install


@dataclass
class Server:
    """A server and its address."""

    keeper: Keeper
    service: Service
    url: str

    def start(self):
        """Have it run and answer."""
        self.keeper.start(self.service)

    def stop(self):
        """Tell it to end, and wait for that."""
        self.keeper.stop(self.service.name)

    def kill(self):
        """Give it no time for anything."""
        self.keeper.stop(self.service.name, (signal.SIGKILL,))

    @property
    def copy(self):
        """Of a ClickHouse server, its database."""
        return Copy(self.url)


def running_clickhouse(folder):
    """Yield a running, empty ClickHouse server, of the version that the tests are run on."""
    version = os.environ.get("LR_CLICKHOUSE_VERSION", clickhouses.CURRENT)
    made = clickhouses.server(locate(), version, folder / "clickhouse", SECRET)
    yield from _running(made, folder, clickhouse.url(made.tcp, SECRET))


def running_redis(folder):
    """Yield a running, empty Redis that keeps what it was told."""
    port, tools = ports.choose(), install().programs.tools
    made = redis.Redis(tools, folder / "redis", port, SECRET)
    yield from _running(made, folder, redis.url(port, SECRET))


def _running(made, folder, url):
    made.prepare()
    found = Server(Keeper(folder), made.service(), url)
    found.start()
    try:
        if hasattr(made, "ensure_database"):
            made.ensure_database()
        yield found
    finally:
        found.kill()
