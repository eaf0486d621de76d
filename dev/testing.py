"""The test phases: lint, unit, integration against real services, Odoo's own through pytest-odoo,
and the screens in a browser.

``make test-slow`` has a phase for each other version of ClickHouse, too: what asks ClickHouse
among the integration tests, on a server of that version, and one for the first use of the addon.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain

from . import clickhouses, clusters, environment, machine, npm, tools
from .errors import SetupError, Unavailable
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
INTEGRATION = "integration"
# The phase of each other version of ClickHouse.
CLICKHOUSES = {f"clickhouse-{version}": version for version in clickhouses.OTHERS}
# What asks a cluster of it, of several nodes with Debian's ZooKeeper.
CLUSTER = "clickhouse-cluster"
SCREENS = "screens"
# The screens of somebody who tries the addon out, on Odoo's demo data alone.
FIRST_USE = "first-use"
PHASES = (
    *("lint", "unit", INTEGRATION, *CLICKHOUSES, CLUSTER, "odoo", SCREENS),
    FIRST_USE,
)
# Left out of `make test`.
SLOW_PHASES = (*CLICKHOUSES, CLUSTER, FIRST_USE)
# The reference implementation's audits of GraphQL over HTTP.
GRAPHQL_HTTP = ("graphql-http@1.23.1", "graphql@16.15.0")
# Finds what keeps people with disabilities out of a page.
AXE = ("axe-core@4.14.1",)
# Integration tests wait for servers more than they compute: so many runs of them at once,
# each with services of its own and a part of the files.
SHARES = 2
# Those that need no services, and those on the services of the tests: one after the other.
ALONE = ("lint", "unit")
SERVED = (INTEGRATION, *CLICKHOUSES, CLUSTER)


@dataclass(frozen=True)
class Suite:
    """One run of the tests: what is installed, whether slow tests are in, and the coming browser.

    ``held``: Odoo's tests show what they print at their end, as others print meanwhile.
    ``office``: LibreOffice, coming, which opens workbooks in the integration tests.
    """

    setup: Setup
    slow: bool
    browser: Future | None
    held: bool
    office: Future | None = None

    def lint(self) -> Verdict:
        started = time.monotonic()
        passed = lint(self.setup)
        closing = "" if passed else "see above"
        return Verdict("lint", passed, time.monotonic() - started, closing)

    def unit(self) -> Verdict:
        return self._without_odoo("unit", "unit", {})

    def integration(self, serving: Serving, share: tuple[int, int]) -> Verdict:
        _await(self.office)
        variables = environment.services(serving.state, self.setup)
        return self._without_odoo(
            INTEGRATION if share == ALL else f"{INTEGRATION}-{share[0] + 1}",
            INTEGRATION,
            {**variables, **_browser(), **_office()},
            share=share,
            # What runs beside the first share is shown at its end.
            held=share[0] > 0,
        )

    def clickhouse(self, serving: Serving, phase: str) -> Verdict:
        """What asks ClickHouse, on another version of it; all other services stay the same."""
        version, password = CLICKHOUSES[phase], serving.state.secrets["clickhouse"]
        try:
            with clickhouses.running(
                self.setup.paths, version, serving.keeper, password
            ) as url:
                variables = {
                    **environment.services(serving.state, self.setup),
                    "LR_CLICKHOUSE_URL": url,
                    "LR_CLICKHOUSE_VERSION": version,
                }
                return self._without_odoo(
                    phase, INTEGRATION, variables, marked="clickhouse"
                )
        except Unavailable as error:
            return Verdict(phase, True, 0, f"left out: {error}")

    def cluster(self, serving: Serving) -> Verdict:
        """What asks a cluster of ClickHouse; the tests start and stop its nodes."""
        try:
            clusters.programs(self.setup.paths)
        except Unavailable as error:
            return Verdict(CLUSTER, True, 0, f"left out: {error}")
        variables = {
            **environment.services(serving.state, self.setup),
            "LR_CLICKHOUSE_CLUSTER": "1",
        }
        return self._without_odoo(CLUSTER, INTEGRATION, variables, marked="cluster")

    def _without_odoo(
        self, phase: str, tests: str, variables: dict[str, str], **more
    ) -> Verdict:
        """Tests that must not load Odoo, so neither the addon's package: pytest looks no higher.

        :param more: of :class:`Pytest`
        """
        folder = f"{TESTS}/{tests}"
        options = (f"--confcutdir={folder}", *WITHOUT_ODOO)
        root = self.setup.paths.repository
        return Pytest(phase, folder, root, options, variables, **more).run(
            self.setup, self.slow
        )

    def odoo(self, serving: Serving) -> Verdict:
        """Odoo's tests, found through the link whose name is the addon's."""
        _await(self.browser)
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
        return Pytest("odoo", TESTS, root, options, variables, self.held).run(
            self.setup, self.slow
        )

    def screens(self, serving: Serving) -> Verdict:
        """What a browser shows, of a running Odoo with the engine's whole history."""
        _await(self.browser)
        variables = {
            **environment.services(serving.state, self.setup),
            **environment.demo(serving.instance, serving.state, serving.database),
            **_browser(),
            **self._axe(),
        }
        return self._without_odoo(SCREENS, SCREENS, variables, held=self.held)

    def first_use(self, serving: Serving) -> Verdict:
        """What a browser shows of an Odoo that was just installed, with demo data."""
        _await(self.browser)
        variables = {
            **environment.demo(serving.instance, serving.state, serving.database),
            **_browser(),
            **self._axe(),
            "LR_FIRST_USE": "1",
        }
        return self._without_odoo(
            FIRST_USE, SCREENS, variables, held=self.held, marked="first_use"
        )

    def _axe(self) -> dict[str, str]:
        """LR_AXE, the script, where npm is at hand; the checks with it are left out without."""
        folder = self.setup.paths.cache / f"axe-{digest(str(AXE))}"
        found = npm.modules(folder, AXE)
        return {"LR_AXE": str(found / "axe-core" / "axe.min.js")} if found else {}

    def _audits(self) -> dict[str, str]:
        """LR_GRAPHQL_HTTP, where npm is at hand; the test of it skips without."""
        folder = self.setup.paths.cache / f"graphql-http-{digest(str(GRAPHQL_HTTP))}"
        found = npm.modules(folder, GRAPHQL_HTTP)
        if not found:
            say("   ...    npm is not installed: GraphQL over HTTP is not audited")
        return {"LR_GRAPHQL_HTTP": str(found)} if found else {}


def _await(installation: Future | None) -> None:
    """Have the installation of a program ended; tests that need it skip without."""
    try:
        if installation:
            installation.result()
    except SetupError as error:
        say(f"   ...    {error}")


def test(slow: bool = False) -> bool:
    """Run the phases that PHASE names (all by default); return whether all passed.

    Those on the services of the tests, Odoo's and the screens, which have services of their own,
    run at once.

    :raises SetupError: PHASE names none, or the services cannot be started
    """
    phases = _phases(slow)
    seen = not {"odoo", SCREENS, FIRST_USE}.isdisjoint(phases)
    browser = background(machine.ensure_chromium) if seen else None
    held = not {*SERVED}.isdisjoint(phases)
    office = background(machine.ensure_office) if INTEGRATION in phases else None
    suite = Suite(install(), slow, browser, held, office)
    lanes = {
        ALONE: _alone,
        SERVED: _served,
        ("odoo",): _odoo,
        (SCREENS,): _screens,
        (FIRST_USE,): _first_use,
    }
    works = (
        partial(lane, suite, chosen)
        for names, lane in lanes.items()
        if (chosen := [phase for phase in phases if phase in names])
    )
    others = range(1, SHARES) if INTEGRATION in phases and not _is_selection() else ()
    shares = (partial(_share, suite, number) for number in others)
    verdicts = list(chain.from_iterable(together(*works, *shares)))
    say("\n" + "\n".join(verdict.line() for verdict in verdicts))
    return all(verdict.passed for verdict in verdicts)


@contextmanager
def _serving(suite: Suite, name: str, has_engine: bool = True) -> Iterator[Serving]:
    """The services of a phase, with the engine's history, for one run at a time."""
    instance = Instance(name, suite.setup.paths)
    with exclusive(instance.folder / "tests.lock", "tests"):
        with exclusive(instance.lock, "starting the services"):
            known = start_services(instance, suite.setup.programs)
        serving = Serving(suite.setup, instance, known, DATABASE)
        if has_engine:
            # Built before the tests: they watch the engine's transactions.
            serving.ensure_engine()
        yield serving


def _alone(suite: Suite, phases: list[str]) -> list[Verdict]:
    return [getattr(suite, phase)() for phase in phases]


def _served(suite: Suite, phases: list[str]) -> list[Verdict]:
    share = ALL if _is_selection() else (0, SHARES)
    with _serving(suite, INSTANCE) as serving:
        runs = {
            INTEGRATION: lambda: suite.integration(serving, share),
            CLUSTER: lambda: suite.cluster(serving),
            **{p: partial(suite.clickhouse, serving, p) for p in CLICKHOUSES},
        }
        return [runs[phase]() for phase in phases]


def _share(suite: Suite, number: int) -> list[Verdict]:
    # All that load the whole history are in the first share.
    with _serving(suite, f"{INSTANCE}-{number + 1}", has_engine=False) as serving:
        return [suite.integration(serving, (number, SHARES))]


def _is_selection() -> bool:
    """Some files are not worth other services of their own."""
    return f"{TESTS}/" in os.environ.get("PYTEST_ARGS", "")


def _odoo(suite: Suite, _phases: list[str]) -> list[Verdict]:
    with _serving(suite, f"{INSTANCE}-odoo") as serving:
        if trouble := _fresh_database(serving):
            say(trouble)
            closing = "the addon was not installed: see above"
            return [Verdict("odoo", False, 0, closing)]
        return [suite.odoo(serving)]


def _screens(suite: Suite, _phases: list[str]) -> list[Verdict]:
    with _serving(suite, f"{INSTANCE}-{SCREENS}") as serving:
        try:
            # What tests left in it is of no use to others, but to whoever writes a test.
            serving.up(anew=not _is_selection(), selling=False)
        except SetupError as error:
            say(str(error))
            return [Verdict(SCREENS, False, 0, "Odoo did not start: see above")]
        try:
            return [suite.screens(serving)]
        finally:
            serving.stop()


def _first_use(suite: Suite, _phases: list[str]) -> list[Verdict]:
    instance = Instance(f"{INSTANCE}-{FIRST_USE}", suite.setup.paths)
    with exclusive(instance.folder / "tests.lock", "tests"):
        with exclusive(instance.lock, "starting the services"):
            known = start_services(instance, suite.setup.programs)
        serving = Serving(suite.setup, instance, known, DATABASE, is_bare=True)
        try:
            serving.up_with_demo()
        except SetupError as error:
            say(str(error))
            return [Verdict(FIRST_USE, False, 0, "Odoo did not start: see above")]
        try:
            return [suite.first_use(serving)]
        finally:
            serving.stop()


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


def _phases(slow: bool) -> list[str]:
    """The phases that PHASE names; without it all, some of them only if slow."""
    usual = [phase for phase in PHASES if slow or phase not in SLOW_PHASES]
    asked = os.environ.get("PHASE", "").replace(",", " ").split() or usual
    if unknown := set(asked) - set(PHASES):
        wrong, right = " ".join(sorted(unknown)), ", ".join(PHASES)
        raise SetupError(f"PHASE={wrong}: expected one or more of {right}")
    return [phase for phase in PHASES if phase in asked]


def _browser() -> dict[str, str]:
    """LR_CHROMIUM, if there is a browser."""
    found = os.environ.get("LR_CHROMIUM") or tools.chromium()
    return {"LR_CHROMIUM": found} if found else {}


def _office() -> dict[str, str]:
    """LR_SOFFICE, if there is LibreOffice."""
    found = os.environ.get("LR_SOFFICE") or tools.office()
    return {"LR_SOFFICE": found} if found else {}
