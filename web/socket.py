"""One page's websocket: a pump between the socket and its session, and nothing else."""

from __future__ import annotations

from typing import Any, cast

import structlog
import trio
from quart import Websocket

from chatroom import close_codes
from chatroom.greeting import greet
from chatroom.outbox import Outbox
from chatroom.session import Session
from web.hardening import CLOSE_CODE
from web.node import Node

#: A close frame's reason has at most 123 bytes (RFC 6455, section 5.5).
MAX_REASON = 123
#: Seconds that a page may take to answer our close frame.
CLOSE_TIMEOUT = 1.0
#: The close codes of a page that goes by itself; 1005 stands for a close frame without one.
_GONE_BY_ITSELF = {close_codes.NORMAL, close_codes.GOING_AWAY, 1005}
#: Codes of a page that gives up a socket and not its place.
_COMES_BACK = range(3_000, 4_000)

_log = structlog.stdlib.get_logger("web.socket")


async def serve_socket(websocket: Websocket, node: Node) -> None:
    """Serve an accepted websocket until either side ends it. Cancelled when the page is gone."""
    limits = node.settings.limits
    lane = Outbox(limits.outbox_frames, limits.outbox_bytes)
    session = Session(limits, lane)
    node.add(session)
    path = "serve/http/socket"
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(greet, session, node.directory, name=f"{path}/greet")
            nursery.start_soon(_read, websocket, session, name=f"{path}/read")
            await _write(websocket, session, lane)
            nursery.cancel_scope.cancel()
    except* Exception:  # noqa: BLE001
        # The boundary of a socket: a bug in one ends that one and is said, to its page and to the others.
        _log.exception("socket failed", task=path)
        session.close(close_codes.BUG, "Something went wrong on the server.", reason="failed")
        with trio.move_on_after(CLOSE_TIMEOUT, shield=True):
            await websocket.close(close_codes.BUG, "Something went wrong on the server.")
    finally:
        _end(session, cast("int | None", websocket.scope.get(CLOSE_CODE)))
        node.remove(session)


async def _read(websocket: Websocket, session: Session) -> None:
    while True:
        frame: Any = await websocket.receive()
        # An empty binary message comes as None, whatever the annotation there says.
        session.feed(b"" if frame is None else frame)


async def _write(websocket: Websocket, session: Session, lane: Outbox) -> None:
    """Write frames until the session is closed, then close the socket and give the page time to answer."""
    while (frame := await lane.take()) is not None:
        await websocket.send(frame.text)
        # With nobody at the other end nothing above waits for anything.
        await trio.lowlevel.checkpoint()
    closing = session.closing
    assert closing is not None, "frames end when the session is closing"
    await websocket.close(closing.code, closing.message.encode()[:MAX_REASON].decode(errors="ignore"))
    with trio.move_on_after(CLOSE_TIMEOUT):
        await trio.sleep_forever()


def _end(session: Session, code: int | None) -> None:
    """Say how a socket ended that was closed with ``code``, or not closed at all."""
    if code in _GONE_BY_ITSELF:
        session.ended("tab_closed")
        return
    if code is not None and code not in _COMES_BACK:
        session.close(code, "This socket was closed for what was sent on it.", reason="connection_lost")
    session.ended("connection_lost")
