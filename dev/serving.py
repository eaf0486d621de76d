"""The running demo: engine, Odoo and what is in front of it, each started again only if it has to be."""

import os
from dataclasses import dataclass
from functools import cached_property

from . import environment, source
from .databases import Databases
from .errors import SetupError
from .instance import ENGINE_DATABASE, READER, Instance
from .paths import digest
from .processes import Keeper
from .services import live, proxy
from .services.odoo import CONSUMER, GRPC, Odoo
from .setup import Setup
from .shell import run
from .state import State
from .steps import say, step, together

ODOO_START_SECONDS = 180
READ_ENGINE = f"""
DO $$ BEGIN
    IF to_regnamespace('engine') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA engine TO {READER};
        GRANT SELECT ON ALL TABLES IN SCHEMA engine TO {READER};
    END IF;
END $$
"""


@dataclass(frozen=True)
class Serving:
    """One instance whose services run, and the Odoo that belongs to it.

    ``is_bare``: the addon is told of none of them, as where somebody tries it out.
    """

    setup: Setup
    instance: Instance
    state: State
    database: str
    workers: int = 0
    is_bare: bool = False

    @property
    def keeper(self) -> Keeper:
        return self.instance.keeper

    @cached_property
    def variables(self) -> dict[str, str]:
        """The addon's secrets for Odoo's environment."""
        return {} if self.is_bare else environment.addon(self.state)

    @cached_property
    def odoo(self) -> Odoo:
        folder, addons = self.instance.folder / "odoo", self.setup.paths.addons
        python, tree = self.setup.python, self.setup.odoo
        return Odoo(
            python, tree, addons, folder, self.state, self.database, self.workers
        )

    @cached_property
    def databases(self) -> Databases:
        report, _engine = self.instance.clusters(self.state, self.setup.programs.tools)
        return Databases(self.setup, report, self.odoo, self.variables)

    def up(self, anew: bool = False, selling: bool = True) -> None:
        """Have everything run on the repository's present files, with the history loaded.

        ``anew``: in a new database; ``selling``: with the live replay, unless LIVE=0 forbids it.

        :raises SetupError: says which part did not come up, and why
        """
        self.odoo.prepare()
        wanted = self.fingerprint()
        anew = anew or not self.databases.is_installed(self.database)
        if anew or self._served() != wanted:
            self.stop()
        make = self._make_anew if anew else lambda: self.databases.update(self.database)
        together(self.ensure_engine, make)
        # Before Odoo runs, so that no scheduled action meets half a configuration.
        self.configure()
        self._start(wanted)
        self._go_on_selling(selling and live.is_wanted())

    def up_with_demo(self) -> None:
        """Have Odoo run in a new database with its demo data, as installed and not configured."""
        self.stop()
        self.odoo.prepare()
        self.databases.create(self.database, with_demo=True)
        with step("starting Odoo"):
            self.keeper.start(self.odoo.service(self.variables), ODOO_START_SECONDS)

    def stop(self) -> None:
        """Stop the live replay, Odoo with gRPC, and the proxy; the services stay."""
        self.keeper.stop(live.NAME)
        self.keeper.stop(CONSUMER)
        self.keeper.stop(GRPC, patience=20)
        self.keeper.stop("proxy")
        self.keeper.stop("odoo", patience=20)

    def _make_anew(self) -> None:
        """A new database, and stores that know nothing of an earlier one."""
        programs = self.setup.programs
        self.instance.clickhouse(self.state, programs.clickhouse_python).empty()
        self.instance.redis(self.state, programs.tools).empty()
        self.databases.create(self.database)

    def ensure_engine(self) -> None:
        """Have the engine's whole history in its database, readable for the addon's role."""
        engine = self.instance.clusters(self.state, self.setup.programs.tools)[1]
        if not (
            self.setup.paths.repository / "dev" / "reference_engine" / "__main__.py"
        ).exists():
            return say(
                "   ...    no reference engine in this tree: its database stays empty"
            )
        with step("the engine's history"):
            build = (
                "-m",
                "dev.reference_engine",
                "build",
                "--if-missing",
                "--dsn",
                environment.engine_dsn(self.state),
            )
            self._python(build, "building the engine's history")
        engine.sql(READ_ENGINE, ENGINE_DATABASE)
        return None

    def configure(self) -> None:
        """Configure the company and the source, run the first sync, create the API key."""
        if not (self.setup.paths.repository / "dev" / "demo.py").exists():
            return say("   ...    no dev/demo.py in this tree: nothing is configured")
        with step("configuring the demo and loading the history"):
            key = {"LR_API_KEY_FILE": str(environment.api_key_file(self.instance))}
            self._python(
                ("-m", "dev.demo"),
                "configuring the demo",
                {**self.demo_variables(), **key},
            )
        return None

    def demo_variables(self) -> dict[str, str]:
        """All that a program needs to work with the running demo, also inside Odoo's own code."""
        return {
            **environment.demo(self.instance, self.state, self.database),
            **self.variables,
            **self.odoo.env(),
        }

    def fingerprint(self) -> str:
        """Changes whenever the running Odoo has to be started again."""
        version = source.version(self.setup.paths.repository)
        return digest(
            f"{version}{self.odoo.configuration()}{self.variables}{self.setup.odoo.key}{self.setup.python}"
        )

    def _start(self, wanted: str) -> None:
        with step("starting Odoo"):
            if self.keeper.start(self.odoo.service(self.variables), ODOO_START_SECONDS):
                (self.odoo.folder / "serving").write_text(wanted)
            if self.workers:
                self.keeper.start(proxy.service(self.state))
            self.keeper.start(self.odoo.grpc(self.keeper, self.variables))

    def _go_on_selling(self, wanted: bool) -> None:
        if not wanted:
            self.keeper.stop(live.NAME)
            self.keeper.stop(CONSUMER)
            return
        with step("starting the live replay and the stream's consumer"):
            self.keeper.start(self.odoo.consumer(self.keeper, self.variables))
            variables = environment.engine(self.state)
            self.keeper.start(live.service(self.keeper, self.setup.python, variables))

    def _served(self) -> str:
        path = self.odoo.folder / "serving"
        return path.read_text() if path.exists() else ""

    def _python(
        self,
        arguments: tuple[str, ...],
        what: str,
        variables: dict[str, str] | None = None,
    ) -> None:
        """Run one of the repository's programs in the environment that has Odoo."""
        path = f"{self.setup.odoo.python_path}:{self.setup.paths.repository}"
        env = {
            **environment.python(self.setup),
            **(variables or {}),
            "PYTHONPATH": path,
        }
        run(
            [self.setup.python, *arguments],
            what,
            env=env,
            cwd=self.setup.paths.repository,
        )


def workers() -> int:
    """The number of Odoo's worker processes that WORKERS asks for; 0 is one process with threads.

    :raises SetupError: it is no such number
    """
    text = os.environ.get("WORKERS") or "0"
    if not text.isdigit():
        raise SetupError(f"WORKERS={text}: expected a number, such as 2")
    return int(text)
