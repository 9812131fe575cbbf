"""Hundreds come and go, in every way there is, and nothing of them is left: no task, no descriptor, no transport."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
import trio

from chatroom.limits import Limits
from media.bridge import Bridge
from media.messages import WorkerStatistics
from tests.web import page
from tests.web.offer import OFFER, TRACKS
from tests.web.served import PATIENCE, Served, eventually, serving_app, tasks
from web.app import create_app
from web.settings import Settings

pytestmark = pytest.mark.process

VISITS = 500
AT_ONCE = 20
ENDINGS = ("close", "leave", "finish", "reset")


async def visit(server: Served, number: int) -> None:
    """Come, perhaps publish, perhaps talk, and go in one of the ways."""
    async with page.page(server.port, f"Guest {number}", room=f"room-{number % 50}") as guest:
        if number % 5 == 0:
            await guest.send("publish", ref="p", sdp=OFFER, tracks=TRACKS)
            if number % 2:
                assert (await guest.next("published"))["sdp"].startswith("v=0")
        if number % 3 == 0:
            await guest.echo(f"I am {number}")
        match ENDINGS[number % 4]:
            case "close":
                await guest.close()
            case "leave":
                await guest.send("leave")
                assert await guest.closed() == 1000
            case "finish":
                await guest.finish()
            case "reset":
                await guest.reset()


@attrs.frozen
class Count:
    """What lives in this process, which is the server's, and in its worker."""

    tasks: int
    descriptors: int
    worker_descriptors: int
    routers: int
    participants: int
    transports: int
    producers: int
    consumers: int


def bridge(server: Served) -> Bridge:
    media = server.node.media
    assert isinstance(media, Bridge)
    return media


def count(server: Served, worker: WorkerStatistics) -> Count:
    (pid,) = bridge(server).statistics().pids
    return Count(
        tasks(),
        len(list(Path("/proc/self/fd").iterdir())),
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        worker.routers,
        worker.participants,
        worker.transports,
        worker.producers,
        worker.consumers,
    )


async def test_nothing_is_left_of_those_who_came_and_went() -> None:
    # Who is gone without a word is not kept for long: that is not what is looked at here.
    limits = Limits(room_linger=0.05, ping_after=1.0, reconnecting_after=2.0, left_after=3.0)
    settings = Settings(
        port=0, media_port=0, media_address=("127.0.0.1",), media_workers=1, media_spare=False, limits=limits
    )
    async with serving_app(create_app(settings), settings) as server:
        await visit(server, 0)  # what is made once is made
        await settle(server)
        before = count(server, await bridge(server).worker_statistics())
        pids = bridge(server).statistics().pids

        numbers = iter(range(VISITS))
        most = 0

        async def visitor() -> None:
            nonlocal most
            for number in numbers:
                await visit(server, number)
                if number % 50 == 5:
                    most = max(most, (await bridge(server).worker_statistics()).transports)

        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(visitor)
        assert most > 0  # there was something to leave behind

        await settle(server)
        assert server.node.statistics().rooms.admissions == VISITS + 1
        with trio.move_on_after(PATIENCE):
            while count(server, await bridge(server).worker_statistics()) != before:  # noqa: ASYNC110 - it does not tell
                await trio.sleep(0.05)
        assert count(server, await bridge(server).worker_statistics()) == before
        statistics = bridge(server).statistics()
        assert (statistics.pids, statistics.restarts, statistics.sessions, statistics.pending) == (pids, 0, 0, 0)


async def settle(server: Served) -> None:
    """Wait until nobody is there, and the rooms have gone."""
    await eventually(lambda: server.node.statistics().sockets == server.node.statistics().rooms.rooms == 0)
