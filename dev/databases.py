"""Odoo's databases: made in seconds from a template that holds the modules the addon depends on.

Installing those modules takes a minute, so their database is dumped into the cache once per
version of Odoo; every cluster restores it once and clones it from then on.
"""

import ast
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import source
from .errors import SetupError
from .instance import ODOO_ROLE
from .locks import exclusive
from .paths import PROJECT, digest
from .ports import LOOPBACK
from .services.odoo import Odoo
from .services.postgres import Cluster
from .setup import Setup
from .shell import run
from .stamps import ensure, remove, whole
from .steps import step

ONE_OFF = (
    "--stop-after-init",
    "--no-http",
    "--workers=0",
    "--max-cron-threads=0",
    "--log-level=warn",
)


@dataclass(frozen=True)
class Databases:
    """The Odoo databases of one instance's reporting cluster."""

    setup: Setup
    cluster: Cluster
    odoo: Odoo
    variables: dict[str, str]

    def is_installed(self, database: str) -> bool:
        """Whether the database is there and the addon was installed into it to the end."""
        return self._mark(database).exists() and self.cluster.has_database(database)

    def update(self, database: str) -> None:
        """Update the addon in its database if the repository's files changed; data stays.

        :raises SetupError: Odoo could not update it; tells its log's last lines
        """
        version = source.version(self.setup.paths.repository)
        if self._mark(database).read_text() != version:
            with step(f"updating the addon in the database {database}"):
                self._apply(database, "--update")
            self._mark(database).write_text(version)

    def create(self, database: str, with_demo: bool = False) -> None:
        """Make the database anew, with the addon freshly installed.

        ``with_demo``: with Odoo's demo data, and the addon's; without them by default.
        """
        template = self.ensure_template(with_demo)
        self._mark(database).unlink(missing_ok=True)
        with step(f"creating the database {database} and installing the addon"):
            self.drop(database)
            self.cluster.sql(
                f"CREATE DATABASE {database} TEMPLATE {template} OWNER {ODOO_ROLE}"
            )
            shutil.copytree(
                self._template_folder(template) / "filestore",
                self.odoo.filestore(database),
            )
            self._apply(database, "--init", *_demo(with_demo))
        self._mark(database).write_text(source.version(self.setup.paths.repository))

    def drop(self, database: str) -> None:
        """Remove a database and its attachments, ending the sessions on it."""
        self.cluster.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        remove(self.odoo.filestore(database))

    def ensure_template(self, with_demo: bool = False) -> str:
        """The name of the database in this cluster that others are cloned from."""
        modules = dependencies(self.setup.paths.repository)
        template = f"template_{digest(self.setup.odoo.key + ','.join(modules))}"
        template += "_demo" if with_demo else ""
        with exclusive(
            self.setup.paths.cache / "template.lock", "making Odoo's template database"
        ):
            folder = self._template_folder(template)
            if not whole(folder):
                with step(f"installing Odoo's modules {', '.join(modules)} once"):
                    ensure(
                        folder,
                        lambda partial: self._build(
                            template, modules, partial, with_demo
                        ),
                    )
            if not self.cluster.has_database(template):
                with step("restoring Odoo's template database"):
                    self._restore(template, folder)
        return template

    def run_odoo(self, database: str, *arguments: str) -> None:
        """Run Odoo's command on a database to its end, without serving anything."""
        command = self.odoo.command(
            f"--config={self.odoo.rc}", f"--database={database}", *ONE_OFF, *arguments
        )
        env = {**self.odoo.env(), **self.variables}
        run(
            command,
            f"Odoo ({' '.join(arguments)} on {database})",
            env=env,
            cwd=self.odoo.folder,
        )

    def _apply(self, database: str, option: str, *more: str) -> None:
        """Install or update the addon, and see that it is: Odoo only warns about a module it skips."""
        self.run_odoo(database, f"{option}={PROJECT}", *more)
        query = f"SELECT state FROM ir_module_module WHERE name = '{PROJECT}'"
        if (found := self.cluster.sql(query, database)) != "installed":
            raise SetupError(
                f"Odoo left {PROJECT} {found or 'unknown'} in {database}; see its manifest"
            )

    def _build(
        self, template: str, modules: Sequence[str], folder: Path, with_demo: bool
    ) -> None:
        unfinished = f"{template}_unfinished"
        self.drop(unfinished)
        self.cluster.sql(
            f"CREATE DATABASE {unfinished} OWNER {ODOO_ROLE} TEMPLATE template0"
        )
        self.run_odoo(unfinished, f"--init={','.join(modules)}", *_demo(with_demo))
        self._client(
            "pg_dump",
            "--format=custom",
            "--compress=1",
            f"--file={folder / 'dump'}",
            unfinished,
        )
        shutil.copytree(self.odoo.filestore(unfinished), folder / "filestore")
        self.drop(template)
        self.cluster.sql(f"ALTER DATABASE {unfinished} RENAME TO {template}")
        remove(self.odoo.filestore(unfinished))

    def _restore(self, template: str, folder: Path) -> None:
        unfinished = f"{template}_unfinished"
        self.drop(unfinished)
        self.cluster.sql(
            f"CREATE DATABASE {unfinished} OWNER {ODOO_ROLE} TEMPLATE template0"
        )
        owner = ("--no-owner", f"--role={ODOO_ROLE}")
        self._client(
            "pg_restore",
            "--jobs=2",
            *owner,
            f"--dbname={unfinished}",
            str(folder / "dump"),
        )
        self.cluster.sql(f"ALTER DATABASE {unfinished} RENAME TO {template}")

    def _client(self, program: str, *arguments: str) -> None:
        server = (
            "--host",
            LOOPBACK,
            "--port",
            str(self.cluster.port),
            "--username",
            "postgres",
        )
        command = [self.cluster.tools.postgres / program, *server, *arguments]
        run(command, f"{program} on {self.cluster.name}", env=self.cluster.client_env())

    def _template_folder(self, template: str) -> Path:
        return self.setup.paths.cache / "templates" / template

    def _mark(self, database: str) -> Path:
        """A file that says which version of the addon's files the database holds; written last."""
        return self.odoo.folder / f"{database}.installed"


def _demo(is_wanted: bool) -> tuple[str, ...]:
    return ("--with-demo",) if is_wanted else ()


def dependencies(repository: Path) -> list[str]:
    """The modules that the addon's manifest depends on."""
    manifest = ast.literal_eval((repository / "__manifest__.py").read_text())
    return sorted(manifest["depends"])
