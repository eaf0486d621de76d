"""The style checks: ruff, pylint-odoo, a fresh README, and prettier where npm is at hand."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import npm
from .setup import Setup
from .source import listed
from .steps import say, step

PRETTIER = ("prettier@3.10.1", "@prettier/plugin-xml@3.4.2")
PRETTIER_STYLE = (
    "--print-width=120",
    "--xml-whitespace-sensitivity=ignore",
    "--log-level=warn",
)
PRETTY = (".xml", ".js", ".scss", ".css")
# Only Odoo's own rules: the general ones are ruff's. Not among them, because it takes any
# method called read, write or create for the ORM's, and core/ has readers and writers.
PYLINT = (
    "--jobs=2",
    "--disable=all",
    "--enable=odoolint",
    "--disable=method-required-super",
)
FOREIGN = "static/lib/"
# Python that knows nothing of Odoo: its cursors are psycopg2's, its output is printed.
WITHOUT_ODOO = ("dev/", "core/", "tests/unit/", "tests/integration/", "tests/oracle/")


@dataclass(frozen=True)
class Check:
    """One program's verdict on the repository."""

    name: str
    command: tuple[str | Path, ...]


def lint(setup: Setup) -> bool:
    """Run all checks, also after one failed; return whether all are content."""
    with step("lint"):
        return all(
            [
                _passes(check, setup.paths.repository, setup.paths.cache / "pylint")
                for check in checks(setup)
            ]
        )


def fix(setup: Setup) -> None:
    """Let the programs put right what they can."""
    ruff, repository = setup.python.parent / "ruff", setup.paths.repository
    subprocess.run(
        [ruff, "check", "--quiet", "--fix", "."], cwd=repository, check=False
    )
    subprocess.run([ruff, "format", "--quiet", "."], cwd=repository, check=False)
    for check in _prettier(setup, "--write"):
        subprocess.run(
            check.command, cwd=repository, check=False, stdout=subprocess.DEVNULL
        )


def checks(setup: Setup) -> Iterator[Check]:
    """The programs to ask; configured in pyproject.toml."""
    programs, cache = setup.python.parent, setup.paths.cache / "ruff"
    yield Check(
        "ruff check",
        (
            programs / "ruff",
            "check",
            f"--cache-dir={cache}",
            "--output-format=concise",
            ".",
        ),
    )
    yield Check(
        "ruff format",
        (programs / "ruff", "format", f"--cache-dir={cache}", "--check", "."),
    )
    python = [
        name
        for name in listed(setup.paths.repository)
        if name.endswith(".py") and not name.startswith(WITHOUT_ODOO)
    ]
    yield Check("pylint-odoo", (programs / "pylint", *PYLINT, *python))
    yield Check("readme", (setup.python, "-m", "dev.readme", "--check"))
    yield from _prettier(setup, "--check")


def _prettier(setup: Setup, mode: str) -> Iterator[Check]:
    names = listed(setup.paths.repository)
    files = [
        name for name in names if name.endswith(PRETTY) and not name.startswith(FOREIGN)
    ]
    if not files:
        return
    modules = npm.modules(setup.paths.cache / "prettier", PRETTIER)
    if not modules:
        say(
            "   ...    npm is not installed: XML, JavaScript and styles are not checked by prettier"
        )
        return
    plugin = f"--plugin={modules / '@prettier/plugin-xml/src/plugin.js'}"
    program = modules / "prettier" / "bin" / "prettier.cjs"
    yield Check("prettier", ("node", program, mode, plugin, *PRETTIER_STYLE, *files))


def _passes(check: Check, repository: Path, home: Path) -> bool:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYLINTHOME": str(home)}
    done = subprocess.run(
        check.command,
        cwd=repository,
        env=env,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        say(done.stdout + done.stderr)
    say(
        f"   ...    {check.name}: {'found something' if done.returncode else 'content'}"
    )
    return done.returncode == 0
