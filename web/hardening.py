"""Hypercorn's trio worker, made safe for strangers. The one module that reaches into it.

What is mended, each with a test that fails without it:

* one connection's error ended the whole server: it ends that connection;
* a send to a peer that does not read was shielded without limit: it has a deadline, nearer once the server stops;
* permessage-deflate was always accepted, at 100 kB a connection: the offer is not seen;
* the peer's close code was lost: it stands in the scope, under `CLOSE_CODE`;
* a broken or too large websocket frame was an error or left the connection open: it is a close with 1002, 1007 or 1009;
* an open websocket was told nothing when the server stops: what was given to `on_terminate` runs first.

`install` changes names in Hypercorn's modules, so it serves ``hypercorn -k trio`` as well as our own ``serve``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import hypercorn.protocol.h2
import hypercorn.protocol.h11
import hypercorn.protocol.ws_stream
import hypercorn.trio.run
import structlog
import trio
from h11 import RemoteProtocolError as HTTPProtocolError
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Request, StreamClosed
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import EventWrapper, WorkerContext
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage
from wsproto.utilities import RemoteProtocolError

#: The key of an ASGI websocket scope under which the peer's close code stands once it sent one.
CLOSE_CODE = "chatroom.close_code"
#: Seconds that a peer may take to accept what is sent to it, and the same once the server is stopping.
SEND_TIMEOUT = 8.0
SEND_TIMEOUT_STOPPING = 0.5

_log = structlog.stdlib.get_logger("web.hardening")
_on_terminate: list[Callable[[], Awaitable[None]]] = []
_connections: set[Connection] = set()


def on_terminate(callback: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Have ``callback`` awaited when the server stops, before any connection is ended. Returns what takes it back."""
    _on_terminate.append(callback)
    return lambda: _on_terminate.remove(callback)


class Terminated(EventWrapper):
    """The event by which Hypercorn tells its connections that it stops. Ours lets the app say goodbye before."""

    async def set(self) -> None:
        for callback in tuple(_on_terminate):
            await callback()
        for connection in tuple(_connections):
            connection.hurry()
        await super().set()


class Context(WorkerContext):
    """What Hypercorn's connections share."""

    def __init__(self, max_requests: int | None) -> None:
        super().__init__(max_requests)
        self.terminated = Terminated()


class Connection(TCPServer):
    """One TCP connection."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._send_timeout = SEND_TIMEOUT
        self._sending: trio.CancelScope | None = None

    async def run(self) -> None:
        _connections.add(self)
        try:
            await super().run()
        except* (HTTPProtocolError, RemoteProtocolError, OSError, trio.BrokenResourceError) as group:
            _log.info("connection broken by the peer", error=repr(group.exceptions[0]))
            await trio.aclose_forcefully(self.stream)
        except* Exception as group:  # noqa: BLE001
            # The boundary of a connection: whatever its peer provoked in Hypercorn, the others are not concerned.
            _log.warning("connection failed", exc_info=group)
            await trio.aclose_forcefully(self.stream)
        finally:
            _connections.discard(self)

    async def protocol_send(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        try:
            # Shielded, because a frame that is cancelled half-way corrupts the stream for the close frame behind it.
            with trio.fail_after(self._send_timeout, shield=True) as self._sending:
                async with self.send_lock:
                    await self.stream.send_all(event.data)
        except trio.TooSlowError:
            _log.info("connection dropped: the peer does not read")
            await trio.aclose_forcefully(self.stream)
            await self.protocol.handle(Closed())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self.protocol.handle(Closed())

    def hurry(self) -> None:
        """Have less patience with a peer that does not read."""
        self._send_timeout = SEND_TIMEOUT_STOPPING
        if self._sending is not None:
            self._sending.deadline = min(self._sending.deadline, trio.current_time() + SEND_TIMEOUT_STOPPING)


class WebsocketStream(WSStream):
    """One websocket."""

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, Request):
            headers = [(name, value) for name, value in event.headers if name.lower() != b"sec-websocket-extensions"]
            event = dataclasses.replace(event, headers=headers)
        try:
            await super().handle(event)
        except RemoteProtocolError as error:
            if not hasattr(self, "connection"):
                raise  # a handshake that is none: the connection ends
            hint = error.event_hint
            await self._close(hint.code if isinstance(hint, CloseConnection) else 1002)

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, Message):
                if not await self._extend(event):
                    return
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                self.scope[CLOSE_CODE] = event.code  # type: ignore[literal-required]
                await self._send_wsproto_event(event.response())
                await self.send(StreamClosed(stream_id=self.stream_id))
                return

    async def _extend(self, event: Message[Any]) -> bool:
        """Take a piece of a message; False if that ended the connection."""
        kind = TextMessage if isinstance(event, TextMessage) else BytesMessage
        if self.buffer.value is not None and not isinstance(event, kind):
            await self._close(1002)
            return False
        self.buffer.length += len(event.data)
        if self.buffer.length > self.buffer.max_length:
            await self._close(1009)
            return False
        self.buffer.length -= len(event.data)  # the buffer counts again
        self.buffer.extend(event)
        if event.message_finished:
            assert self.app_put is not None, "messages come after the handshake"
            await self.app_put(self.buffer.to_message())
            self.buffer.clear()
        return True

    async def _close(self, code: int) -> None:
        await self._send_wsproto_event(CloseConnection(code=code))
        await self.send(StreamClosed(stream_id=self.stream_id))


def install() -> None:
    """Put the hardened classes in Hypercorn's place of its own. Doing it twice is doing it once."""
    modules: list[Any] = [hypercorn.protocol.h11, hypercorn.protocol.h2]
    for module in modules:
        module.WSStream = WebsocketStream
    run: Any = hypercorn.trio.run
    run.TCPServer = Connection
    run.WorkerContext = Context
