"""A TCP connection on which a test says what it likes, byte by byte."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Self

import attrs
import trio

from tests.web.served import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
JOIN = b'{"type":"join","ref":"j","room":"red","name":"Mallory","microphone":true,"camera":true}'


def upgrade(*headers: bytes, drop: bytes = b"\0", path: bytes = b"/ws", version: bytes = b"HTTP/1.1") -> bytes:
    """Ask for a websocket. Headers that begin with ``drop`` are left out, ``headers`` come last."""
    usual = [
        b"Host: localhost",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
    ]
    lines = [b"GET " + path + b" " + version, *(line for line in usual if not line.startswith(drop)), *headers]
    return b"\r\n".join([*lines, b"", b""])


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """Write a websocket frame (RFC 6455, section 5.2)."""
    mask = os.urandom(4)
    head = bytes([fin << 7 | reserved << 4 | opcode])
    bit = masked << 7
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 1 << 16:
        head += struct.pack("!BH", bit | 126, len(payload))
    else:
        head += struct.pack("!BQ", bit | 127, len(payload))
    if not masked:
        return head + payload
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + body.to_bytes(len(payload), "big")


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


@attrs.define(eq=False)
class Raw:
    """One connection to the server."""

    stream: trio.SocketStream
    received: bytearray = attrs.field(factory=bytearray)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stream.socket.close()

    async def send(self, *parts: bytes) -> None:
        await self.stream.send_all(b"".join(parts))

    async def head(self) -> bytes:
        """Read the head of an HTTP response."""
        return await self._take_until(b"\r\n\r\n")

    async def open(self, *headers: bytes) -> bytes:
        """Open a websocket and return the head of the answer."""
        await self.send(upgrade(*headers))
        head = await self.head()
        assert head.startswith(b"HTTP/1.1 101 "), head
        return head

    async def join(self) -> None:
        await self.open()
        await self.send(frame(TEXT, JOIN))
        opcode, payload = await self.frame()
        assert opcode == TEXT
        assert payload.startswith(b'{"type":"joined"')

    async def frame(self) -> tuple[int, bytes]:
        """Read a whole frame from the server."""
        head = await self._take(2)
        length = head[1]
        if length == 126:
            length = int.from_bytes(await self._take(2), "big")
        elif length == 127:
            length = int.from_bytes(await self._take(8), "big")
        return head[0] & 15, await self._take(length)

    async def close_code(self) -> int | None:
        """Read until the server's close frame, answer it, and see that the connection ends."""
        opcode, payload = await self.frame()
        while opcode != CLOSE:
            opcode, payload = await self.frame()
        with suppress(trio.BrokenResourceError):
            await self.send(frame(CLOSE, payload))
        assert await self.rest() == b""
        return int.from_bytes(payload[:2], "big") if payload else None

    async def rest(self) -> bytes:
        """Read until the server ends the connection; a reset is an error."""
        while await self._more():
            pass
        return bytes(self.received)

    async def finish(self) -> None:
        """Send FIN, and wait for the server's."""
        await self.stream.send_eof()
        await self.rest()

    async def reset(self) -> None:
        """Send RST."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()

    async def _take_until(self, end: bytes) -> bytes:
        while end not in self.received:
            assert await self._more(), f"ended after {bytes(self.received)!r}"
        return await self._take(self.received.index(end) + len(end))

    async def _take(self, count: int) -> bytes:
        while len(self.received) < count:
            assert await self._more(), f"ended after {bytes(self.received)!r}"
        taken = bytes(self.received[:count])
        del self.received[:count]
        return taken

    async def _more(self) -> bool:
        with trio.fail_after(PATIENCE):
            data = await self.stream.receive_some()
        self.received += data
        return bool(data)


async def connect(port: int, *, receive_buffer: int | None = None) -> Raw:
    """Open a connection, with a receive buffer of that many bytes."""
    sock = trio.socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await sock.connect(("127.0.0.1", port))
    return Raw(trio.SocketStream(sock))


async def get(port: int, path: str = "/healthz", method: str = "GET", *headers: str) -> tuple[int, dict[str, str], str]:
    """Ask for a page, and return the status, the headers in lower case, and the body."""
    async with await connect(port) as raw:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
        await raw.send("\r\n".join(lines).encode())
        answer = await raw.rest()
    head, _, body = answer.decode().partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    return int(status.split()[1]), {k.lower(): v for k, v in (f.split(": ", 1) for f in fields)}, body
