"""Memory of a process that loads the history, or the events of a stream."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

from core import sync
from core.stores import push

from . import history, stream

EVENTS = (20_000, 80_000)


def main():
    """Peak memory for one and four histories, and for few and many events."""
    for multiply in (1, 4):
        history.build_engine(multiply)
        idle = _measure("idle", multiply)
        busy = _measure("load", multiply)
        print(
            f"history × {multiply}: idle {idle:4.0f} MiB, first load and push"
            f" {busy:4.0f} MiB, above idle {busy - idle:4.0f} MiB",
            flush=True,
        )
    texts = [text for _key, text in islice(stream.orders(), max(EVENTS))]
    for count in EVENTS:
        with stream.filled(texts[:count]) as name:
            print(f"{count:6} events drained: {_measure('drain', name):4.0f} MiB")


def _measure(what, argument):
    done = subprocess.run(
        [sys.executable, "-m", "dev.bench.memory", what, str(argument)],
        check=True,
        capture_output=True,
        cwd=Path(__file__).parents[2],
    )
    return json.loads(done.stdout.splitlines()[-1])


def _work(what, argument):
    """Do the work in this process and print its peak memory in MiB."""
    dsn = history.reporting("bench_memory")
    settings = history.settings("bench_memory")
    if what == "drain":
        stream.drain(argument, "memory", dsn)
    elif what == "load":
        sync.run(
            history.source(int(argument)),
            dsn,
            source_name="engine",
            companies=[history.COMPANY],
            mapping={1: history.COMPANY.id},
        )
        push.push(settings, dsn)
    print(peak())


def peak():
    """Return this process's peak memory in MiB; getrusage() knows its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [peak] = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    _work(*sys.argv[1:])
