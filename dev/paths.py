"""Where everything lives: nothing is written into the repository.

The cache holds downloads, environments and, for an ordinary user, the data. PostgreSQL refuses
to run as root, and its own user cannot look into root's home: as root what it must reach lives
under a system folder named after the cache, so two caches never share data.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = "loyalty_reporting"
ROOT_DATA = Path("/var/lib") / PROJECT


@dataclass(frozen=True)
class Paths:
    """All folders of one clone: the repository, the shared cache, and PostgreSQL's data."""

    repository: Path
    cache: Path
    reachable: Path

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

    def instance_data(self, name: str) -> Path:
        return self.reachable / "instances" / self.clone / name


def digest(text: str | bytes, length: int = 10) -> str:
    """A short stable name for a text."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()[:length]


def locate() -> Paths:
    """The folders that this clone uses for the current user and environment."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cache = (Path(home) / PROJECT).absolute()
    reachable = ROOT_DATA / digest(str(cache)) if os.geteuid() == 0 else cache
    return Paths(Path(__file__).resolve().parent.parent, cache, reachable)


def prepare(paths: Paths) -> None:
    """Create the folders, and the link through which Odoo finds the addon."""
    for folder in (paths.cache, paths.logs, paths.addons, paths.reachable):
        folder.mkdir(parents=True, exist_ok=True)
    link = paths.addons / PROJECT
    if not link.is_symlink() or link.readlink() != paths.repository:
        link.unlink(missing_ok=True)
        link.symlink_to(paths.repository)
