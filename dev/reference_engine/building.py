"""Build the engine database: schema, history, copies, indexes, triggers."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extras import Json

from .copying import checksum, copy_frame
from .dataset import read_dataset
from .tables import history_tables

LOCK_NAME = "loyalty_reporting.reference_engine"

Say = Callable[[str], None]
Summary = dict[str, tuple[int, str]]


def build(
    dsn: str,
    multiply: int = 1,
    if_missing: bool = False,
    households: int | None = None,
    say: Say = print,
) -> Summary:
    """Build the schema `engine` in the existing database `dsn`, replacing it.

    multiply: the history and multiply - 1 shifted copies of it (multiply.sql).
    if_missing: do nothing if a complete build with the same options is there.
    households: keep the baskets of that many households only, for quick tests.
    say: receives a line per step, with seconds and rows.

    Returns {table: (rows, checksum)}; equal options give equal results. All happens
    in one transaction: a build that is killed leaves what was there before. A reader
    that already read the replaced engine has to begin anew: `engine.deleted` does
    not tell of the replacement.
    """
    if multiply < 1 or (households is not None and households < 1):
        raise ValueError("multiply and households must be at least 1")
    with closing(psycopg2.connect(dsn)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET TimeZone TO 'UTC'")
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK_NAME])
            summary = _built(cursor, multiply, households) if if_missing else None
            if summary is None:
                summary = _fill(cursor, multiply, households, say)
            else:
                say("  already built:")
        with _step("vacuum and analyze", say):
            _vacuum(connection, summary)
    for name, (rows, digest) in summary.items():
        say(f"  {name:22} {rows:>11,} rows  {digest}")
    return summary


def _built(cursor, multiply: int, households: int | None) -> Summary | None:
    cursor.execute("SELECT to_regclass('engine.build_info') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(
        "SELECT summary FROM engine.build_info"
        " WHERE multiply = %s AND households IS NOT DISTINCT FROM %s",
        [multiply, households],
    )
    row = cursor.fetchone()
    return row and {name: tuple(facts) for name, facts in row[0].items()}


def _fill(cursor, multiply: int, households: int | None, say: Say) -> Summary:
    with _step("read the data set", say):
        data = read_dataset(households)
    with _step("apply the rules", say):
        tables = history_tables(data)
    cursor.execute("DROP SCHEMA IF EXISTS engine CASCADE")
    _run_file(cursor, "schema.sql")
    for name, frame in tables.items():
        with _step(f"copy {len(frame):,} rows into {name}", say):
            copy_frame(cursor, name, frame)
    if multiply > 1:
        with _step(f"add {multiply - 1} shifted copies", say):
            _run_file(cursor, "multiply.sql", {"copies": multiply - 1})
    with _step("indexes and triggers", say):
        _run_file(cursor, "indexes.sql")
        _run_file(cursor, "triggers.sql")
    with _step("checksums", say):
        summary = {name: checksum(cursor, name) for name in tables}
    cursor.execute(
        "INSERT INTO engine.build_info (multiply, households, summary)"
        " VALUES (%s, %s, %s)",
        [multiply, households, Json(summary)],
    )
    return summary


def _vacuum(connection, names) -> None:
    # Now rather than by autovacuum at some moment of a measurement.
    connection.autocommit = True
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"VACUUM (ANALYZE) engine.{name}")
    connection.autocommit = False


def _run_file(cursor, name: str, parameters: dict | None = None) -> None:
    cursor.execute((Path(__file__).parent / name).read_text(), parameters)


@contextmanager
def _step(name: str, say: Say) -> Iterator[None]:
    started = time.monotonic()
    yield
    say(f"  {name}: {time.monotonic() - started:.1f} s")
