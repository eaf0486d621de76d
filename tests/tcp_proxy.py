"""A way to a server that can be shut and opened again, as when the server goes away."""

import contextlib
import socket
import threading


class Proxy:
    """Passes bytes on to a server; listens at a free port.

    :param target: (host, port) of the server
    """

    def __init__(self, target):
        self._target = target
        self._sockets, self._lock, self._is_open = set(), threading.Lock(), True
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self):
        """Break all connections, and every new one."""
        self._is_open = False
        with self._lock:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def open(self):
        """Let connections through again."""
        self._is_open = True

    def close(self):
        """End for good."""
        self.shut()
        self._listening.close()

    def _accept(self):
        while True:
            try:
                client, _address = self._listening.accept()
            except OSError:
                return
            if not self._is_open:
                client.close()
                continue
            server = socket.create_connection(self._target)
            with self._lock:
                self._sockets |= {client, server}
            for pair in ((client, server), (server, client)):
                threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
