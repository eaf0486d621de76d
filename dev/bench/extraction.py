"""The engine's facts into PostgreSQL, beside the library dlt on the same tables."""

import os
import subprocess
import tempfile
import time
from contextlib import closing
from itertools import chain
from pathlib import Path

from core.sources import contract
from core.stores.postgres import PostgresStore

from ..debian import Apt
from ..paths import locate
from ..pythonenvs import DLT, ensure_environment
from . import history
from .first_load import load_history

ROUNDS = int(os.environ.get("ROUNDS", "2"))
TABLES = [table for table in contract.TABLES if table != "deleted"]
BACKENDS = ("sqlalchemy", "pyarrow")
PIPELINE = Path(__file__).with_name("dlt_pipeline.py")


def main():
    """Rows/s of all facts of the engine, read and loaded, beside dlt's."""
    history.build_engine()
    staged, rows = min(_staged() for _round in range(ROUNDS))
    whole = min(load_history(history.reporting())[0] for _round in range(ROUNDS))
    _say("read and staged", staged, rows)
    _say("engine → detail + rollups", whole, rows)
    for backend in BACKENDS:
        extract, load = _dlt(backend)
        _say(f"dlt ({backend}): extract", extract, rows, extract / staged)
        _say(f"dlt ({backend}): into tables", load, rows, load / staged)


def _staged():
    """Return (seconds, rows) of reading every fact into the staging tables."""
    dsn = history.reporting()
    started, rows = time.perf_counter(), 0
    with (
        history.source().reading() as reading,
        closing(PostgresStore(dsn, "bench", "engine")) as store,
    ):
        first = reading.plan(None)
        months = (reading.month(month) for month in reading.months(first))
        for chunk in chain(reading.before_months(first), months):
            rows += store.stage(chunk, store.values_of(chunk)).rows_read
    return time.perf_counter() - started, rows


def _dlt(backend):
    """Return seconds (until extracted, until loaded) of a pipeline of dlt's."""
    paths = locate()
    python = ensure_environment(paths, DLT, Apt(paths.cache / "apt"))
    with tempfile.TemporaryDirectory() as folder:
        command = [
            python, PIPELINE, backend, folder, history.source().dsn,
            history.reporting("bench_dlt"), *TABLES,
        ]  # fmt: skip
        environment = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"}
        found = subprocess.run(
            command, check=True, env=environment, stdout=subprocess.PIPE, text=True
        )
    extract, load = map(float, found.stdout.split()[-2:])
    return extract, load


def _say(what, seconds, rows, times=None):
    beside = f"  {times:5.1f} × as long" if times else ""
    print(
        f"{what:28} {seconds:6.2f} s  {rows / seconds:9,.0f} rows/s{beside}", flush=True
    )
