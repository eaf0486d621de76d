"""Starts and stops long-running processes by their record, never by a name."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import procfs
from .errors import SetupError
from .shell import environ, explain
from .steps import say

# Two marks in the environment of what we start: whose instance it is, and which service.
MARKER = "LOYALTY_REPORTING_INSTANCE"
SERVICE_MARKER = "LOYALTY_REPORTING_SERVICE"
# The process that what we start must not outlive.
PARENT = "LOYALTY_REPORTING_PARENT"
HERE = Path(__file__).resolve().parent


class DiedAtStart(SetupError):
    """The process ended before it was ready; another port may help."""


@dataclass(frozen=True)
class Service:
    """How one process is started, known to be ready, and asked to stop.

    ``stop`` are the signals to send in turn, each with ``patience`` seconds to obey.
    """

    name: str
    command: tuple[str | Path, ...]
    ready: Callable[[], bool]
    cwd: Path
    env: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    stop: tuple[int, ...] = (signal.SIGTERM,)
    patience: float = 30


@dataclass(frozen=True)
class Keeper:
    """The processes of one instance: their records in ``run/``, their logs in ``logs/``.

    :ivar is_tied: they end with the process that starts them, also if that is killed
    """

    folder: Path
    is_tied: bool = False

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def alive(self, name: str) -> bool:
        return procfs.is_alive(self._recorded(name))

    def start(self, service: Service, timeout: float = 60) -> bool:
        """Have the service run and answer; return whether it had to be started.

        :raises DiedAtStart: it ended at once (its last log lines are told)
        :raises SetupError: it runs but does not answer within ``timeout`` seconds
        """
        if self.alive(service.name):
            if self._answers(service, timeout):
                return False
            say(f"   ...    {service.name} runs but does not answer: starting it again")
            self.stop(service.name, service.stop, service.patience)
        self._launch(service)
        if not self._answers(service, timeout):
            self._fail(service, timeout)
        return True

    def stop(
        self,
        name: str,
        signals: tuple[int, ...] = (signal.SIGTERM,),
        patience: float = 30,
    ) -> bool:
        """Stop a process of ours and wait for its end; return whether it ran."""
        recorded = self._recorded(name)
        ran = procfs.is_alive(recorded)
        if ran:
            end(recorded["pid"], signals, patience)
        self._record(name).unlink(missing_ok=True)
        return ran

    def sweep(self, *data: Path) -> None:
        """End what was left behind: processes marked as this instance's, or run on its data.

        A server may overwrite its environment and with it the mark; its data's folder stays
        among its arguments.
        """
        marker = f"{MARKER}={self.folder}"
        folders = [str(path) for path in (*data, self.folder / "redis")]
        for number in (signal.SIGTERM, signal.SIGKILL):
            pids = list(procfs.find(marker, folders))
            for pid in pids:
                _signal(pid, number)
            if not pids or _wait(lambda: not list(procfs.find(marker, folders)), 15):
                return

    def tail(self, name: str) -> str:
        with contextlib.suppress(OSError):
            return self.log(name).read_text(errors="replace")
        return ""

    def _record(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.json"

    def _recorded(self, name: str) -> dict:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self._record(name).read_text())
        return {}

    def _launch(self, service: Service) -> None:
        for folder in ("run", "logs"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        record, log = self._record(service.name), self.log(service.name)
        record.unlink(missing_ok=True)
        mark = f"{self.folder}:{service.name}"
        _end_unrecorded(f"{SERVICE_MARKER}={mark}", service)
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        marks = {MARKER: str(self.folder), SERVICE_MARKER: mark}
        if self.is_tied:
            marks[PARENT] = str(os.getpid())
        with log.open("wb") as output:
            process = subprocess.Popen(
                _launching(service, record),
                cwd=HERE.parent,
                env={**environ(), **service.env, **marks},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _wait(lambda: record.exists() or process.poll() is not None, 30)

    def _answers(self, service: Service, timeout: float) -> bool:
        def settled() -> bool:
            return not self.alive(service.name) or _says_ready(service)

        _wait(settled, timeout)
        return self.alive(service.name) and _says_ready(service)

    def _fail(self, service: Service, timeout: float) -> None:
        text = self.tail(service.name)
        where = f"{service.name} (log: {self.log(service.name)})"
        if not self.alive(service.name):
            raise DiedAtStart(explain(where, 1, text))
        self.stop(service.name, service.stop, service.patience)
        raise SetupError(
            explain(f"{where}: no answer within {timeout:.0f} s; it", 1, text)
        )


def end(pid: int, signals: tuple[int, ...], patience: float = 30) -> None:
    """Ask a process to end by each signal in turn, and at last kill it with its group.

    Killed, a server cannot end its own workers: they are in the group that it leads.
    """
    recorded = procfs.identity(pid)
    for number in (*signals, signal.SIGKILL):
        _signal(-pid if number == signal.SIGKILL else pid, number)
        if _wait(lambda: not procfs.is_alive(recorded), patience):
            return


def _launching(service: Service, record: Path) -> list[str]:
    """The command that writes the record down and becomes the service."""
    launcher = [sys.executable, "-m", f"{__package__}.launcher", str(record)]
    return [
        *launcher,
        service.user or "-",
        str(service.cwd),
        *map(str, service.command),
    ]


def _end_unrecorded(mark: str, service: Service) -> None:
    """End the same service whose record was lost: it holds the data that the new one needs."""
    for pid in procfs.find(mark):
        with contextlib.suppress(ProcessLookupError):
            end(pid, service.stop, service.patience)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _says_ready(service: Service) -> bool:
    try:
        return service.ready()
    except (OSError, SetupError, ValueError):
        return False


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition, looking often at first; return whether it came true."""
    end, pause = time.monotonic() + seconds, 0.02
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    return True
