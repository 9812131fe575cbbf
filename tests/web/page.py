"""A page as the server sees one, on trio-websocket."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from tests.web.served import PATIENCE


@attrs.define(eq=False)
class Page:
    """A page in a room, or on its way there. Nothing is read but by `next`, `closed` and `nothing`."""

    socket: WebSocketConnection
    stream: trio.SocketStream
    id: str = ""
    #: What was read and not asked for.
    events: list[dict[str, Any]] = attrs.field(factory=list)

    async def send(self, type: str, **fields: Any) -> None:
        await self.send_text(json.dumps({"type": type, **fields}))

    async def send_text(self, text: str) -> None:
        await self.socket.send_message(text)

    async def join(self, name: str, room: str = "blue") -> dict[str, Any]:
        await self.send("join", ref="j", room=room, name=name, microphone=True, camera=True)
        joined = await self.next("joined")
        self.id = joined["you"]
        return joined

    async def next(self, type: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """Return the next event of a type, keeping the others."""
        for event in self.events:
            if event["type"] == type:
                self.events.remove(event)
                return event
        with trio.fail_after(timeout):
            while True:
                event = json.loads(await self.socket.get_message())
                if event["type"] == type:
                    return event  # type: ignore[no-any-return]
                if event["type"] == "ping":
                    await self.send("pong", n=event["n"])
                    continue
                self.events.append(event)

    async def echo(self, text: str = "hello") -> float:
        """Chat with oneself and return the seconds that it took."""
        before = trio.current_time()
        await self.send("chat", text=text)
        while (await self.next("chat"))["message"]["text"] != text:
            pass
        return trio.current_time() - before

    async def nothing(self, *types: str) -> None:
        """See that no event of these types was sent before now."""
        await self.echo("still here")
        assert [event for event in self.events if event["type"] in types] == []

    async def closed(self) -> int:
        """Wait until the server has closed the socket and return the code."""
        try:
            with trio.fail_after(PATIENCE):
                while True:
                    self.events.append(json.loads(await self.socket.get_message()))
        except ConnectionClosed as error:
            assert error.reason is not None
            return int(error.reason.code)

    async def close(self, code: int = 1000) -> None:
        await self.socket.aclose(code)

    async def finish(self) -> None:
        """Send FIN without a close frame."""
        await self.stream.send_eof()

    async def reset(self) -> None:
        """Send RST."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()


async def connect(nursery: trio.Nursery, port: int, origin: str | None = None) -> Page:
    """Open a socket at the server; its reading task lives in ``nursery``."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    headers = [] if origin is None else [("Origin", origin)]
    with trio.fail_after(PATIENCE):
        connection = await wrap_client_stream(
            nursery, stream, f"127.0.0.1:{port}", "/ws", extra_headers=[(k.encode(), v.encode()) for k, v in headers]
        )
    return Page(connection, stream)


@asynccontextmanager
async def page(port: int, name: str = "", room: str = "blue") -> AsyncGenerator[Page, None]:
    """Bring a page to the server and, given a name, into a room; its connection is dropped at the end."""
    async with trio.open_nursery() as nursery:
        one = await connect(nursery, port)
        try:
            if name:
                await one.join(name, room)
            yield one
        finally:
            one.stream.socket.close()
            nursery.cancel_scope.cancel()
