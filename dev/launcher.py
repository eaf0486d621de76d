"""Becomes another program, after writing down which process that is.

The record is written by the process itself before it turns into the service, so there is no
instant at which a service runs that nobody knows of, whatever happens to the one who started it.

    python -m dev.launcher <record file> <user or -> <working folder> <program> [argument ...]
"""

import json
import os
import pwd
import sys
from pathlib import Path

from .procfs import identity


def main(arguments: list[str]) -> None:
    record, user, folder, *command = arguments
    path = Path(record)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(identity(os.getpid())))
    partial.replace(path)
    if user != "-":
        _become(user)
    os.chdir(folder)
    os.execvp(command[0], command)


def _become(name: str) -> None:
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = user.pw_dir


if __name__ == "__main__":
    main(sys.argv[1:])
