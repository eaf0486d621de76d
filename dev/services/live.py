"""The live replay as a service: the reference engine goes on selling while the demo runs.

``LIVE=0 make up`` switches it off.
"""

import os
from pathlib import Path

from ..processes import Keeper, Service

NAME = "live"
# About an order in a second, and a little of everything that can happen to one.
OPTIONS = {
    "--speed": 1,
    "--disorder": 5,
    "--duplicates": 0.02,
    "--late": 0.02,
    "--refunds": 0.03,
    "--voids": 0.01,
    "--corrections": 0.02,
    "--rejected": 0.05,
    "--abandoned": 0.05,
    "--adjustments": 0.01,
    "--campaigns": 0.002,
}


def is_wanted() -> bool:
    """Whether the demo is to go on selling."""
    return os.environ.get("LIVE") != "0"


def service(keeper: Keeper, python: Path, variables: dict[str, str]) -> Service:
    """The replay; `variables` tell where the engine's database and Redis are."""
    root = Path(__file__).resolve().parents[2]
    options = [part for pair in OPTIONS.items() for part in map(str, pair)]

    def ready() -> bool:
        return "live replay: ready" in keeper.tail(NAME)

    command = (python, "-m", "dev.reference_engine", "replay", *options)
    return Service(NAME, command, ready, root, variables)
