"""A directory of rooms with a media plane that is a fake, in virtual time."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from chatroom.directory import Directory
from chatroom.greeting import greet
from chatroom.limits import Limits
from chatroom.room import Room
from chatroom.testing import FakeMedia, Page


@attrs.define(eq=False)
class House:
    """A running directory and the means to bring pages to it."""

    directory: Directory
    media: FakeMedia
    limits: Limits
    nursery: trio.Nursery
    began: float = attrs.field(factory=trio.current_time)

    def connect(self) -> Page:
        """Bring a page to the door."""
        page = Page(self.limits)
        self.nursery.start_soon(greet, page.session, self.directory, name="greet")
        return page

    async def join(self, name: str, room: str = "blue", **fields: object) -> Page:
        """Bring a page into a room."""
        page = self.connect()
        page.send("join", ref="j", room=room, name=name, microphone=True, camera=True, **fields)
        page.me = (await page.next("joined"))["you"]
        return page

    @property
    def room(self) -> Room:
        room = self.directory.find("blue")
        assert room is not None
        return room


@asynccontextmanager
async def open_house(limits: Limits | None = None) -> AsyncGenerator[House, None]:
    limits = limits or Limits()
    media = FakeMedia()
    ids: Callable[[], str] = map("p{}".format, itertools.count(1)).__next__
    directory = Directory(media=media, limits=limits, clock=trio.current_time, new_id=ids)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run, name="rooms")
        yield House(directory, media, limits, nursery)
        nursery.cancel_scope.cancel()
