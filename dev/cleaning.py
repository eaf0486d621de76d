"""Removes what this project keeps outside the repository, and nothing else."""

from pathlib import Path

from .errors import SetupError
from .instance import stop_processes
from .locks import exclusive
from .paths import PROJECT, ROOT_DATA, Paths
from .processes import Keeper
from .stamps import remove
from .steps import say, step


def clean(paths: Paths) -> None:
    """End the processes of every instance in this cache, of all clones, and remove the cache.

    :raises SetupError: the folder does not look like ours
    """
    for folder in (paths.cache, paths.reachable):
        _confirm(folder)
    if not paths.cache.exists() and not paths.reachable.exists():
        return say("   ...    there is nothing to remove")
    with (
        step(f"removing {paths.cache}"),
        exclusive(paths.cache / "install.lock", "installing"),
    ):
        for folder in sorted(paths.cache.glob("instances/*/*")):
            _end(folder, paths)
        for folder in (paths.memory, paths.reachable, paths.cache):
            if folder:
                remove(folder)
    return None


def _end(folder: Path, paths: Paths) -> None:
    """End one instance, whichever clone it belongs to."""
    data = paths.instance_data(folder.name, clone=folder.parent.name)
    stop_processes(Keeper(folder), data)


def _confirm(folder: Path) -> None:
    """Never remove a folder that is not named as ours, whatever the environment says."""
    if folder.name != PROJECT and folder.parent != ROOT_DATA:
        raise SetupError(
            f"{folder} is not a folder of this project; nothing was removed"
        )
