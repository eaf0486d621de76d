"""Becomes another program, after writing down which process that is.

The record is written by the process itself before it turns into the service, so there is no
instant at which a service runs that nobody knows of, whatever happens to the one who started it.

    python -m dev.launcher <record file> <user or -> <working folder> <program> [argument ...]
"""

import ctypes
import json
import os
import pwd
import signal
import sys
from pathlib import Path

from .procfs import identity

# From <linux/prctl.h>.
_SET_DEATH_SIGNAL = 1


def main(arguments: list[str]) -> None:
    record, user, folder, *command = arguments
    path = Path(record)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(identity(os.getpid())))
    partial.replace(path)
    if user != "-":
        _become(user)
    if parent := os.environ.get("LOYALTY_REPORTING_PARENT"):
        _end_with(int(parent))
    os.chdir(folder)
    os.execvp(command[0], command)


def _become(name: str) -> None:
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = user.pw_dir


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; a change of user undoes that."""
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
