"""The programs of PostgreSQL and Redis: the machine's own if it has them, else unpacked ones.

Also the oldest ClickHouse that the addon is tested with, and ZooKeeper, by which its clusters
agree; these are always unpacked.
"""

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from .debian import Apt, library_path
from .errors import SetupError, Unavailable
from .paths import Paths
from .stamps import ensure, whole
from .steps import step

INSTALLED = Path("/usr/lib/postgresql")
UNPACKED = "usr/lib/postgresql"
WRAPPERS = "wrappers"
OLDEST = 14
CLICKHOUSE, CLICKHOUSE_VERSION = "clickhouse-server", "18.16"
ZOOKEEPER, ZOOKEEPER_VERSION = "libzookeeper-java", "3"
JAVA, JAVA_VERSION = "default-jre-headless", "1"
JARS = "usr/share/java"
PROGRAMS = ("postgres", "initdb", "psql", "pg_dump", "pg_restore", "pg_basebackup")


@dataclass(frozen=True)
class Tools:
    """The folder of PostgreSQL's programs, and Redis's server."""

    postgres: Path
    redis: Path


def find(paths: Paths, apt: Apt) -> Tools:
    """The programs, unpacking Debian's packages if the machine lacks any.

    :raises SetupError: neither installed nor obtainable
    """
    postgres, redis = installed_postgres(), installed_redis()
    if postgres and redis:
        return Tools(postgres, redis)
    prefix = paths.reachable / "services"
    if not whole(prefix):
        with step("unpacking PostgreSQL and Redis from Debian's packages"):
            ensure(prefix, lambda folder: _unpack(apt, folder, prefix))
    return Tools(
        postgres or prefix / WRAPPERS, redis or prefix / WRAPPERS / "redis-server"
    )


def oldest_clickhouse(paths: Paths, apt: Apt) -> Path:
    """The program of Debian's ClickHouse server.

    :raises Unavailable: neither the machine's release has it nor unstable
    """
    prefix = paths.cache / f"clickhouse-{CLICKHOUSE_VERSION}"

    def unpack(folder: Path) -> None:
        apt.refresh()
        if not apt.offers(CLICKHOUSE, CLICKHOUSE_VERSION):
            raise Unavailable(f"Debian has no {CLICKHOUSE} {CLICKHOUSE_VERSION} here")
        apt.unpack(apt.missing([CLICKHOUSE]), folder)
        _wrap(folder / "usr/sbin" / CLICKHOUSE, folder, prefix)

    if not whole(prefix):
        with step(f"unpacking ClickHouse {CLICKHOUSE_VERSION} from Debian's packages"):
            ensure(prefix, unpack)
    return prefix / WRAPPERS / CLICKHOUSE


def zookeeper(paths: Paths, apt: Apt) -> Path:
    """A script that runs a class of Debian's ZooKeeper, on the machine's Java or an unpacked one.

    :raises Unavailable: Debian does not have it here, or there is no Java
    """
    has_java = shutil.which("java")
    # The machine's Java may go: what was made for it is of no use then.
    prefix = paths.cache / ("zookeeper" if has_java else "zookeeper-java")

    def unpack(folder: Path) -> None:
        apt.refresh()
        if not apt.offers(ZOOKEEPER, ZOOKEEPER_VERSION):
            raise Unavailable(f"Debian has no {ZOOKEEPER} {ZOOKEEPER_VERSION} here")
        if not (has_java or apt.offers(JAVA, JAVA_VERSION)):
            raise Unavailable(
                "ZooKeeper needs Java: there is no java on the PATH, and Debian has no"
                f" {JAVA} here"
            )
        apt.unpack(apt.missing([ZOOKEEPER, *([] if has_java else [JAVA])]), folder)
        java = "java" if has_java else _java(folder, prefix)
        script = folder / WRAPPERS / "zookeeper"
        script.parent.mkdir()
        jars = f"{prefix / JARS}/*:/{JARS}/*"
        command = f"{shlex.quote(java)} -Xmx256m -cp {shlex.quote(jars)}"
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)

    if not whole(prefix):
        with step("unpacking ZooKeeper from Debian's packages"):
            ensure(prefix, unpack)
    return prefix / WRAPPERS / "zookeeper"


def _java(folder: Path, final: Path) -> str:
    """The unpacked Java, whose links to its configuration in /etc are led to ours.

    :raises SetupError: Debian unpacks none, as it is installed
    """
    program = next(folder.glob("usr/lib/jvm/java-*-openjdk-*/bin/java"), None)
    if not program:
        raise SetupError(f"{JAVA} is installed, but there is no java on the PATH")
    for link in program.parents[1].rglob("*"):
        target = str(link.readlink()) if link.is_symlink() else ""
        if target.startswith("/etc/"):
            link.unlink()
            link.symlink_to(final / target.removeprefix("/"))
    return str(final / program.relative_to(folder))


def _unpack(apt: Apt, folder: Path, final: Path) -> None:
    apt.refresh()
    server = apt.depends("postgresql", r"postgresql-\d+")
    apt.unpack(apt.missing([server, "redis-server"]), folder)
    programs = [
        *(newest(folder / UNPACKED) or folder).glob("*"),
        folder / "usr/bin/redis-server",
    ]
    for program in programs:
        _wrap(program, folder, final)
    folder.chmod(0o755)


def _wrap(program: Path, folder: Path, final: Path) -> None:
    """A script that runs an unpacked program with its libraries, and nothing else with them."""
    script = folder / WRAPPERS / program.name
    script.parent.mkdir(exist_ok=True)
    library = library_path(folder).replace(str(folder), str(final))
    target = final / program.relative_to(folder)
    script.write_text(
        "#!/bin/sh\n"
        f"LD_LIBRARY_PATH={shlex.quote(library)}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\n"
        f'export LD_LIBRARY_PATH\nexec {shlex.quote(str(target))} "$@"\n'
    )
    script.chmod(0o755)


def installed_postgres() -> Path | None:
    """The newest installed PostgreSQL that is new enough and whole."""
    return newest(INSTALLED)


def newest(folder: Path) -> Path | None:
    """The ``bin`` folder of the newest usable version below ``.../postgresql``."""
    versions = [
        path for path in folder.glob("*/bin") if re.fullmatch(r"\d+", path.parent.name)
    ]
    usable = [
        path
        for path in sorted(versions, key=lambda path: int(path.parent.name))
        if int(path.parent.name) >= OLDEST
        and all((path / program).exists() for program in PROGRAMS)
    ]
    return usable[-1] if usable else None


def installed_redis() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None


def office() -> str | None:
    """The path of LibreOffice, if the machine has one."""
    return shutil.which("soffice")


def chromium() -> str | None:
    """The path of an installed Chromium or Chrome, if there is one."""
    candidates = (
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    return next((path for name in candidates if (path := shutil.which(name))), None)
