"""The test phases: lint, unit, integration against real services, and Odoo's own through pytest-odoo."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from . import environment, machine, tools
from .errors import SetupError
from .instance import Instance, start_services
from .lint import lint
from .locks import exclusive
from .paths import PROJECT
from .pytests import TESTS, WITHOUT_ODOO, Pytest, Verdict
from .serving import Serving
from .setup import Setup, install
from .steps import background, say, together

INSTANCE = "test"
DATABASE = "loyalty_test"
PHASES = ("lint", "unit", "integration", "odoo")


@dataclass(frozen=True)
class Suite:
    """One run of the tests: what is installed, whether slow tests are in, and the coming browser."""

    setup: Setup
    slow: bool
    browser: Future | None

    def lint(self) -> Verdict:
        started = time.monotonic()
        passed = lint(self.setup)
        closing = "" if passed else "see above"
        return Verdict("lint", passed, time.monotonic() - started, closing)

    def unit(self) -> Verdict:
        return self._without_odoo("unit", {})

    def integration(self, serving: Serving) -> Verdict:
        variables = environment.services(serving.state, self.setup)
        return self._without_odoo("integration", {**variables, **_browser()})

    def _without_odoo(self, phase: str, variables: dict[str, str]) -> Verdict:
        """Tests that must not load Odoo, so neither the addon's package: pytest looks no higher."""
        folder = f"{TESTS}/{phase}"
        options = (f"--confcutdir={folder}", *WITHOUT_ODOO)
        root = self.setup.paths.repository
        return Pytest(phase, folder, root, options, variables).run(
            self.setup, self.slow
        )

    def odoo(self, serving: Serving) -> Verdict:
        """Odoo's tests, found through the link whose name is the addon's."""
        self._await_browser()
        root = self.setup.paths.addons / PROJECT
        # Folders of tests that are no packages belong to the other phases.
        others = (
            path
            for path in (root / TESTS).glob("*/")
            if not (path / "__init__.py").exists()
        )
        ignored = (f"--ignore={path}" for path in others)
        # pyproject.toml refuses pytest-odoo for the other phases' sake; here it is what runs them.
        options = ("--override-ini=addopts=", "--odoo-http", *ignored)
        variables = {
            **environment.services(serving.state, self.setup),
            **environment.python(self.setup),
            **serving.variables,
            **serving.odoo.env(),
            **_browser(),
        }
        return Pytest("odoo", TESTS, root, options, variables).run(
            self.setup, self.slow
        )

    def _await_browser(self) -> None:
        """Have the installation of the browser ended; tests that need one skip without it."""
        try:
            if self.browser:
                self.browser.result()
        except SetupError as error:
            say(f"   ...    {error}")


def test(slow: bool = False) -> bool:
    """Run the phases that PHASE names (all by default); return whether all passed.

    :raises SetupError: PHASE names none, or the services cannot be started
    """
    phases = _phases()
    browser = background(machine.ensure_chromium) if "odoo" in phases else None
    suite = Suite(install(), slow, browser)
    if {"integration", "odoo"} & set(phases):
        instance = Instance(INSTANCE, suite.setup.paths)
        with exclusive(instance.folder / "tests.lock", "tests"):
            verdicts = _with_services(suite, instance, phases)
    else:
        verdicts = _alone(suite, phases)
    say("\n" + "\n".join(verdict.line() for verdict in verdicts))
    return all(verdict.passed for verdict in verdicts)


def _with_services(
    suite: Suite, instance: Instance, phases: list[str]
) -> list[Verdict]:
    with exclusive(instance.lock, "starting the services"):
        known = start_services(instance, suite.setup.programs)
    serving = Serving(suite.setup, instance, known, DATABASE)
    # The history is built before the integration tests: they watch the engine's transactions.
    _, trouble, verdicts = together(
        serving.ensure_engine,
        lambda: _fresh_database(serving) if "odoo" in phases else "",
        lambda: _alone(suite, phases),
    )
    if "integration" in phases:
        verdicts.append(suite.integration(serving))
    if "odoo" in phases and not trouble:
        verdicts.append(suite.odoo(serving))
    elif trouble:
        say(trouble)
        verdicts.append(
            Verdict("odoo", False, 0, "the addon was not installed: see above")
        )
    return verdicts


def _fresh_database(serving: Serving) -> str:
    """Make the database of Odoo's tests; what went wrong, if the addon does not install.

    That is the addon's fault as often as the set-up's, so the other phases still run.
    """
    serving.odoo.prepare()
    serving.databases.ensure_template()
    try:
        serving.databases.create(DATABASE)
    except SetupError as error:
        return str(error)
    return ""


def _alone(suite: Suite, phases: list[str]) -> list[Verdict]:
    """The phases that need no services."""
    works: dict[str, Callable[[], Verdict]] = {"lint": suite.lint, "unit": suite.unit}
    return [work() for phase, work in works.items() if phase in phases]


def _phases() -> list[str]:
    asked = os.environ.get("PHASE", "").replace(",", " ").split() or list(PHASES)
    if unknown := set(asked) - set(PHASES):
        wrong, right = " ".join(sorted(unknown)), ", ".join(PHASES)
        raise SetupError(f"PHASE={wrong}: expected one or more of {right}")
    return [phase for phase in PHASES if phase in asked]


def _browser() -> dict[str, str]:
    """LR_CHROMIUM, if there is a browser."""
    found = os.environ.get("LR_CHROMIUM") or tools.chromium()
    return {"LR_CHROMIUM": found} if found else {}
