"""A directory of rooms with a media plane that is a fake, in virtual time."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from chatroom import close_codes
from chatroom.directory import Directory
from chatroom.greeting import greet
from chatroom.ice_servers import IceServers
from chatroom.limits import Limits
from chatroom.quality.pipeline import Pipeline
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
    #: All that were ever connected, in order: the task that greets the first is ``greet:1``.
    pages: list[Page] = attrs.field(factory=list)

    def connect(self, page: Page | None = None) -> Page:
        """Bring a page to the door."""
        page = page or Page(self.limits)
        self.pages.append(page)
        self.nursery.start_soon(self._serve, page, name=f"greet:{len(self.pages)}")
        return page

    def knock(self, name: str, room: str = "blue", **fields: object) -> Page:
        """Let a page ask to be let in, without waiting for an answer."""
        page = self.connect()
        page.send("join", **{"ref": "j", "room": room, "name": name, "microphone": True, "camera": True, **fields})
        return page

    async def join(self, name: str, room: str = "blue", **fields: object) -> Page:
        """Bring a page into a room."""
        page = self.knock(name, room, **fields)
        await page.next("joined")
        return page

    def come_back(self, page: Page, room: str = "blue", **fields: object) -> Page:
        """Let a page ask on another socket to be who it was, without waiting for an answer."""
        again = self.connect(page.successor())
        seq, token = again.view.seq, again.token
        said = {"ref": "r", "room": room, "token": token, "seq": seq, "microphone": True, "camera": True}
        again.send("resume", **{**said, **fields})
        return again

    async def resume(self, page: Page, room: str = "blue", **fields: object) -> Page:
        """Bring a page back on another socket, with no more than what it missed."""
        again = self.come_back(page, room, **fields)
        await again.next("resumed")
        return again

    def live(self, page: Page) -> Page:
        """Have a page read, and answer pings, from now on."""
        page._news = trio.Event()  # nobody else reads from now on
        self.nursery.start_soon(page.live, name="page")
        return page

    @property
    def room(self) -> Room:
        room = self.directory.find("blue")
        assert room is not None
        return room

    async def _serve(self, page: Page) -> None:
        """Be what a socket's task is to those who are not in a room yet: the boundary of a bug, and the end."""
        try:
            await greet(page.session, self.directory)
        except Exception:  # noqa: BLE001
            page.session.close(close_codes.BUG, "Something went wrong on the server.", reason="failed")
        except trio.Cancelled:
            page.session.ended("connection_lost")
            raise


@asynccontextmanager
async def open_house(
    limits: Limits | None = None, ice_servers: IceServers | None = None, quality: Pipeline | None = None
) -> AsyncGenerator[House, None]:
    limits = limits or Limits()
    media = FakeMedia()
    ids: Callable[[], str] = map("p{}".format, itertools.count(1)).__next__
    tokens: Callable[[], str] = map("t{}".format, itertools.count(1)).__next__
    directory = Directory(
        media=media,
        limits=limits,
        clock=trio.current_time,
        new_id=ids,
        new_token=tokens,
        ice_servers=ice_servers,
        quality=quality,
    )
    async with trio.open_nursery() as nursery:
        if quality is not None:
            await nursery.start(quality.run, name="quality")
        await nursery.start(directory.run, name="rooms")
        yield House(directory, media, limits, nursery)
        nursery.cancel_scope.cancel()
