"""The variables through which commands, tests and the addon learn where the services are."""

import os
import shlex
from hashlib import sha256
from pathlib import Path

from .instance import ENGINE_DATABASE, ODOO_ROLE, READER, Instance
from .ports import LOOPBACK
from .services import clickhouse, postgres, redis
from .setup import Setup
from .state import State

DEMO_DATABASE = "loyalty"
LOGIN = PASSWORD = "admin"


def addon(known: State) -> dict[str, str]:
    """The addon's own secrets, as a production site would give them to Odoo's process."""
    return {
        "LOYALTY_REPORTING_ENGINE_DSN": _postgres(
            known, "engine", ENGINE_DATABASE, READER, "reader"
        ),
        "LOYALTY_REPORTING_CLICKHOUSE_URL": _clickhouse(known),
        "LOYALTY_REPORTING_REDIS_URL": _redis(known),
        "LOYALTY_REPORTING_STREAM_URL": _redis(known),
        # Of an instance's own, as long as its data live.
        "LOYALTY_REPORTING_ERASURE_SECRET": sha256(
            f"erasure {known.secrets['master']}".encode()
        ).hexdigest(),
        "LOYALTY_REPORTING_GRPC_ADDRESS": _grpc(known),
        "LOYALTY_REPORTING_GRPC_REFLECTION": "1",
    }


def services(known: State, setup: Setup) -> dict[str, str]:
    """What the integration tests get: superusers' URLs on clusters that hold nothing of value."""
    return {
        "LR_REPORT_PG_DSN": _superuser(known, "report", postgres.SUPERUSER),
        "LR_ENGINE_PG_DSN": _superuser(known, "engine", postgres.SUPERUSER),
        "LR_CLICKHOUSE_URL": _clickhouse(known),
        "LR_REDIS_URL": _redis(known),
        "LR_PG_BIN": str(setup.programs.tools.postgres),
    }


def engine_dsn(known: State) -> str:
    """The engine's own database, as its owner."""
    return _superuser(known, "engine", ENGINE_DATABASE)


def engine(known: State) -> dict[str, str]:
    """Where the reference engine writes: its database, and the Redis of its stream."""
    return {"ENGINE_PG_DSN": engine_dsn(known), "REDIS_URL": _redis(known)}


def demo(
    instance: Instance, known: State, database: str = DEMO_DATABASE
) -> dict[str, str]:
    """What ``make env`` prints: how to reach the running demo."""
    key = api_key_file(instance)
    return {
        "ODOO_URL": odoo_url(instance, known),
        "ODOO_DB": database,
        "ODOO_LOGIN": LOGIN,
        "ODOO_PASSWORD": PASSWORD,
        "GRPC_ADDRESS": _grpc(known),
        "ODOO_API_KEY": key.read_text().strip() if key.exists() else "",
        "REPORT_PG_DSN": _postgres(known, "report", database, ODOO_ROLE, "odoo"),
        "CLICKHOUSE_URL": _clickhouse(known),
        **engine(known),
    }


def python(setup: Setup) -> dict[str, str]:
    """Have ``python`` be the environment's, with Odoo importable."""
    path = f"{setup.python.parent}:{os.environ.get('PATH', os.defpath)}"
    return {"PYTHONPATH": str(setup.odoo.python_path), "PATH": path}


def api_key_file(instance: Instance) -> Path:
    """Where the demo's configuration leaves the API key, for its owner's eyes."""
    return instance.folder / "api_key"


def odoo_url(instance: Instance, known: State) -> str:
    """Where a browser opens Odoo: the proxy if it runs, else Odoo itself."""
    port = "front" if instance.keeper.alive("proxy") else "odoo"
    return f"http://{LOOPBACK}:{known.ports[port]}"


def quoted(variables: dict[str, str]) -> str:
    """Shell assignments that ``eval`` takes whatever the values hold."""
    return "\n".join(
        f"{name}={shlex.quote(value)}" for name, value in variables.items()
    )


def _superuser(known: State, cluster: str, database: str) -> str:
    return _postgres(known, cluster, database, postgres.SUPERUSER, cluster)


def _postgres(known: State, cluster: str, database: str, user: str, secret: str) -> str:
    return postgres.url(known.ports[cluster], database, user, known.secrets[secret])


def _grpc(known: State) -> str:
    return f"{LOOPBACK}:{known.ports['grpc']}"


def _clickhouse(known: State) -> str:
    return clickhouse.url(known.ports["clickhouse"], known.secrets["clickhouse"])


def _redis(known: State) -> str:
    return redis.url(known.ports["redis"], known.secrets["redis"])
