"""One call of pytest: its arguments, its output as it comes, and its verdict."""

import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from .setup import Setup
from .shell import environ
from .steps import say

TESTS = "tests"
NO_TESTS_COLLECTED = 5
# The share of a run that has all files.
ALL = (0, 1)
# What a run should tell of itself: it is to stay short.
SLOWEST = ("--durations=20", "--durations-min=5")
# pytest-odoo loads Odoo into every run that does not refuse it.
WITHOUT_ODOO = ("-p", "no:odoo")
# A test that asks for it waits for its load, once in a run: those that do share one.
_HISTORY = re.compile(r"[(,]\s*(pushed_history|history|full_engine)\s*[,)]")
_CLOSING = re.compile(r"\b(no tests ran|\d+ [a-z]+)\b.* in \d+\.\d+s")


@dataclass(frozen=True)
class Verdict:
    """How one phase ended."""

    phase: str
    passed: bool
    seconds: float
    closing: str

    def line(self) -> str:
        word = "ok    " if self.passed else "FAILED"
        return f"{word} {self.phase:16} {self.seconds:7.1f} s  {self.closing}"


@dataclass(frozen=True)
class Pytest:
    """The tests of one phase: their folder in the repository, and how pytest is told to run them.

    ``root`` is the repository as pytest is to see it: for Odoo the link named as the addon.
    ``held`` output is shown at the end, when another phase shows its own meanwhile. ``marked``
    narrows the tests down to those with a mark. ``share`` (m, n): of n runs that share the folder's
    files this is the m-th, from 0 on; the first has all that load the whole history.
    """

    phase: str
    folder: str
    root: Path
    options: tuple[str, ...]
    variables: dict[str, str]
    held: bool = False
    marked: str = ""
    share: tuple[int, int] = ALL

    def run(self, setup: Setup, slow: bool) -> Verdict:
        """Run the tests that PYTEST_ARGS selects, all by default, the slow ones only if asked for."""
        started = time.monotonic()
        targets, options = self.selected(shlex.split(os.environ.get("PYTEST_ARGS", "")))
        if not targets:
            return Verdict(self.phase, True, 0, "nothing selected")
        cache = setup.paths.cache / "pytest" / setup.paths.clone / self.phase
        marks = " and ".join(filter(None, (self.marked, "" if slow else "not slow")))
        marked = ["-m", marks] if marks else []
        settings = [f"--override-ini=cache_dir={cache}", "-ra", *SLOWEST, *marked]
        settings += self.options
        later = " (shown at their end)" if self.held else ""
        say(f"   ...    {self.phase} tests{later}")
        command = [str(setup.python), "-m", "pytest", *settings, *options, *targets]
        code, closing = _shown(
            command, {**environ(), **self.variables}, self.root, self.held
        )
        passed = code == 0 or (
            code == NO_TESTS_COLLECTED and self._may_be_none(options)
        )
        return Verdict(self.phase, passed, time.monotonic() - started, closing)

    def selected(self, arguments: list[str]) -> tuple[list[str], list[str]]:
        """What to run, and pytest's options: paths of tests in the arguments replace the whole folder."""
        paths = [word for word in arguments if word.startswith(f"{TESTS}/")]
        options = [word for word in arguments if word not in paths]
        if not paths:
            return self._all(), options
        return [str(self.root / word) for word in paths if self._owns(word)], options

    def _all(self) -> list[str]:
        if self.share == ALL:
            exists = (self.root / self.folder).is_dir()
            return [str(self.root / self.folder)] if exists else []
        number, shares = self.share
        files = sorted((self.root / self.folder).glob("test_*.py"))
        heavy = [file for file in files if _HISTORY.search(file.read_text())]
        others = [file for file in files if file not in heavy]
        # Of what is left the first has one part, each of the others two.
        parts = 2 * shares - 1
        dealt = zip(others, cycle(range(parts)), strict=False)
        own = [file for file, part in dealt if (part + 1) // 2 == number]
        return [*map(str, own if number else sorted(heavy + own))]

    def _owns(self, path: str) -> bool:
        """Whether a path of a test belongs to this phase and to no folder of another."""
        parent = str(Path(path.partition("::")[0]).parent)
        return parent == self.folder or (
            self.folder != TESTS and parent.startswith(self.folder + "/")
        )

    def _may_be_none(self, options: list[str]) -> bool:
        """No test ran: right if there are none yet, or if options may have deselected all."""
        return bool(options) or not any((self.root / self.folder).glob("test_*.py"))


def _shown(
    command: list[str], env: dict[str, str], folder: Path, held: bool
) -> tuple[int, str]:
    """Run a program, showing its lines; its exit code and pytest's closing line."""
    closing, kept = "", []
    with subprocess.Popen(
        command,
        env={**env, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        for raw in process.stdout or ():
            line = raw.decode(errors="replace")
            if held:
                kept.append(line)
            else:
                sys.stderr.write(line)
            if _CLOSING.search(line):
                closing = line.strip("= \n")
    sys.stderr.write("".join(kept))
    return process.returncode, closing
