"""Says what is being done and how long it took, on stderr (stdout belongs to results)."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

_printing = threading.Lock()


def say(text: str) -> None:
    """Print one line for the person watching."""
    with _printing:
        print(text, file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Announce a piece of work, and how many seconds it took when it ends."""
    say(f"   ...    {name}")
    started = time.monotonic()
    verdict = "FAILED: "
    try:
        yield
        verdict = ""
    finally:
        say(f"{time.monotonic() - started:7.1f} s {verdict}{name}")


def together(*works: Callable[[], object]) -> list:
    """Run independent works at once and return their results; the first error is raised.

    All of them are waited for, so that no work goes on behind an error message.
    """
    with ThreadPoolExecutor(max_workers=len(works)) as pool:
        futures = [pool.submit(work) for work in works]
    return [future.result() for future in futures]


def background(work: Callable[[], object]) -> Future:
    """Start a work now whose result (or error) is asked for later."""
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)
