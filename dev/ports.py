"""Free loopback ports, below the range from which the kernel serves outgoing connections."""

import random
import socket
from collections.abc import Iterable

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 20000, 31999


def is_free(port: int) -> bool:
    """Whether the port can be bound right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(taken: Iterable[int] = ()) -> int:
    """A port that is free now and is none of ``taken``."""
    taken = set(taken)
    while True:
        port = random.randint(LOWEST, HIGHEST)
        if port not in taken and is_free(port):
            return port
