"""What the kernel says about a process: enough to never take a stranger for ours."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

PROC = Path("/proc")
# Fields of /proc/<pid>/stat counted after the program's name, which may hold blanks.
STATE, START = 0, 19


def identity(pid: int) -> dict:
    """A process's identity that is never given twice: pid, its start in ticks, and the boot.

    :raises ProcessLookupError: no such process, or only its remains
    """
    fields = _stat(pid)
    if fields[STATE] in "ZX":
        raise ProcessLookupError(pid)
    boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    return {"pid": pid, "start": fields[START], "boot": boot}


def is_alive(recorded: dict) -> bool:
    """Whether exactly the recorded process still runs."""
    try:
        return identity(recorded["pid"]) == recorded
    except (ProcessLookupError, KeyError, TypeError):
        return False


def find(marker: str, folders: Sequence[str] = ()) -> Iterator[int]:
    """Processes that carry ``marker`` in their environment, or one of the folders among their arguments."""
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        if marker in _words(entry / "environ") or _names(entry, folders):
            yield int(entry.name)


def called_with(pid: int, folder: Path) -> bool:
    """Whether the process runs and has the folder, or a path below it, among its arguments."""
    return _names(PROC / str(pid), [str(folder)])


def runs(pid: int) -> bool:
    """Whether any process has this number now."""
    return (PROC / str(pid)).exists()


def _names(process: Path, folders: Sequence[str]) -> bool:
    """Whether the process was called with one of these folders, or a path below one, as an argument."""
    within = tuple(folder + "/" for folder in folders)
    return any(
        word in folders or word.startswith(within)
        for word in _words(process / "cmdline")
    )


def _words(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _stat(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessLookupError(pid) from error
