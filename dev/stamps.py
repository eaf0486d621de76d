"""Folders that are either whole or made again.

A folder is built beside its place, its stamp is written last, and one rename puts it there: a
kill at any instant leaves the old state. The stamp counts what was unpacked, so a file that was
lost or cut later is noticed too.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

STAMP = ".complete"


def ensure(
    folder: Path, build: Callable[[Path], None], *, counted: bool = True
) -> Path:
    """Return ``folder``, built by ``build(empty folder)`` unless it is already whole.

    :param counted: compare the number and size of its files with the stamp's
    """
    if whole(folder):
        return folder
    partial = folder.with_name(folder.name + ".partial")
    remove(partial)
    partial.mkdir(parents=True)
    build(partial)
    seal(partial, counted=counted)
    remove(folder)
    partial.rename(folder)
    return folder


def seal(folder: Path, *, counted: bool = True) -> None:
    """Write the stamp: from now on the folder counts as whole."""
    (folder / STAMP).write_text(json.dumps(measure(folder) if counted else None))


def whole(folder: Path) -> bool:
    """Whether the folder was finished, and nothing in it was lost since."""
    try:
        expected = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        return False
    return expected is None or expected == measure(folder)


def measure(folder: Path) -> list[int]:
    """The number and total size of the files in a folder, its stamp and bytecode aside."""
    count = size = 0
    stack = [str(folder)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        stack.append(entry.path)
                elif entry.name != STAMP:
                    count += 1
                    size += entry.stat(follow_symlinks=False).st_size
    return [count, size]


def remove(folder: Path) -> None:
    """Remove a folder of ours, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
