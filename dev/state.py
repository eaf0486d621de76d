"""What an instance remembers between runs: its ports and passwords."""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

PORTS = (
    "report",
    "engine",
    "redis",
    "clickhouse",
    "clickhouse_http",
    "odoo",
    "gevent",
    "front",
    "grpc",
)
SECRETS = ("report", "engine", "odoo", "reader", "redis", "clickhouse", "master")


@dataclass(frozen=True)
class State:
    """Ports and passwords by name, and the identity that ties data folders to this state."""

    identity: str
    ports: dict[str, int]
    secrets: dict[str, str]

    def with_ports(self, ports: dict[str, int]) -> "State":
        return replace(self, ports={**self.ports, **ports})


def fresh() -> State:
    """A new state: random passwords (letters and digits only, so they fit any URL), no ports yet."""
    return State(
        secrets.token_hex(8), {}, {name: secrets.token_hex(16) for name in SECRETS}
    )


def load(path: Path) -> State | None:
    """The saved state; ``None`` if there is none or it cannot be read, which means starting anew."""
    try:
        values = json.loads(path.read_text())
        state = State(values["identity"], values["ports"], values["secrets"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if set(SECRETS) <= set(state.secrets) else None


def save(path: Path, state: State) -> None:
    """Write the state for its owner's eyes, replacing the old one at once."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(0o600)
    partial.write_text(json.dumps(asdict(state), indent=1))
    partial.replace(path)
