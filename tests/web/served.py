"""A server inside the test: the app under Hypercorn as `web.serve` runs it, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

import attrs
import trio

from chatroom.limits import Limits
from chatroom.media import Media
from chatroom.testing import FakeMedia
from web.app import App, create_app
from web.node import Node
from web.serve import open_sockets, run
from web.settings import Settings

#: Seconds within which anything that is waited for happens, on a machine that is busy.
PATIENCE = 10.0


@attrs.define(eq=False)
class Served:
    """A running server. `stop` makes it say goodbye; ``ended`` says that it has."""

    app: App
    port: int
    stop: trio.Event
    ended: trio.Event

    @property
    def node(self) -> Node:
        node: Node = self.app.extensions["node"]
        return node


@asynccontextmanager
async def serving(limits: Limits | None = None, media: Media | None = None) -> AsyncGenerator[Served, None]:
    """Serve with a fake media plane, or another one, until the context ends."""
    # Whoever attacks it is in the same process, and may hold it up: that is no news of the server.
    settings = Settings(port=0, limits=limits or Limits(), slow_step=60.0)
    async with serving_app(create_app(settings, media or FakeMedia()), settings) as served:
        yield served


@asynccontextmanager
async def serving_app(app: App, settings: Settings) -> AsyncGenerator[Served, None]:
    sockets = open_sockets(settings)
    port = sockets[0].getsockname()[1]
    stop, ended, running = trio.Event(), trio.Event(), trio.Event()

    async def server() -> None:
        await run(app, settings, sockets, stop, lambda _: running.set())
        ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(server), name="test/server")
        with trio.fail_after(3 * PATIENCE):
            await running.wait()
        yield Served(app, port, stop, ended)
        stop.set()
        nursery.cancel_scope.deadline = trio.current_time() + PATIENCE


async def eventually(condition: Callable[[], bool], timeout: float = PATIENCE) -> None:
    """Wait until ``condition()`` holds."""
    with trio.move_on_after(timeout):
        while not condition():  # noqa: ASYNC110 - of what others did; nobody tells of it
            await trio.sleep(0.01)
        return
    raise AssertionError(f"not within {timeout:g} s: {condition}")


def tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living
