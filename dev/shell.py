"""Runs programs: quiet when all is well, telling when not."""

import errno
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import SetupError

TOLD_LINES = 25


def run(  # noqa: PLR0913 - the choices of subprocess.run
    command: Sequence[str | Path],
    what: str,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    stdin: str | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    :param what: how the work is called in the error message; never holds a secret
    :param env: variables added to the current environment
    :raises SetupError: the program is missing or failed; carries its last lines
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**environ(), **(env or {})},
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **as_user(user),
        )
    except FileNotFoundError as error:
        raise SetupError(f"{what}: {error.filename} is not there") from error
    if done.returncode:
        raise SetupError(explain(what, done.returncode, done.stdout + done.stderr))
    return done.stdout


def environ() -> dict[str, str]:
    """The environment without what would lead PostgreSQL's clients or Odoo elsewhere."""
    misleading = ("PG", "ODOO_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(misleading)
    }


def explain(what: str, code: int, output: str) -> str:
    """One message out of a failed program's output."""
    if "No space left on device" in output:
        return f"{what}: the disk is full; free some space and run it again"
    lines = [line for line in output.splitlines() if line.strip()]
    return "\n    ".join([f"{what} failed (exit code {code}):", *lines[-TOLD_LINES:]])


def as_user(user: str | None) -> dict:
    """Arguments with which ``subprocess`` runs a program as another user."""
    return {"user": user, "group": user, "extra_groups": []} if user else {}


def need_space(folder: Path, gigabytes: float) -> None:
    """Refuse to start a large piece of work for which the disk has no room.

    :raises SetupError: less than ``gigabytes`` are free in ``folder``
    """
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise SetupError(
            f"{folder}: {free:.1f} GB are free, {gigabytes:g} GB are needed; free some space"
        )


def disk_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
