"""One page's websocket: a pump between the socket and its session, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import structlog
import trio
from quart import Websocket

from chatroom import close_codes
from chatroom.greeting import greet
from chatroom.limits import Limits
from chatroom.session import Session
from nurseries import provide_facts
from web.addresses import networks, origin_of
from web.fast_lane import FastLane
from web.hardening import CLOSE_CODE, SENDER, TAKE
from web.node import Node
from web.quart_lane import QuartLane

#: A close frame's reason has at most 123 bytes (RFC 6455, section 5.5).
MAX_REASON = 123
#: Seconds that a page may take to answer our close frame.
CLOSE_TIMEOUT = 1.0
#: The close codes of a page that goes by itself; 1005 stands for a close frame without one.
_GONE_BY_ITSELF = {close_codes.NORMAL, close_codes.GOING_AWAY, 1005}
#: Codes of a page that gives up a socket and not its place.
_COMES_BACK = range(3_000, 4_000)
TOO_MANY = "There are too many connections from your address."
_PATH = "serve/http/socket"

_log = structlog.stdlib.get_logger("web.socket")


async def serve_socket(websocket: Websocket, node: Node) -> None:
    """Accept a websocket and serve it until either side ends it; at once if there are too many from where it comes."""
    client = websocket.scope.get("client")
    forwarded = websocket.headers.getlist("X-Forwarded-For")
    address = origin_of(client[0] if client else None, forwarded, networks(node.settings.trusted_proxy))
    if not node.addresses.enter(address):
        assert address is not None, "what cannot be counted is not too much"
        if node.addresses.worth_a_word(address, trio.current_time()):
            _log.warning("too many sockets", address=address, limit=node.settings.limits.connections_per_address)
        await websocket.accept()
        await websocket.close(close_codes.TOO_MANY, TOO_MANY)
        return
    try:
        await _serve(websocket, node)
    finally:
        node.addresses.leave(address)


async def _serve(websocket: Websocket, node: Node) -> None:
    pump = _Pump(websocket, node.settings.limits)
    session = pump.session
    # Where the scope is looked into, messages are taken as they are read; elsewhere they come by `websocket.receive`.
    websocket.scope[TAKE] = pump.take  # type: ignore[literal-required]
    try:
        await websocket.accept()
        await pump.run(node)
    except* Exception:  # noqa: BLE001
        # The boundary of a socket: a bug in one ends that one and is said, to its page and to the others.
        _log.exception("socket failed", task=_PATH, **session.about)
        session.close(close_codes.BUG, "Something went wrong on the server.", reason="failed")
        with trio.move_on_after(CLOSE_TIMEOUT, shield=True):
            await websocket.close(close_codes.BUG, "Something went wrong on the server.")
    finally:
        _end(session, cast("int | None", websocket.scope.get(CLOSE_CODE)))
        node.remove(session)
        pump.release()


class _Pump:
    """One task reads, for as long as the socket is open; another writes, while there is something to wait for."""

    def __init__(self, websocket: Websocket, limits: Limits) -> None:
        self._websocket = websocket
        #: Where writing tasks live; None when nothing more is written.
        self._nursery: trio.Nursery | None = None
        self._reading = trio.CancelScope()
        self._bug: Exception | None = None
        sender = websocket.scope.get("state", {}).get(SENDER)
        self._lane: FastLane | QuartLane
        if sender is not None:
            self._lane = FastLane(limits.outbox_frames, limits.outbox_bytes, sender, self._start_writing)
        else:
            self._lane = QuartLane(limits.outbox_frames, limits.outbox_bytes, websocket.send, self._start_writing)
        session = self.session = Session(limits, self._lane)
        if sender is not None:
            sender.about = lambda: session.about
            session.cut = sender.cut

    def take(self, frame: str | bytes) -> None:
        """Hand on a frame where it is read, in a task of the connection's. A bug is this socket's all the same."""
        try:
            self.session.feed(frame)
        except Exception as error:  # noqa: BLE001 - raised where the boundary of a socket is
            self._bug = error
            self._reading.cancel()

    async def run(self, node: Node) -> None:
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            node.add(self.session)
            provide_facts("socket", self._facts)
            nursery.start_soon(greet, self.session, node.directory, name=f"{_PATH}/greet")
            try:
                await self._read()
            finally:
                self._nursery = None
            nursery.cancel_scope.cancel()

    def _facts(self) -> dict[str, object]:
        """Whose socket it is. What waits on it is said by the stay that it speaks for, if there is one."""
        about = self.session.about
        return dict(about) if about else {"session": self.session.statistics()}

    def release(self) -> None:
        """Have nobody hold the pump, which holds all the others: they go at once, and are no work for a collector."""
        self._websocket.scope[TAKE] = _ignore  # type: ignore[literal-required]
        self._lane.release()
        self.session.cut = None

    async def _read(self) -> None:
        with suppress(trio.EndOfChannel), self._reading:
            while True:
                frame: Any = await self._websocket.receive()
                # An empty binary message comes as None, whatever the annotation there says.
                self.session.feed(b"" if frame is None else frame)
        if self._bug is not None:
            raise self._bug

    def _start_writing(self) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(self._write, self._nursery.cancel_scope, name=f"{_PATH}/write")

    async def _write(self, socket: trio.CancelScope) -> None:
        """Write what waits. Once the session is closed, close the socket and give the page time to answer."""
        await self._lane.run()
        closing = self.session.closing
        if closing is not None:
            await self._websocket.close(closing.code, closing.message.encode()[:MAX_REASON].decode(errors="ignore"))
            await trio.sleep(CLOSE_TIMEOUT)
            socket.cancel()


def _ignore(frame: str | bytes) -> None:
    """Take a frame that comes too late."""


def _end(session: Session, code: int | None) -> None:
    """Say how a socket ended that was closed with ``code``, or not closed at all."""
    if code in _GONE_BY_ITSELF:
        session.ended("tab_closed")
        return
    if code is not None and code not in _COMES_BACK:
        session.close(code, "This socket was closed for what was sent on it.", reason="connection_lost")
    session.ended("connection_lost")
