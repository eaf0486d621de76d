"""Memory of a process that loads the history once, and four times as long."""

import json
import subprocess
import sys
from pathlib import Path

from core import sync
from core.stores import push

from . import history


def main():
    """Peak memory above the idle process, for one and for four histories."""
    for multiply in (1, 4):
        history.build_engine(multiply)
        idle = _measure("idle", multiply)
        busy = _measure("load", multiply)
        print(
            f"history × {multiply}: idle {idle:4.0f} MiB, first load and push"
            f" {busy:4.0f} MiB, above idle {busy - idle:4.0f} MiB",
            flush=True,
        )


def _measure(what, multiply):
    done = subprocess.run(
        [sys.executable, "-m", "dev.bench.memory", what, str(multiply)],
        check=True,
        capture_output=True,
        cwd=Path(__file__).parents[2],
    )
    return json.loads(done.stdout.splitlines()[-1])


def _work(what, multiply):
    """Do the work in this process and print its peak memory in MiB."""
    source, dsn, settings = (
        history.source(multiply),
        history.reporting("bench_memory"),
        history.settings("bench_memory"),
    )
    if what == "load":
        sync.run(
            source,
            dsn,
            source_name="engine",
            companies=[history.COMPANY],
            mapping={1: history.COMPANY.id},
        )
        push.push(settings, dsn)
    print(_peak())


def _peak():
    """Return this process's peak memory in MiB; getrusage() knows its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [peak] = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    _work(sys.argv[1], int(sys.argv[2]))
