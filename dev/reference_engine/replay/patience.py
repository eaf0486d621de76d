"""What to do while a server is away: say so once, wait longer and longer."""

import time
from collections.abc import Callable

FIRST_PAUSE, LONGEST_PAUSE, SLICE = 0.25, 10, 0.1


class GaveUp(Exception):
    """The replay was told to stop while a server was away."""


class Patience:
    """One server's absences.

    server: its name for the person watching. stopped: whether to wait no longer.
    """

    def __init__(
        self, server: str, say: Callable[[str], None], stopped: Callable[[], bool]
    ):
        self._server, self._say, self._stopped = server, say, stopped
        self._pause = 0.0

    def failed(self, error: Exception) -> float:
        """Note a failure, told if it is the first; return the seconds to wait."""
        if not self._pause:
            self._say(
                f"live replay: {self._server} is away, trying again: {one(error)}"
            )
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        return self._pause

    def works(self) -> None:
        """Note that the server answers."""
        if self._pause:
            self._say(f"live replay: {self._server} is back")
        self._pause = 0.0

    def wait(self, error: Exception) -> None:
        """Note a failure and wait.

        :raise GaveUp: the replay was told to stop
        """
        until = time.monotonic() + self.failed(error)
        while time.monotonic() < until:
            if self._stopped():
                raise GaveUp(f"{self._server} is away: {one(error)}")
            time.sleep(SLICE)


def one(error: Exception) -> str:
    """An error's first line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
