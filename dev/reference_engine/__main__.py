"""Command line: `python3 -m dev.reference_engine build --dsn URL`, or `replay`."""

import argparse
import sys
import time

import psycopg2

from . import build
from .replay import command as replay


def main(arguments: list[str] | None = None) -> int:
    """Run one command; exit status 1 and one line if the database refuses."""
    options = _parser().parse_args(arguments)
    return options.run(options)


def _build(options: argparse.Namespace) -> int:
    started = time.monotonic()
    try:
        build(
            options.dsn,
            multiply=options.multiply,
            if_missing=options.if_missing,
            households=options.households,
            say=lambda line: print(line, flush=True),
        )
    except psycopg2.Error as error:
        print(f"reference engine: {error}", file=sys.stderr)
        return 1
    print(f"reference engine: ready in {time.monotonic() - started:.1f} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m dev.reference_engine")
    commands = parser.add_subparsers(required=True, metavar="command")
    replaying = commands.add_parser("replay", help=replay.HELP)
    replay.add_options(replaying)
    replaying.set_defaults(run=replay.run)
    command = commands.add_parser(
        "build", help="create the schema engine with the whole history, replacing it"
    )
    command.set_defaults(run=_build)
    command.add_argument("--dsn", required=True, help="URL of an existing database")
    command.add_argument(
        "--if-missing",
        action="store_true",
        help="do nothing if a complete build with the same options is there",
    )
    command.add_argument(
        "--multiply",
        type=_positive,
        default=1,
        metavar="N",
        help="the history N times: customers and dates shifted (default 1)",
    )
    command.add_argument(
        "--households",
        type=_positive,
        metavar="K",
        help="keep the first K households only (default: all)",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
