"""An instance: a named set of private services with its own data, ports and passwords.

``demo`` and ``test`` are two of them; they share programs and nothing else.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import machine, ports, state
from .paths import Paths
from .processes import DiedAtStart, Keeper
from .services.clickhouse import ClickHouse
from .services.odoo import ROLE as ODOO_ROLE
from .services.postgres import STOP, Cluster
from .services.redis import Redis
from .stamps import remove
from .state import State
from .steps import step, together
from .tools import Tools

ENGINE_DATABASE = "engine"
# Those whose data outlives the machine's failure: a demo's, and one to measure as it would be.
DURABLE = ("demo", "bench")
READER = "reporting_reader"
SERVICES = ("report", "engine", "redis", "clickhouse")
# Another program may take a port between our choice and the service's binding.
ATTEMPTS = 3
READER_RIGHTS = f"""
GRANT pg_monitor TO {READER};
ALTER ROLE {READER} SET default_transaction_read_only = on;
"""
ENGINE_RIGHTS = f"""
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {READER};
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER};
"""


@dataclass(frozen=True)
class Programs:
    """The programs that an instance runs."""

    tools: Tools
    python: Path
    clickhouse_python: Path


@dataclass(frozen=True)
class Instance:
    """The folders of one instance, and what starts and stops its processes."""

    name: str
    paths: Paths

    @property
    def folder(self) -> Path:
        return self.paths.instance(self.name)

    @property
    def data(self) -> Path:
        """The data of PostgreSQL (see ``paths``)."""
        return self.paths.instance_data(self.name)

    @property
    def keeper(self) -> Keeper:
        return Keeper(self.folder)

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    def saved(self) -> State | None:
        return state.load(self.state_file)

    def open(self) -> State:
        """The instance's state; without one, leftovers of a former life are cleared away first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        known = self.saved()
        if known is None or self._data_identity() not in (known.identity, None):
            self.discard()
            known = state.fresh()
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            state.save(self.state_file, known)
        self._own_data(known)
        return known

    def discard(self) -> None:
        """End every process of this instance and remove all it holds, its lock and logs aside."""
        self.keeper.sweep(self.data)
        remove(self.data)
        for entry in self.folder.glob("*"):
            if entry.is_dir() and entry.name != "logs":
                remove(entry)
        self.state_file.unlink(missing_ok=True)

    def clusters(self, known: State, tools: Tools) -> tuple[Cluster, Cluster]:
        """The reporting cluster and the engine's."""

        def cluster(name: str) -> Cluster:
            return Cluster(
                f"postgres-{name}",
                tools,
                self.data / name,
                known.ports[name],
                known.secrets[name],
                machine.database_user(),
                durable=self.name in DURABLE,
            )

        return cluster("report"), cluster("engine")

    def redis(self, known: State, tools: Tools) -> Redis:
        return Redis(
            tools, self.folder / "redis", known.ports["redis"], known.secrets["redis"]
        )

    def clickhouse(self, known: State, python: Path) -> ClickHouse:
        tcp, http = known.ports["clickhouse"], known.ports["clickhouse_http"]
        return ClickHouse(
            python, self.folder / "clickhouse", tcp, http, known.secrets["clickhouse"]
        )

    def _data_identity(self) -> str | None:
        try:
            return (self.data / "instance").read_text()
        except OSError:
            return None

    def _own_data(self, known: State) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "instance").write_text(known.identity)
        if user := machine.database_user():
            shutil.chown(self.data, user, user)


def start_services(instance: Instance, programs: Programs) -> State:
    """Have all four services run and be ready to use; return where they are.

    :raises SetupError: one does not start; tells its log's last lines
    """
    for attempt in range(ATTEMPTS):
        known = choose_ports(instance, instance.open())
        try:
            with step(f"starting the services of '{instance.name}'"):
                together(*_starters(instance, known, programs))
            return known
        except DiedAtStart as error:
            if attempt == ATTEMPTS - 1 or "in use" not in str(error):
                raise
            # Sessions of a killed server need a moment to notice.
            time.sleep(1)
    raise AssertionError("unreachable")


def choose_ports(instance: Instance, known: State) -> State:
    """Keep each remembered port that is free or that our own process holds; choose the others."""
    running = {name for name in known.ports if instance.keeper.alive(_holder(name))}
    chosen = dict(known.ports)
    for name in state.PORTS:
        if name not in chosen or not (name in running or ports.is_free(chosen[name])):
            chosen[name] = ports.choose(chosen.values())
    changed = known.with_ports(chosen)
    if changed != known:
        state.save(instance.state_file, changed)
    return changed


def stop_processes(keeper: Keeper, data: Path) -> None:
    """Stop Odoo, then the services it uses, then whatever else this instance left running."""
    keeper.stop("live")
    keeper.stop("stream")
    keeper.stop("grpc")
    keeper.stop("proxy")
    keeper.stop("odoo", patience=20)
    together(
        lambda: keeper.stop("postgres-report", STOP),
        lambda: keeper.stop("postgres-engine", STOP),
        lambda: keeper.stop("redis"),
        lambda: keeper.stop("clickhouse"),
    )
    keeper.sweep(data)


def _holder(port: str) -> str:
    """The process that listens on a port of the state."""
    return {
        "report": "postgres-report",
        "engine": "postgres-engine",
        "clickhouse_http": "clickhouse",
        "gevent": "odoo",
        "front": "proxy",
    }.get(port, port)


def _starters(
    instance: Instance, known: State, programs: Programs
) -> list[Callable[[], None]]:
    report, engine = instance.clusters(known, programs.tools)
    redis = instance.redis(known, programs.tools)
    clickhouse = instance.clickhouse(known, programs.clickhouse_python)

    def start_cluster(cluster: Cluster) -> None:
        cluster.prepare()
        if not instance.keeper.alive(cluster.name):
            cluster.end_leftover()
        instance.keeper.start(cluster.service())

    def start_report() -> None:
        start_cluster(report)
        report.ensure_role(ODOO_ROLE, known.secrets["odoo"], "CREATEDB")

    def start_engine() -> None:
        start_cluster(engine)
        ensure_engine_database(engine, known)

    def start_redis() -> None:
        redis.prepare()
        instance.keeper.start(redis.service())

    def start_clickhouse() -> None:
        clickhouse.prepare()
        instance.keeper.start(clickhouse.service())
        clickhouse.ensure_database()

    return [start_report, start_engine, start_redis, start_clickhouse]


def ensure_engine_database(engine: Cluster, known: State) -> None:
    """The engine's database, and the role with which the addon reads it and cannot write."""
    engine.ensure_role(READER, known.secrets["reader"])
    engine.sql(READER_RIGHTS)
    if not engine.has_database(ENGINE_DATABASE):
        engine.sql(f"CREATE DATABASE {ENGINE_DATABASE}")
    engine.sql(ENGINE_RIGHTS, ENGINE_DATABASE)
