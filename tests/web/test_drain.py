"""A server that is to stop and lets people end what they are at."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from chatroom.testing import FakeMedia
from tests.web.page import page
from tests.web.served import PATIENCE, Served, serving_app
from web.app import create_app
from web.settings import Settings


@asynccontextmanager
async def draining(wait: float) -> AsyncGenerator[Served, None]:
    settings = Settings(port=0, drain_wait=wait, back_in=2.5)
    async with serving_app(create_app(settings, FakeMedia()), settings) as server:
        yield server


async def test_people_are_told_how_long_they_may_stay_and_the_last_to_leave_ends_it() -> None:
    async with draining(600) as server, page(server.port, "Ada") as ada, page(server.port, "Bob") as bob:
        server.stop.set()
        for one in (ada, bob):
            stopping = await one.next("server_stopping")
            assert 590 < stopping["stops_in"] <= 600
            assert stopping["back_in"] == 2.5
        async with page(server.port) as eve:  # who comes now is told, and let in where others are
            assert (await eve.next("server_stopping"))["stops_in"] > 0
            await eve.send("join", room="new", name="Eve", microphone=True, camera=True)
            assert (await eve.next("error"))["code"] == "server_stopping"
            await eve.join("Eve")
            await eve.close()
        await bob.echo("going on")
        await ada.close()
        await bob.next("participant_left")
        assert not server.ended.is_set()
        await bob.send("leave")
        with trio.fail_after(PATIENCE):
            await server.ended.wait()


async def test_whoever_is_still_there_when_time_is_up_is_sent_away() -> None:
    async with draining(0.3) as server, page(server.port, "Ada") as ada:
        server.stop.set()
        assert (await ada.next("server_stopping"))["stops_in"] > 0
        assert (await ada.next("server_stopping"))["stops_in"] == 0
        assert await ada.closed() == 1001
        with trio.fail_after(PATIENCE):
            await server.ended.wait()


async def test_the_wait_can_be_cut_short() -> None:
    async with draining(600) as server, page(server.port, "Ada") as ada:
        assert not server.node.hurry()
        server.stop.set()
        await ada.next("server_stopping")
        assert server.node.hurry()
        assert await ada.closed() == 1001
        with trio.fail_after(PATIENCE):
            await server.ended.wait()
