"""The command `replay`: its options, its signals, its exit status."""

import argparse
import os
import signal
import sys
from dataclasses import fields

import psycopg2
from redis.exceptions import RedisError

from .patience import one
from .rates import Delivery, Rates
from .running import replay

HELP = "go on selling: new orders into the database and onto the Redis Stream"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of `replay`. URLs hold passwords: variables keep them out of sight."""
    urls = {"--dsn": "ENGINE_PG_DSN", "--redis": "REDIS_URL"}
    for option, variable in urls.items():
        default = os.environ.get(variable)
        text = f"URL (default: the variable {variable})"
        parser.add_argument(option, default=default, required=not default, help=text)
    for field in fields(Rates):
        text = f"share of {field.name}, 0 to 1 (default 0)"
        parser.add_argument(f"--{field.name}", type=float, default=0.0, help=text)
    for field in fields(Delivery):
        text = f"default {field.default}"
        parser.add_argument(
            f"--{field.name}", type=field.type, default=field.default, help=text
        )
    parser.add_argument("--seed", type=int, help="what chance starts from")
    parser.add_argument("--orders", type=int, help="end after so many sales")


def run(options: argparse.Namespace) -> int:
    """Replay until it is done or a signal ends it; 1 if a server refused or is away."""
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        done = replay(
            options.dsn,
            options.redis,
            seed=options.seed,
            orders=options.orders,
            rates=_chosen(Rates, options),
            delivery=_chosen(Delivery, options),
            stopped=lambda: stop.requested,
            say=lambda line: print(line, flush=True),
        )
    except (psycopg2.Error, RedisError, ValueError) as error:
        print(f"live replay: {one(error)}", file=sys.stderr)
        return 1
    return 1 if done.unwritten or done.unsent else 0


class _Stop:
    """A signal's handler that only takes a note: the running step is finished first."""

    requested = False

    def __call__(self, _number, _frame):
        self.requested = True


def _chosen(choices: type, options: argparse.Namespace):
    values = {field.name: getattr(options, field.name) for field in fields(choices)}
    return choices(**values)
