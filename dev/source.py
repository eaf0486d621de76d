"""Which version of the addon's files this is, so that a database is updated when they change."""

import hashlib
import subprocess
from pathlib import Path

# Neither tests nor tools nor texts are part of what a database holds.
IRRELEVANT = (
    "dev/",
    "tests/",
    "readme/",
    ".",
    "Makefile",
    "README",
    "LICENSE",
    "pyproject.toml",
    "requirements.txt",
)


def version(repository: Path) -> str:
    """A digest of the names and contents of all files that Odoo loads."""
    whole = hashlib.sha256()
    for name in files(repository):
        whole.update(
            name.encode()
            + b"\0"
            + hashlib.sha256((repository / name).read_bytes()).digest()
        )
    return whole.hexdigest()


def files(repository: Path) -> list[str]:
    """The relative names of the addon's files, also of those that are not committed yet."""
    return [name for name in listed(repository) if not name.startswith(IRRELEVANT)]


def listed(repository: Path) -> list[str]:
    """The relative names of the repository's files that are not ignored, sorted."""
    found = _known_to_git(repository) or _walked(repository)
    return sorted(name for name in found if (repository / name).is_file())


def _known_to_git(repository: Path) -> list[str]:
    command = [
        "git",
        "-C",
        str(repository),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except OSError:
        return []
    return [name for name in done.stdout.split("\0") if name]


def _walked(repository: Path) -> list[str]:
    """Without git, or in a copy that git does not own: everything but bytecode."""
    paths = (
        path
        for path in repository.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    return [str(path.relative_to(repository)) for path in paths]
