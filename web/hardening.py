"""Hypercorn's trio worker, made safe for strangers. The one module that reaches into it.

What is mended, each with a test that fails without it:

* one connection's error ended the whole server: it ends that connection;
* a send to a peer that does not read was shielded without limit: it has a deadline, nearer once the server stops, and
  frames may be written past Hypercorn (`web.sender`, which stands in the scope's state under `SENDER`);
* what was read at once was looked at in one go, however many frames it was: in between others have their turn;
* a message went to the app through a queue and another task: it may be taken where it is read, by what the app has put
  into the scope under `TAKE`;
* permessage-deflate was always accepted, at 100 kB a connection: the offer is not seen;
* the peer's close code was lost: it stands in the scope, under `CLOSE_CODE`;
* a broken or too large websocket frame was an error or left the connection open: it is a close with 1002, 1007 or 1009;
* a connection that we end was reset when the peer was still sending, and what we had said was lost with it: we stop
  writing first, and read a little longer;
* a handshake that is refused, or that has a body, left the connection open: it is answered and ended;
* a connection that idles was kept for ever after its first request: it ends after ``keep_alive_timeout``;
* a connection passed for idle while it was we who stood still, with its request unread: it is given its time again;
* a connection that the peer ended was kept for as long as an idle one, or for ever where its tasks waited for each
  other: it is gone at once;
* an open websocket was told nothing when the server stops: what was given to `on_terminate` runs first;
* an app that could not start was served for a moment, and said to be: it is not;
* HTTP/2 was spoken, where none of these bounds hold: it is not offered.

`install` changes names in Hypercorn's modules, so it serves ``hypercorn -k trio`` as well as our own ``serve``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import inf
from typing import Any

import hypercorn.config
import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.trio.run
import structlog
import trio
from h11 import ProtocolError as HTTPProtocolError
from h11 import Request as HTTPRequest
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Body, Data, Request, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import EventWrapper, WorkerContext
from hypercorn.typing import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.events import Event as WebsocketEvent
from wsproto.utilities import RemoteProtocolError

from chatroom.limits import TokenBucket
from web.sender import Sender

#: The key of an ASGI websocket scope under which the code stands with which the peer, or we for its frames, closed it.
CLOSE_CODE = "chatroom.close_code"
#: The key of an ASGI scope's state under which the `web.sender.Sender` of a connection stands that takes offers.
SENDER = "chatroom.sender"
#: The key of an ASGI websocket scope under which the app puts what is to be called with each message, from before it
#: accepts the websocket on. It must neither wait nor raise.
TAKE = "chatroom.take"
#: Seconds that a peer may take to end its side of a connection after we have ended ours.
LINGER = 1.0

#: Octets that are read at a time. Most of what comes is far shorter, and cut out of a buffer of this size.
READ = 8_192
#: The part of the read timeout by which a silence may be longer before the connection is ended.
SLACK = 1 / 16

#: Seconds by which we may be late to see that a connection idles, until that is our fault.
STALL = 0.5

#: Frames of one peer that are looked at before others have their turn.
AT_ONCE = 100
#: Pings a second that a peer may send; browsers send none.
PINGS = 5

_log = structlog.stdlib.get_logger("web.hardening")
_on_terminate: list[Callable[[], Awaitable[None]]] = []
_connections: set[Connection] = set()
_aside = ContextVar("chatroom.aside", default=False)


def on_terminate(callback: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Have ``callback`` awaited when the server stops, before any connection is ended. Returns what takes it back."""
    _on_terminate.append(callback)
    return lambda: _on_terminate.remove(callback)


class Terminated(EventWrapper):
    """The event by which Hypercorn tells its connections that it stops. Ours lets the app say goodbye before."""

    async def set(self) -> None:
        try:
            for callback in tuple(_on_terminate):
                await callback()
        finally:  # a goodbye that was cut short must not leave a send its patience
            for connection in tuple(_connections):
                connection.hurry()
        await super().set()


@contextmanager
def aside() -> Generator[None, None, None]:
    """Have what is served from inside this block end without what was given to `on_terminate`: it is not the server."""
    reset = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(reset)


class Context(WorkerContext):
    """What Hypercorn's connections share."""

    def __init__(self, max_requests: int | None) -> None:
        super().__init__(max_requests)
        if not _aside.get():
            self.terminated = Terminated()


class AppLifespan(Lifespan):
    """The life of the app, as Hypercorn sees it."""

    async def wait_for_startup(self) -> None:
        await super().wait_for_startup()
        if self.supported and self.shutdown.is_set():
            # It ended before it began. Its error is on its way here, and cancels this.
            await trio.sleep_forever()


class Connection(TCPServer):
    """One TCP connection."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sender = Sender(self.stream, self._give_up)
        # Without the stream around it where there is no TLS: see `Sender.end`.
        plain = isinstance(self.stream, trio.SocketStream)
        self._receive = self.stream.socket.recv if plain else self.stream.receive_some
        if self._sender.takes_offers:
            # Hypercorn copies it into the scope of each request, as ASGI has it for what a lifespan shares.
            self.state = ConnectionState({**self.state, SENDER: self._sender})
        # Not the one of Hypercorn's TaskGroup, which lets a cancellation of its own pass on to all connections.
        self._scope = trio.CancelScope()

    async def run(self) -> None:
        _connections.add(self)
        try:
            with self._scope:
                await super().run()
        except* (HTTPProtocolError, RemoteProtocolError, OSError, trio.BrokenResourceError) as group:
            _log.info("connection broken by the peer", error=repr(group.exceptions[0]), **self._sender.about())
            await trio.aclose_forcefully(self.stream)
        except* Exception as group:  # noqa: BLE001
            # The boundary of a connection: whatever its peer provoked in Hypercorn, the others are not concerned.
            _log.warning("connection failed", exc_info=group, **self._sender.about())
            await trio.aclose_forcefully(self.stream)
        finally:
            _connections.discard(self)
            self._release()

    def _release(self) -> None:
        """Let go of what holds this connection. Some kilobytes each would wait for the garbage collector."""
        self._sender.release()
        with suppress(AttributeError):  # it broke before there was one
            del self.protocol

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            await self._send(event.data)
        elif isinstance(event, Closed):
            await self._end()
            await self.protocol.handle(Closed())
        else:
            # Shielded, because it never waits, and the task that has just answered is cancelled for having done so.
            with trio.CancelScope(shield=True):
                await super().protocol_send(event)

    async def _close(self) -> None:
        self._sender.end()
        await self.stream.aclose()

    async def _send(self, data: bytes) -> None:
        if not await self._sender.send(data):
            await self.protocol.handle(Closed())

    async def _end(self) -> None:
        """Say that nothing follows, and give the peer time to read it: closing now would reset what is on its way."""
        if not self._sender.ended:
            self._give_up()
            self._sender.end()

    def _give_up(self) -> None:
        """Leave the connection a moment. Its tasks might wait for each other, or for a peer that is gone, for ever."""
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + LINGER)

    async def _read_data(self) -> None:
        # One scope for all reads, whose deadline is put off now and then: to enter one costs as much as to read.
        timeout = self.config.read_timeout or inf
        with trio.CancelScope(deadline=trio.current_time() + timeout) as patience:
            while True:
                if patience.deadline < (now := trio.current_time()) + timeout:
                    patience.deadline = now + timeout * (1 + SLACK)
                try:
                    data = await self._receive(READ)
                except (OSError, trio.ClosedResourceError, trio.BrokenResourceError):
                    break
                if not self._sender.ended:
                    await self.protocol.handle(RawData(bytes(data)))
                if not data:
                    break
        await self.protocol.handle(Closed())
        await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        while True:
            with trio.move_on_after(self.config.keep_alive_timeout) as patience:
                await self.context.terminated.wait()
            if not patience.cancelled_caught or trio.current_time() - patience.deadline < STALL:
                break
        with trio.CancelScope(shield=True):
            await self._initiate_server_close()

    def hurry(self) -> None:
        self._sender.hurry()


class HTTP1(H11Protocol):
    """HTTP/1.1 that does not turn into HTTP/2 when asked to."""

    async def _check_protocol(self, event: HTTPRequest) -> None:
        pass


class WebsocketStream(WSStream):
    """One websocket."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._pings = TokenBucket(rate=PINGS, burst=10 * PINGS)

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, Request):
            event = dataclasses.replace(event, headers=[header for header in event.headers if _fit(*header)])
        elif isinstance(event, (Body, Data)) and not self.handshake.accepted:
            if not self.closed and self.state == ASGIWebsocketState.HANDSHAKE:
                await self._refuse_haste()
            return
        await super().handle(event)
        if isinstance(event, Request) and self.closed:  # refused
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _refuse_haste(self) -> None:
        """End a peer that speaks before it was let in: to a body of its request, there is no end to be seen."""
        self.closed = True  # what the app says to it comes too late
        await self._send_error_response(400)
        if self.app_put is not None:
            await self.app_put({"type": "websocket.disconnect", "code": 1006})
        await self.send(StreamClosed(stream_id=self.stream_id))

    async def _handle_events(self) -> None:
        for number, event in enumerate(self.connection.events(), 1):
            if number % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()  # 64 kB of empty frames are some tenths of a second
            if isinstance(event, Message):
                if not await self._extend(event):
                    return
            elif isinstance(event, Ping):
                if not self._pings.take(trio.current_time()):
                    await self._close(1008)
                    return
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                self.scope[CLOSE_CODE] = event.code  # type: ignore[literal-required]
                await self._send_wsproto_event(event.response())
                await self.send(StreamClosed(stream_id=self.stream_id))
                return

    async def _extend(self, event: Message[Any]) -> bool:
        """Take a piece of a message; False if that ended the connection."""
        length = self.buffer.length + _size(event.data)
        if length > self.buffer.max_length:
            await self._close(1009)
            return False
        self.buffer.extend(event)
        self.buffer.length = length  # in bytes, where the buffer counts characters
        if event.message_finished:
            message = self.buffer.to_message()
            self.buffer.clear()
            take: Callable[[str | bytes], None] | None = self.scope.get(TAKE)  # type: ignore[assignment]
            if take is not None:
                take(message["bytes"] if message["text"] is None else message["text"])
            else:
                assert self.app_put is not None, "messages come after the handshake"
                await self.app_put(message)
        return True

    async def _send_wsproto_event(self, event: WebsocketEvent) -> None:
        sender: Sender | None = self.scope["state"].get(SENDER)
        if isinstance(event, CloseConnection) and sender is not None:
            sender.seal()
        await super()._send_wsproto_event(event)

    async def _close(self, code: int) -> None:
        self.scope[CLOSE_CODE] = code  # type: ignore[literal-required]
        await self._send_wsproto_event(CloseConnection(code=code))
        await self.send(StreamClosed(stream_id=self.stream_id))


def _fit(name: bytes, value: bytes) -> bool:
    """Whether the handshake is to see a header: no extensions, and nothing that it could not decode."""
    name = name.lower()
    return name != b"sec-websocket-extensions" and (
        value.isascii() or name not in {b"connection", b"sec-websocket-key", b"sec-websocket-protocol"}
    )


def _size(data: str | bytes | bytearray) -> int:
    return len(data) if not isinstance(data, str) or data.isascii() else len(data.encode())


def install(max_message: int) -> None:
    """Put the hardened classes in Hypercorn's place of its own, and bound a websocket message, in bytes.

    Doing it twice is doing it once.
    """
    replaced: list[tuple[Any, str, Any]] = [
        (hypercorn.protocol, "H11Protocol", HTTP1),
        (hypercorn.protocol.h11, "WSStream", WebsocketStream),
        (hypercorn.trio.run, "Lifespan", AppLifespan),
        (hypercorn.trio.run, "TCPServer", Connection),
        (hypercorn.trio.run, "WorkerContext", Context),
        (hypercorn.config.Config, "alpn_protocols", ["http/1.1"]),
        (hypercorn.config.Config, "websocket_max_message_size", max_message),
    ]
    for owner, name, value in replaced:
        setattr(owner, name, value)
