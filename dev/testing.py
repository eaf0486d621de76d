"""The test phases: lint, unit, integration against real services, and Odoo's own through pytest-odoo."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from . import environment, machine, npm, tools
from .errors import SetupError
from .instance import Instance, start_services
from .lint import lint
from .locks import exclusive
from .paths import PROJECT, digest
from .pytests import ALL, TESTS, WITHOUT_ODOO, Pytest, Verdict
from .serving import Serving
from .setup import Setup, install
from .steps import background, say, together

INSTANCE = "test"
DATABASE = "loyalty_test"
PHASES = ("lint", "unit", "integration", "odoo")
# The reference implementation's audits of GraphQL over HTTP.
GRAPHQL_HTTP = ("graphql-http@1.23.1", "graphql@16.15.0")
# Integration tests wait for servers more than they compute: so many runs of them at once,
# each with its own services and every n-th file.
SHARES = 2
# Those that need no services, one after the other.
ALONE = ("lint", "unit")


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

    def integration(self, serving: Serving, share: int | None) -> Verdict:
        """Those of one share of :data:`SHARES`; None: all of them."""
        variables = environment.services(serving.state, self.setup)
        phase, part = "integration", ALL
        if share is not None:
            phase, part = f"{phase}-{share + 1}", (share, SHARES)
        return self._without_odoo(phase, {**variables, **_browser()}, part)

    def _without_odoo(
        self, phase: str, variables: dict[str, str], share: tuple[int, int] = ALL
    ) -> Verdict:
        """Tests that must not load Odoo, so neither the addon's package: pytest looks no higher."""
        folder = f"{TESTS}/{phase.partition('-')[0]}"
        options = (f"--confcutdir={folder}", *WITHOUT_ODOO)
        root = self.setup.paths.repository
        # What runs beside the first share is shown at its end.
        held = share[0] > 0
        return Pytest(phase, folder, root, options, variables, held, share).run(
            self.setup, self.slow
        )

    def odoo(self, serving: Serving, held: bool) -> Verdict:
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
            **self._audits(),
        }
        return Pytest("odoo", TESTS, root, options, variables, held).run(
            self.setup, self.slow
        )

    def _audits(self) -> dict[str, str]:
        """LR_GRAPHQL_HTTP, where npm is at hand; the test of it skips without."""
        folder = self.setup.paths.cache / f"graphql-http-{digest(str(GRAPHQL_HTTP))}"
        found = npm.modules(folder, GRAPHQL_HTTP)
        if not found:
            say("   ...    npm is not installed: GraphQL over HTTP is not audited")
        return {"LR_GRAPHQL_HTTP": str(found)} if found else {}

    def _await_browser(self) -> None:
        """Have the installation of the browser ended; tests that need one skip without it."""
        try:
            if self.browser:
                self.browser.result()
        except SetupError as error:
            say(f"   ...    {error}")


def test(slow: bool = False) -> bool:
    """Run the phases that PHASE names (all by default); return whether all passed.

    Those that need services have services of their own, and run at once.

    :raises SetupError: PHASE names none, or the services cannot be started
    """
    phases = _phases()
    browser = background(machine.ensure_chromium) if "odoo" in phases else None
    suite = Suite(install(), slow, browser)
    lanes = {
        "lint": suite.lint,
        "unit": suite.unit,
        "odoo": lambda: _odoo(suite, held="integration" in phases),
    }
    # A selection of tests is not worth other services of its own.
    shares = (
        (None,) if f"{TESTS}/" in os.environ.get("PYTEST_ARGS", "") else range(SHARES)
    )
    verdicts = together(
        lambda: [lanes[phase]() for phase in phases if phase in ALONE],
        *(
            partial(_integration, suite, share)
            for share in shares
            if "integration" in phases
        ),
        *(lanes[phase] for phase in phases if phase == "odoo"),
    )
    verdicts[:1] = verdicts[0]
    say("\n" + "\n".join(verdict.line() for verdict in verdicts))
    return all(verdict.passed for verdict in verdicts)


@contextmanager
def _serving(suite: Suite, name: str) -> Iterator[Serving]:
    """The services of a phase, with the engine's history, for one run at a time."""
    instance = Instance(name, suite.setup.paths)
    with exclusive(instance.folder / "tests.lock", "tests"):
        with exclusive(instance.lock, "starting the services"):
            known = start_services(instance, suite.setup.programs)
        serving = Serving(suite.setup, instance, known, DATABASE)
        # Built before the tests: they watch the engine's transactions.
        serving.ensure_engine()
        yield serving


def _integration(suite: Suite, share: int | None) -> Verdict:
    name = f"{INSTANCE}-{share + 1}" if share else INSTANCE
    with _serving(suite, name) as serving:
        return suite.integration(serving, share)


def _odoo(suite: Suite, held: bool) -> Verdict:
    with _serving(suite, f"{INSTANCE}-odoo") as serving:
        if trouble := _fresh_database(serving):
            say(trouble)
            closing = "the addon was not installed: see above"
            return Verdict("odoo", False, 0, closing)
        return suite.odoo(serving, held)


def _fresh_database(serving: Serving) -> str:
    """Make the database of Odoo's tests; what went wrong, if the addon does not install.

    That is the addon's fault as often as the set-up's: the phase fails, not the run.
    """
    serving.odoo.prepare()
    serving.databases.ensure_template()
    try:
        serving.databases.create(DATABASE)
    except SetupError as error:
        return str(error)
    return ""


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
