"""The test phases: lint, unit, integration against real services, and Odoo's own through pytest-odoo."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import environment, machine
from .errors import SetupError
from .instance import Instance, start_services
from .lint import lint
from .locks import exclusive
from .paths import PROJECT
from .serving import Serving
from .setup import Setup, install
from .steps import background, say, together

INSTANCE = "test"
DATABASE = "loyalty_test"
PHASES = ("lint", "unit", "integration", "odoo")
NO_TESTS_COLLECTED = 5
_CLOSING = re.compile(
    r"\b\d+ (passed|failed|error|skipped|deselected|xfailed|warning)|no tests ran"
)


@dataclass(frozen=True)
class Verdict:
    """How one phase ended."""

    phase: str
    passed: bool
    seconds: float
    closing: str

    def line(self) -> str:
        return f"{'ok    ' if self.passed else 'FAILED'} {self.phase:12} {self.seconds:7.1f} s  {self.closing}"


@dataclass(frozen=True)
class Suite:
    """One run of the tests: what is installed, which instance, and whether slow tests are in."""

    setup: Setup
    slow: bool

    def lint(self) -> Verdict:
        started = time.monotonic()
        passed = lint(self.setup)
        return Verdict(
            "lint", passed, time.monotonic() - started, "" if passed else "see above"
        )

    def unit(self) -> Verdict:
        return self._pytest(
            "unit", Path("tests/unit"), ["--confcutdir=tests/unit", *_WITHOUT_ODOO], {}
        )

    def integration(self, serving: Serving) -> Verdict:
        variables = environment.services(serving.state, self.setup)
        return self._pytest(
            "integration", Path("tests/integration"), list(_WITHOUT_ODOO), variables
        )

    def odoo(self, serving: Serving) -> Verdict:
        """Odoo's tests, found through the link whose name is the addon's."""
        tests = self.setup.paths.addons / PROJECT / "tests"
        # Folders that are no packages belong to the other phases.
        others = [
            path
            for path in tests.iterdir()
            if path.is_dir() and not (path / "__init__.py").exists()
        ]
        # pyproject.toml keeps pytest-odoo out of the other phases; here it is what runs them.
        options = [
            "--override-ini=addopts=",
            "--odoo-http",
            *(f"--ignore={path}" for path in others),
        ]
        variables = {
            **environment.services(serving.state, self.setup),
            **serving.variables,
            **environment.python(self.setup),
            **serving.odoo.env(),
        }
        return self._pytest("odoo", tests, options, variables)

    def _pytest(
        self, phase: str, tests: Path, options: list[str], variables: dict[str, str]
    ) -> Verdict:
        started = time.monotonic()
        chosen = shlex.split(os.environ.get("PYTEST_ARGS", ""))
        cache = f"--override-ini=cache_dir={self.setup.paths.cache / 'pytest' / self.setup.paths.clone / phase}"
        marked = [] if self.slow else ["-m", "not slow"]
        command = [
            self.setup.python,
            "-m",
            "pytest",
            tests,
            "-ra",
            cache,
            *marked,
            *options,
            *chosen,
        ]
        say(f"   ...    {phase} tests")
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **_chromium(), **variables}
        code, closing = _shown(
            [str(part) for part in command], env, self.setup.paths.repository
        )
        if code == NO_TESTS_COLLECTED:
            written = any((self.setup.paths.repository / tests).glob("test_*.py"))
            passed, closing = bool(chosen) or not written, closing or "no tests"
        else:
            passed = code == 0
        return Verdict(phase, passed, time.monotonic() - started, closing)


_WITHOUT_ODOO = ("-p", "no:odoo")


def test(slow: bool = False) -> bool:
    """Run the phases that PHASE names (all by default); return whether all passed.

    :raises SetupError: PHASE names none, or the services cannot be started
    """
    phases = _phases()
    browser = background(machine.ensure_chromium) if "odoo" in phases else None
    suite = Suite(install(), slow)
    if {"integration", "odoo"} & set(phases):
        with exclusive(Instance(INSTANCE, suite.setup.paths).lock, "the tests"):
            verdicts = _with_services(suite, phases)
    else:
        verdicts = _alone(suite, phases)
    if browser:
        _told(browser.result)
    say("\n" + "\n".join(verdict.line() for verdict in verdicts))
    return all(verdict.passed for verdict in verdicts)


def _with_services(suite: Suite, phases: list[str]) -> list[Verdict]:
    instance = Instance(INSTANCE, suite.setup.paths)
    serving = Serving(
        suite.setup, instance, start_services(instance, suite.setup.programs), DATABASE
    )

    def prepare() -> None:
        if "odoo" in phases:
            serving.odoo.prepare()
            serving.databases.ensure_template()
            serving.databases.create(DATABASE)

    # The engine's history is built before the integration tests: they watch transactions.
    _, _, verdicts = together(
        serving.ensure_engine, prepare, lambda: _alone(suite, phases)
    )
    works = {"integration": suite.integration, "odoo": suite.odoo}
    return verdicts + [
        work(serving) for phase, work in works.items() if phase in phases
    ]


def _alone(suite: Suite, phases: list[str]) -> list[Verdict]:
    """The phases that need no services."""
    works: dict[str, Callable[[], Verdict]] = {"lint": suite.lint, "unit": suite.unit}
    return [work() for phase, work in works.items() if phase in phases]


def _phases() -> list[str]:
    asked = os.environ.get("PHASE", "").replace(",", " ").split() or list(PHASES)
    if unknown := set(asked) - set(PHASES):
        raise SetupError(
            f"PHASE={' '.join(sorted(unknown))}: expected one or more of {', '.join(PHASES)}"
        )
    return [phase for phase in PHASES if phase in asked]


def _chromium() -> dict[str, str]:
    """LR_CHROMIUM, if there is a browser: tests that need it skip without, and say so."""
    found = os.environ.get("LR_CHROMIUM") or machine.tools.chromium()
    return {"LR_CHROMIUM": found} if found else {}


def _told(work: Callable[[], object]) -> None:
    try:
        work()
    except SetupError as error:
        say(f"   ...    {error}")


def _shown(command: list[str], env: dict[str, str], folder: Path) -> tuple[int, str]:
    """Run a program, showing its lines as they come; its exit code and pytest's closing line."""
    closing = ""
    with subprocess.Popen(
        command,
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        for raw in process.stdout or ():
            line = raw.decode(errors="replace")
            sys.stderr.write(line)
            if _CLOSING.search(line) and ("=" in line or " in " in line):
                closing = line.strip("= \n")
    return process.returncode, closing
