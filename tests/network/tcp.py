"""The byte streams of one person: each connection leads to the server by a connection of its own, by the same links.

TCP ends here on both sides, so the kernel's own retransmissions know nothing of the link: what is lost on it comes late
instead, and what is behind it waits, as it does with TCP.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from tests.network.link import Link

#: Octets of a stream that are one packet.
_SEGMENT = 1_400
#: Segments under way on one connection; then its sender waits.
_WINDOW = 256
_CONNECT_TIMEOUT = 5.0

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TcpGate:
    """Where one person's connections go instead of to the server."""

    def __init__(self, target: tuple[str, int], up: Link, down: Link) -> None:
        self.target = target
        self._up, self._down = up, down
        #: Whether connections are refused, and those there are end.
        self._blocked = False
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._empty, self._whole = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._whole.set()

    @property
    def connections(self) -> int:
        return len(self._writers) // 2

    def cut(self) -> None:
        """Hold everything up, and tell nobody."""
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    async def listen(self, host: str, port: int) -> None:
        """Begin. Raises OSError if the port is taken."""
        self._server = await asyncio.start_server(self._accept, host, port)

    def block(self, *, blocked: bool) -> None:
        self._blocked = blocked
        if blocked:
            self.reset()

    def reset(self) -> None:
        """End every connection, to both sides, without a goodbye."""
        for writer in self._writers:
            _reset(writer)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        await self._empty.wait()  # their handlers end by themselves now

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Before anything that waits, so that `close` knows of it.
        self._add(writer)
        try:
            if self._blocked:
                return
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                far_reader, far_writer = await asyncio.open_connection(*self.target)
            self._add(far_writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, far_writer, self._up, self._whole))
                    group.create_task(_pump(far_reader, writer, self._down, self._whole))
            finally:
                self._remove(far_writer)
        except* OSError:  # either end is gone, or was never there; and so is the other now
            pass
        finally:
            self._remove(writer)

    def _add(self, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._empty.clear()

    def _remove(self, writer: asyncio.StreamWriter) -> None:
        _reset(writer)
        self._writers.discard(writer)
        if not self._writers:
            self._empty.set()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link, whole: asyncio.Event) -> None:
    """Pass on what one end says until it has said all. Raises OSError when an end is gone."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WINDOW)

    async def deliver() -> None:
        while True:
            at, chunk = await under_way.get()
            await asyncio.sleep(at - loop.time())
            if not chunk:
                writer.write_eof()
                return
            writer.write(chunk)
            await writer.drain()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver())
        while True:
            chunk = await reader.read(_SEGMENT)
            await whole.wait()
            if not chunk:
                await under_way.put((0.0, chunk))
                return
            await asyncio.sleep(link.wait(loop.time()) - link.conditions.queue)
            await under_way.put((link.stream(chunk, loop.time()).at, chunk))


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):  # closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
