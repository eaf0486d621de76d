"""Programs from the npm registry, in the cache, where npm is at hand."""

import shutil
from pathlib import Path

from .shell import run
from .stamps import ensure


def modules(folder: Path, packages: tuple[str, ...]) -> Path | None:
    """The node_modules that hold these packages, installed if need be; None without npm.

    :param packages: with their versions: ``name@1.2.3``
    """
    if not shutil.which("npm"):
        return None

    def install(partial: Path) -> None:
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        run([*command, *packages], f"installing {packages[0]}", cwd=partial)

    return ensure(folder, install) / "node_modules"
