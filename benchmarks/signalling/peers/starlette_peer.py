"""The same room chat on Starlette: ``uvicorn benchmarks.signalling.peers.starlette_peer:app``.

A frame is sent to one after the other, as in its documentation. With `asyncio.gather` it costs half as much again, and
waits for the slowest as well.
"""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from benchmarks.signalling.peers.room import Room

rooms: dict[str, Room[WebSocket]] = {}


async def tell(sockets: list[WebSocket], frame: str) -> None:
    """Send one frame to all of them. One that is gone is found out by its own endpoint."""
    for socket in sockets:
        try:  # noqa: SIM105 - a context manager costs more
            await socket.send_text(frame)
        except (WebSocketDisconnect, RuntimeError):
            pass


async def page(socket: WebSocket) -> None:
    """Serve one page."""
    await socket.accept()
    room: Room[WebSocket] | None = None
    try:
        while True:
            command = json.loads(await socket.receive_text())
            if command["type"] == "join" and room is None:
                room = rooms.setdefault(command["room"], Room(command["room"]))
                others = list(room.people)
                event, joined = room.join(socket, command)
                await tell(others, event)
                await socket.send_text(joined)
            elif command["type"] == "chat" and room is not None:
                await tell(list(room.people), room.say(socket, command["text"]))
    except WebSocketDisconnect:
        pass
    finally:
        if room is not None:
            event = room.leave(socket)
            await tell(list(room.people), event)


app = Starlette(routes=[WebSocketRoute("/ws", page)])
