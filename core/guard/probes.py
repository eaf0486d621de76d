"""Are the services there? Asked side by side, and never waited for longer than said."""

import threading
import time
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a service is."""

    UP = "up"
    AWAY = "away"
    OFF = "not configured"


@dataclass(frozen=True)
class Finding:
    """What a probe found.

    :param details: for managers only: reason, version, address
    """

    state: State
    details: dict


class Probes:
    """Runs probes in threads; one that hangs is not started a second time.

    :param seconds: that a round takes at most
    :param remembered: seconds for which a round is not repeated: health may be asked
        by anybody
    """

    def __init__(self, seconds=1.0, remembered=2.0, clock=time.monotonic):
        self._seconds, self._remembered, self._clock = seconds, remembered, clock
        self._rounds, self._running = {}, {}
        self._lock = threading.Lock()

    def ask(self, key, probes):
        """Return {name: :class:`Finding`}.

        :param key: what tells rounds apart, such as the addresses
        :param probes: name → function that returns details and raises if its service is
            away; None: it is not configured
        """
        with self._lock:
            asked_at, findings = self._rounds.get(key, (0.0, None))
        if findings and self._clock() - asked_at < self._remembered:
            return findings
        findings = self._ask(key, probes)
        with self._lock:
            self._rounds = {key: (self._clock(), findings)}
        return findings

    def clear(self):
        """Forget what was found."""
        with self._lock:
            self._rounds.clear()

    def _ask(self, key, probes):
        found = {n: Finding(State.OFF, {}) for n, p in probes.items() if p is None}
        started = {
            name: self._start((key, name), probe, found)
            for name, probe in probes.items()
            if probe
        }
        end = time.monotonic() + self._seconds
        for name, thread in started.items():
            thread.join(max(0.0, end - time.monotonic()))
            if name not in found:
                reason = f"No answer within {self._seconds:g} s."
                found[name] = Finding(State.AWAY, {"reason": reason})
        return {name: found[name] for name in probes}

    def _start(self, key, probe, found):
        """Return the thread of a probe: the one that still hangs, or a new one."""
        with self._lock:
            running = self._running.get(key)
            if running and running.is_alive():
                return running
            thread = threading.Thread(target=_run, args=(key[1], probe, found))
            thread.daemon = True
            self._running[key] = thread
            thread.start()
            return thread


def _run(name, probe, found):
    try:
        finding = Finding(State.UP, probe())
    except Exception as e:
        # Whatever it says may hold an address; ours never hold a password.
        finding = Finding(State.AWAY, {"reason": f"{type(e).__name__}: {e}"[:300]})
    found.setdefault(name, finding)
