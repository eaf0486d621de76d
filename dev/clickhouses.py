"""The versions of ClickHouse that the addon is tested with.

Every instance has a server of the current one. The others run only while their tests do, each
on a server made for that, beside the other services of the tests.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import ports, tools
from .debian import Apt
from .errors import SetupError
from .locks import exclusive
from .paths import Paths
from .processes import Keeper
from .pythonenvs import (
    CLICKHOUSE,
    CLICKHOUSE_BEFORE,
    Environment,
    ensure_environment,
)
from .services.clickhouse import ClickHouse, url
from .services.clickhouse_debian import DebianClickHouse
from .stamps import remove


@dataclass(frozen=True)
class Release:
    """How the program of a version is found or installed, and how its server is run."""

    find: Callable[[Paths, Apt], Path]
    server: type[ClickHouse]


def _embedded(environment: Environment) -> Release:
    return Release(
        lambda paths, apt: ensure_environment(paths, environment, apt), ClickHouse
    )


CURRENT = "26.9"
RELEASES = {
    CURRENT: _embedded(CLICKHOUSE),
    "26.7": _embedded(CLICKHOUSE_BEFORE),
    "18.16": Release(tools.oldest_clickhouse, DebianClickHouse),
}
OTHERS = tuple(version for version in RELEASES if version != CURRENT)


def server(paths: Paths, version: str, folder: Path, password: str) -> ClickHouse:
    """A server of a version, installed if need be, on ports that are free now.

    :raises Unavailable: Debian does not have it
    :raises SetupError: it cannot be installed
    """
    release = RELEASES[version]
    with exclusive(paths.cache / "install.lock", "installing"):
        program = release.find(paths, Apt(paths.cache / "apt"))
    tcp = ports.choose()
    return release.server(program, folder, tcp, ports.choose([tcp]), password)


@contextmanager
def running(paths: Paths, version: str, keeper: Keeper, password: str) -> Iterator[str]:
    """The URL of a running, empty server of a version, which is stopped and removed at the end.

    :raises SetupError: it does not start, or is another version
    """
    folder = keeper.folder / f"clickhouse-{version}"
    keeper.stop(folder.name)
    remove(folder)
    made = server(paths, version, folder, password)
    made.prepare()
    try:
        keeper.start(made.service())
        made.ensure_database()
        _confirm(made.query("SELECT version() FORMAT TabSeparated").strip(), version)
        yield url(made.tcp, password)
    finally:
        keeper.stop(folder.name)
        remove(folder)


def _confirm(found: str, version: str) -> None:
    """Numbers of a version count only if that version gave them."""
    if not found.startswith(f"{version}."):
        raise SetupError(f"ClickHouse {version} was to be tested, but {found} runs")
