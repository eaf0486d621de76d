"""python3 -m dev <command>: see ``commands`` (the Makefile is the usual way in)."""

import argparse
import sys

from . import commands
from .errors import SetupError
from .shell import disk_full

COMMANDS = (
    "demo",
    "up",
    "down",
    "env",
    "services",
    "stop",
    "run",
    "test",
    "lint",
    "bench",
    "clean",
    "pins",
)


def main(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return getattr(commands, options.command)(*options.arguments) or 0
    except SetupError as error:
        print(f"dev {options.command}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(
            f"dev {options.command}: interrupted; run it again to go on",
            file=sys.stderr,
        )
    except OSError as error:
        problem = (
            "the disk is full" if disk_full(error) else error.strerror or str(error)
        )
        print(
            f"dev {options.command}: {error.filename or ''}: {problem}", file=sys.stderr
        )
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m dev", description=commands.__doc__
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
