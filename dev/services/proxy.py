"""A small reverse proxy: joins Odoo's pages and its websocket, which prefork mode puts on two ports.

Each connection carries one request: the head is read and rewritten, then bytes are passed on both
ways until the server closes. So streams and websockets pass as they are, and nothing is kept.

    python -m dev.services.proxy <port> <Odoo's port> <the websocket's port>
"""

import asyncio
import contextlib
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from ..ports import LOOPBACK
from ..processes import Service
from ..state import State

HEAD_LIMIT = 65536
HEAD_SECONDS = 60
BLOCK = 65536
# Only this proxy says who the client was; and it, not the client, decides about the connection.
OWN_HEADERS = (
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"forwarded",
    b"keep-alive",
)


@dataclass(frozen=True)
class Ports:
    """Where the proxy listens, and the two servers behind it."""

    front: int
    pages: int
    websocket: int


def service(state: State) -> Service:
    """The proxy of an instance, run by the same Python as the set-up."""
    ports = [str(state.ports[name]) for name in ("front", "odoo", "gevent")]
    root = Path(__file__).resolve().parents[2]
    command = (sys.executable, "-m", __name__, *ports)
    return Service("proxy", command, lambda: _accepts(int(ports[0])), root, patience=5)


def _accepts(port: int) -> bool:
    with socket.create_connection((LOOPBACK, port), timeout=2):
        return True


def rewrite(head: bytes, client: str) -> tuple[bytes, bytes]:
    """The path of a request's head, and the head as the server behind gets it.

    :raises ValueError: it is no HTTP/1 request
    """
    first, *lines = head.split(b"\r\n")
    _method, path, _version = first.split(b" ")
    headers = [line.partition(b":")[::2] for line in lines if line]
    upgrade = any(name.strip().lower() == b"upgrade" for name, _ in headers)
    dropped = OWN_HEADERS if upgrade else (*OWN_HEADERS, b"connection")
    kept = [
        (name, value.strip())
        for name, value in headers
        if name.strip().lower() not in dropped
    ]
    host = next((value for name, value in kept if name.lower() == b"host"), b"")
    kept += [
        (b"X-Forwarded-For", client.encode()),
        (b"X-Forwarded-Host", host),
        (b"X-Forwarded-Proto", b"http"),
    ]
    if not upgrade:
        kept.append((b"Connection", b"close"))
    return path, b"\r\n".join(
        [first, *(name + b": " + value for name, value in kept), b"", b""]
    )


async def handle(
    ports: Ports, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve one connection of a client."""
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
            path, head = rewrite(head[:-4], writer.get_extra_info("peername")[0])
        except (ValueError, asyncio.LimitOverrunError):
            return await refuse(
                writer, 400, "Bad Request", "This is no HTTP/1 request."
            )
        except (TimeoutError, asyncio.IncompleteReadError):
            return None
        port = (
            ports.websocket
            if path.partition(b"?")[0].startswith(b"/websocket")
            else ports.pages
        )
        try:
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return await refuse(
                writer, 502, "Bad Gateway", "Odoo does not answer; it may be starting."
            )
        server_writer.write(head)
        await relay((reader, server_writer), (server_reader, writer))
    return None


async def relay(up: tuple, down: tuple) -> None:
    """Pass bytes both ways until one side ends; then both are closed, so neither waits for nobody."""
    ways = [asyncio.create_task(copy(*up)), asyncio.create_task(copy(*down))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        up[1].close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes one way, no faster than the receiver takes them."""
    with contextlib.suppress(ConnectionError):
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()


async def refuse(
    writer: asyncio.StreamWriter, code: int, reason: str, text: str
) -> None:
    """Answer in the server's stead."""
    head = f"HTTP/1.1 {code} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n{text}".encode())
    await writer.drain()


async def serve(ports: Ports) -> None:
    """Serve until the process is ended."""

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await handle(ports, reader, writer)

    server = await asyncio.start_server(
        connected, LOOPBACK, ports.front, limit=HEAD_LIMIT
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Ports(*map(int, sys.argv[1:]))))
