"""Questions asked in a loop by a process of their own, while something else goes on."""

import multiprocessing
import statistics
import time
from contextlib import closing, contextmanager

from core.database import connect

_SPAWN = multiprocessing.get_context("spawn")


@contextmanager
def asked(dsn, ask):
    """Ask in a loop until the block ends.

    :param ask: function of a module, called with a connection
    :return: a list, filled at the end, of (begin, seconds) of each question
    """
    stop, ready, pipe = _SPAWN.Event(), _SPAWN.Event(), _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_loop, args=(dsn, ask, ready, stop, pipe[1]))
    process.start()
    # With its own end alone open, a process that dies is noticed below.
    pipe[1].close()
    ready.wait(60)
    found = []
    try:
        yield found
    finally:
        stop.set()
        found += pipe[0].recv()
        process.join()


def _loop(dsn, ask, ready, stop, pipe):
    found = []
    with closing(connect(dsn, readonly=True)) as connection:
        ask(connection)
        ready.set()
        while not stop.is_set():
            begun = time.monotonic()
            ask(connection)
            found.append((begun, time.monotonic() - begun))
    pipe.send(found)


def p99(found, spans=None):
    """Return (the 99th percentile in seconds, how many) of questions that met some spans.

    :param spans: (begin, end) pairs of ``time.monotonic()``; without them all count
    """
    seconds = [
        took
        for begun, took in found
        if spans is None or any(begun < end and begun + took > b for b, end in spans)
    ]
    found = statistics.quantiles(seconds, n=100)[98] if seconds[1:] else float("nan")
    return found, len(seconds)
