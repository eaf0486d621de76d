"""One request on its way through: its id, and what becomes known of it."""

import re
import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field

_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)
_current = ContextVar("loyalty_reporting_trace", default=None)


@dataclass
class Trace:
    """A request.

    :param request_id: the caller's, if it was sane, else one of ours
    :param database: name of the database that it is about
    :param facts: what is known: report, rows, store and so on
    """

    request_id: str
    database: str = ""
    facts: dict = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self):
        """How long it has been taking."""
        return time.perf_counter() - self.started


def begin(given="", database=""):
    """Begin a request in this thread, and return its :class:`Trace`.

    :param given: the id that the caller sent; used only if letters, digits and
        ``. _ : -``, 64 at most
    """
    is_sane = _SANE.fullmatch(given or "")
    trace = Trace(given if is_sane else str(uuid.uuid4()), database)
    _current.set(trace)
    return trace


def current():
    """Return the request that this thread serves, or None."""
    return _current.get()


def end():
    """Forget the request that this thread served."""
    _current.set(None)


def note(**facts):
    """Note what became known of the current request, if there is one."""
    if trace := _current.get():
        trace.facts |= facts


def add(name, amount):
    """Add to a number of the current request, if there is one."""
    if trace := _current.get():
        trace.facts[name] = trace.facts.get(name, 0) + amount


def resume(trace):
    """Have this thread serve a request that was begun before."""
    _current.set(trace)
