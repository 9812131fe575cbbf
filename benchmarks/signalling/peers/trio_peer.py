"""The same room chat on trio-websocket alone: ``python -m benchmarks.signalling.peers.trio_peer``.

Each page has a task that sends what waits for it. With a task for each send it costs about as much with 200 in a room,
and waits for the slowest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from benchmarks.signalling.peers.room import Room

#: Frames that wait for a page's writer.
WAITING = 512


@attrs.frozen(eq=False)
class Page:
    """One page, and what waits for it."""

    socket: WebSocketConnection
    put: trio.MemorySendChannel[str]
    get: trio.MemoryReceiveChannel[str]


rooms: dict[str, Room[Page]] = {}


async def write(page: Page) -> None:
    """Send what waits for a page, one after the other. One that is gone is found out by whoever reads from it."""
    async for frame in page.get:
        try:  # noqa: SIM105 - a context manager costs more
            await page.socket.send_message(frame)
        except ConnectionClosed:
            pass


def tell(pages: Iterable[Page], frame: str) -> None:
    """Send one frame to all of them, without waiting for any. One with too much waiting misses it."""
    for page in pages:
        try:  # noqa: SIM105
            page.put.send_nowait(frame)
        except trio.WouldBlock:
            pass


async def serve_page(request: WebSocketRequest) -> None:
    """Serve one page."""
    page = Page(await request.accept(), *trio.open_memory_channel[str](WAITING))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, page)
        await converse(page)
        nursery.cancel_scope.cancel()


async def converse(page: Page) -> None:
    """Obey a page until it is gone."""
    room: Room[Page] | None = None
    try:
        while True:
            command = json.loads(await page.socket.get_message())
            if command["type"] == "join" and room is None:
                room = rooms.setdefault(command["room"], Room(command["room"]))
                others = list(room.people)
                event, joined = room.join(page, command)
                tell(others, event)
                tell([page], joined)
            elif command["type"] == "chat" and room is not None:
                tell(room.people, room.say(page, command["text"]))
    except ConnectionClosed:
        pass
    finally:
        if room is not None:
            event = room.leave(page)
            tell(room.people, event)


async def main() -> None:
    """Serve on a free port, and say which."""
    async with trio.open_nursery() as nursery:
        # Without compression, as all of the others.
        serve = partial(serve_websocket, serve_page, "127.0.0.1", 0, None)
        server = await nursery.start(serve)
        print(f"running on http://127.0.0.1:{server.port}", flush=True)


if __name__ == "__main__":
    trio.run(main)
