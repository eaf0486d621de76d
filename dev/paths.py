"""Where everything lives: nothing is written into the repository.

The cache holds downloads, environments and, for an ordinary user, the data. PostgreSQL refuses
to run as root, and its own user cannot look into root's home: as root what it must reach lives
under a system folder named after the cache, so two caches never share data.

The tests' databases live in memory if there is plenty: hundreds of them are made and dropped,
and ext4 spends more time on finding inodes for their files than PostgreSQL on everything else.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

PROJECT = "loyalty_reporting"
ROOT_DATA = Path("/var/lib") / PROJECT
MEMORY = Path("/dev/shm")
# The instances whose data may be lost with the machine, by the beginning of their names.
IN_MEMORY = "test"
# The tests' clusters hold some 5 GB; the machine must have as much again beside them.
PLENTY = 10 * 2**30


@dataclass(frozen=True)
class Paths:
    """All folders of one clone: the repository, the shared cache, and PostgreSQL's data."""

    repository: Path
    cache: Path
    reachable: Path
    memory: Path | None = None

    @property
    def clone(self) -> str:
        """A short name of this clone, so that several clones can share a cache."""
        return digest(str(self.repository))

    @property
    def logs(self) -> Path:
        return self.cache / "logs"

    @property
    def addons(self) -> Path:
        """A folder that holds nothing but a link, named as the addon, to the repository."""
        return self.cache / f"addons-{self.clone}"

    def instance(self, name: str) -> Path:
        return self.cache / "instances" / self.clone / name

    def instance_data(self, name: str, clone: str = "") -> Path:
        """Where PostgreSQL's data of an instance are, of this clone or of another."""
        base = (
            self.memory
            if self.memory and name.startswith(IN_MEMORY)
            else self.reachable
        )
        return base / "instances" / (clone or self.clone) / name / "postgres"


def digest(text: str | bytes, length: int = 10) -> str:
    """A short stable name for a text."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()[:length]


def locate() -> Paths:
    """The folders that this clone uses for the current user and environment."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cache = (Path(home) / PROJECT).absolute()
    reachable = ROOT_DATA / digest(str(cache)) if os.geteuid() == 0 else cache
    memory = _memory(f"{PROJECT}-{os.geteuid()}-{digest(str(cache))}")
    return Paths(Path(__file__).resolve().parent.parent, cache, reachable, memory)


def _memory(name: str) -> Path | None:
    """A folder of ours in memory; None without one and without the room to make it."""
    folder = MEMORY / name
    if folder.is_dir() and not folder.is_symlink():
        # The place is open to everyone: a folder of another's is not used.
        return folder if folder.stat().st_uid == os.geteuid() else None
    try:
        room = min(shutil.disk_usage(MEMORY).free, _available())
    except OSError:
        return None
    return folder if room >= PLENTY else None


def _available() -> int:
    """The bytes of memory that programs can still have."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def prepare(paths: Paths) -> None:
    """Create the folders, and the link through which Odoo finds the addon."""
    folders = (paths.cache, paths.logs, paths.addons, paths.reachable, paths.memory)
    for folder in filter(None, folders):
        folder.mkdir(parents=True, exist_ok=True)
    link = paths.addons / PROJECT
    if not link.is_symlink() or link.readlink() != paths.repository:
        link.unlink(missing_ok=True)
        link.symlink_to(paths.repository)
