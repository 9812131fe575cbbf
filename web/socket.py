"""One page's websocket: a pump between the socket and its session, and nothing else."""

from __future__ import annotations

from typing import Any

import trio
from quart import Websocket

from chatroom import close_codes
from chatroom.greeting import greet
from chatroom.model import LeaveReason
from chatroom.session import Session
from web.hardening import CLOSE_CODE
from web.node import Node

#: A close frame's reason has at most 123 bytes (RFC 6455, section 5.5).
MAX_REASON = 123
#: Seconds that a page may take to answer our close frame.
CLOSE_TIMEOUT = 1.0
#: The close codes of a page that goes by itself; 1005 stands for a close frame without one.
_GONE_BY_ITSELF = {close_codes.NORMAL, close_codes.GOING_AWAY, 1005}


async def serve_socket(websocket: Websocket, node: Node) -> None:
    """Serve an accepted websocket until either side ends it. Cancelled when the page is gone."""
    session = Session(node.settings.limits)
    node.add(session)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(greet, session, node.directory, name="socket/greet")
            nursery.start_soon(_read, websocket, session, name="socket/read")
            await _write(websocket, session)
            nursery.cancel_scope.cancel()
    finally:
        session.ended(_reason(websocket.scope.get(CLOSE_CODE)))
        node.remove(session)


async def _read(websocket: Websocket, session: Session) -> None:
    while True:
        frame: Any = await websocket.receive()
        # An empty binary message comes as None, whatever the annotation there says.
        session.feed(b"" if frame is None else frame)


async def _write(websocket: Websocket, session: Session) -> None:
    """Write frames until the session is closed, then close the socket and give the page time to answer."""
    while frames := await session.frames():
        for frame in frames:
            await websocket.send(frame)
        # With nobody at the other end nothing above waits for anything.
        await trio.lowlevel.checkpoint()
    closing = session.closing
    assert closing is not None, "frames end when the session is closing"
    await websocket.close(closing.code, closing.message.encode()[:MAX_REASON].decode(errors="ignore"))
    with trio.move_on_after(CLOSE_TIMEOUT):
        await trio.sleep_forever()


def _reason(code: object) -> LeaveReason:
    return "tab_closed" if code in _GONE_BY_ITSELF else "connection_lost"
