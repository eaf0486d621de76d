"""The Python environments: Odoo with the addon and its tests, ClickHouse alone, and a bench's.

An environment is named after what it holds (pins and interpreter), so a change of the pins makes
a new one and never disturbs running processes. Debian's python3 has no ensurepip: pip then comes
as the wheel of Debian's own package ``python3-pip-whl``.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .debian import Apt
from .errors import SetupError
from .paths import Paths, digest
from .shell import need_space, run
from .stamps import STAMP, ensure, remove, seal
from .steps import step

HERE = Path(__file__).resolve().parent
OLDEST_PYTHON = "3.11"
PINS_TITLE = """\
# The exact versions of every Python package in the environments of dev/ (Python >= 3.11).
# Renewed by: python3 -m dev pins"""
CONSTRAINTS = HERE / "constraints.txt"


@dataclass(frozen=True)
class Environment:
    """What an environment holds, an import that proves it whole, and the pins it keeps to."""

    name: str
    requirements: tuple[Path, ...]
    proof: str
    constraints: Path = CONSTRAINTS


ODOO = Environment(
    "odoo",
    (HERE / "requirements.txt", HERE.parent / "requirements.txt"),
    "import psycopg2, lxml.etree, PIL.Image, gevent, werkzeug, clickhouse_driver, redis, xlsxwriter, "
    "simplejson, pandas, pyarrow, pytest, reportlab, cryptography, ruff",
)
CLICKHOUSE = Environment(
    "clickhouse", (HERE / "requirements-clickhouse.txt",), "import chdb._chdb"
)
# The version before: its pins are its own, as the others' name another version.
_BEFORE = HERE / "requirements-clickhouse-26.7.txt"
CLICKHOUSE_BEFORE = Environment(
    "clickhouse-26.7", (_BEFORE,), CLICKHOUSE.proof, constraints=_BEFORE
)
DLT = Environment(
    "dlt",
    (HERE / "requirements-dlt.txt",),
    "import dlt, sqlalchemy, pyarrow, psycopg2",
)


def python_of(paths: Paths, environment: Environment) -> Path:
    """Where the environment's interpreter is (or will be)."""
    pins = b"".join(
        path.read_bytes()
        for path in (*environment.requirements, environment.constraints)
    )
    key = digest(pins + f"{sys.executable} {sys.version}".encode())
    return paths.cache / "venvs" / f"{environment.name}-{key}" / "bin" / "python"


def ensure_environment(paths: Paths, environment: Environment, apt: Apt) -> Path:
    """The interpreter of a whole environment, made or repaired if need be.

    :raises SetupError: a package cannot be fetched or does not import
    """
    python = python_of(paths, environment)
    folder = python.parent.parent
    if (folder / STAMP).exists() and _imports(python, environment):
        return python
    with step(f"installing the Python environment '{environment.name}'"):
        need_space(paths.cache, 3)
        remove(folder)
        _create(paths, folder, environment, apt)
    if not _imports(python, environment):
        raise SetupError(
            f"{folder} does not import its packages ({environment.proof}); remove it and run again"
        )
    seal(folder, counted=False)
    return python


def _imports(python: Path, environment: Environment) -> bool:
    command = [python, "-W", "ignore", "-c", environment.proof]
    try:
        return (
            subprocess.run(
                command, capture_output=True, check=False, stdin=subprocess.DEVNULL
            ).returncode
            == 0
        )
    except OSError:
        return False


def _create(paths: Paths, folder: Path, environment: Environment, apt: Apt) -> None:
    what = f"installing {environment.name}'s Python packages"
    wanted = [f"--requirement={path}" for path in environment.requirements]
    wanted.append(f"--constraint={environment.constraints}")
    run([sys.executable, "-m", "venv", "--without-pip", folder], f"creating {folder}")
    python = folder / "bin" / "python"
    pip = [python, pip_program(paths, apt)]
    try:
        uv = ensure_installer(paths, apt)
        run(
            [uv, "pip", "install", "--python", python, *wanted],
            what,
            env=_uv_settings(paths),
        )
    except SetupError:
        # uv knows only the public index's protocol, not every pip configuration: pip has the last word.
        run([*pip, "install", "--quiet", *wanted], what)


def renew_pins(paths: Paths, apt: Apt) -> None:
    """Write constraints.txt anew: the newest versions that go together on the oldest Python."""
    wanted = [*ODOO.requirements, *CLICKHOUSE.requirements]
    options = [f"--python-version={OLDEST_PYTHON}", "--no-header", "--no-annotate"]
    command = [
        ensure_installer(paths, apt),
        "pip",
        "compile",
        "--quiet",
        *options,
        *wanted,
    ]
    pins = run(command, "resolving the Python packages", env=_uv_settings(paths))
    CONSTRAINTS.write_text(f"{PINS_TITLE}\n{pins}")


def _uv_settings(paths: Paths) -> dict[str, str]:
    return {
        "UV_CACHE_DIR": str(paths.cache / "uv"),
        "UV_NO_PROGRESS": "1",
        "UV_NO_CONFIG": "1",
    }


def ensure_installer(paths: Paths, apt: Apt) -> Path:
    """The path of uv, which installs ten times faster than pip, in an environment of its own."""
    pip = pip_program(paths, apt)

    def build(folder: Path) -> None:
        run(
            [sys.executable, pip, "install", "--quiet", f"--target={folder}", "uv"],
            "installing uv",
        )

    folder = ensure(paths.cache / "installer", build)
    return folder / "bin" / "uv"


def pip_program(paths: Paths, apt: Apt) -> Path:
    """A file that ``python`` can run as pip: a wheel, Python's bundled one or Debian's.

    :raises SetupError: there is neither
    """
    bundled = _wheel(_bundled_wheels())
    if bundled:
        return bundled / "pip"

    def build(folder: Path) -> None:
        apt.refresh()
        apt.unpack(["python3-pip-whl"], folder)

    unpacked = ensure(paths.cache / "pip", build)
    found = _wheel(unpacked / "usr" / "share" / "python-wheels")
    if not found:
        raise SetupError(
            "no pip was found; install it: sudo apt-get install python3-venv"
        )
    return found / "pip"


def _bundled_wheels() -> Path:
    try:
        import ensurepip  # noqa: PLC0415 - Debian's python3 may lack it
    except ImportError:
        return Path(os.devnull)
    return Path(ensurepip.__file__).parent / "_bundled"


def _wheel(folder: Path) -> Path | None:
    found = sorted(folder.glob("pip-*.whl"))
    return found[-1] if found else None
