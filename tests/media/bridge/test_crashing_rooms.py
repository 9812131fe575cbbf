"""Real workers that a room makes crash, on the real clock; nothing here waits for time to pass but for things."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio

from chatroom.media import MediaEvent, MediaLost, MediaUnavailable
from media.bridge import Bridge, Deadlines, MediaSettings
from media.bridge.session import Session
from tests.web.served import PATIENCE, eventually

pytestmark = pytest.mark.process

CRASHING = [sys.executable, "-m", "tests.media.bridge.crashing_worker"]
#: What a worker takes to be ready on a machine that is busy with others.
TOGETHER = Deadlines(start=60.0, company=PATIENCE, stop=0.2)


@asynccontextmanager
async def running(*, workers: int, spare: bool) -> AsyncGenerator[Bridge, None]:
    settings = MediaSettings(port=0, addresses=("127.0.0.1",), workers=workers, spare=spare)
    async with trio.open_nursery() as nursery:
        bridge = Bridge(settings, CRASHING, deadlines=TOGETHER)
        await nursery.start(bridge.run)
        await eventually(lambda: bridge.statistics().ready == settings.local)
        yield bridge
        nursery.cancel_scope.cancel()


def suspects(bridge: Bridge) -> dict[str, str]:
    return {each.room: each.standing for each in bridge.statistics().suspects}


def losses(told: list[MediaEvent]) -> int:
    return sum(isinstance(event, MediaLost) for event in told)


async def publish_until_refused(bridge: Bridge, session: Session, offer: str) -> None:
    """Be a page that comes back each time, and brings the worker down each time: it starts three times, and dies."""
    with trio.fail_after(6 * PATIENCE):
        while suspects(bridge).get("bad") != "refused":
            try:
                await session.publish(offer, {})
            except MediaUnavailable:
                await trio.sleep(0.01)


@pytest.mark.parametrize("how", ["crash", "hang"])
async def test_a_room_that_crashes_workers_takes_its_neighbours_down_once(how: str) -> None:
    good: list[MediaEvent] = []
    bad: list[MediaEvent] = []
    async with (
        running(workers=1, spare=True) as bridge,
        bridge.attach("good", "g1", 1, good.append),
        bridge.attach("bad", "b1", 2, bad.append) as session,
    ):
        await publish_until_refused(bridge, session, how)
        assert losses(bad) == 3
        assert losses(good) == 1
        assert suspects(bridge) == {"bad": "refused"}
        (told,) = (event for event in bad[-1:] if isinstance(event, MediaLost))
        assert told.refused_for == 15.0
        await eventually(lambda: bridge.statistics().ready == 2)
        assert [each.rooms for each in bridge.statistics().members if each.rooms] == [1]


async def test_with_one_worker_it_is_refused_and_the_others_go_on() -> None:
    good: list[MediaEvent] = []
    async with (
        running(workers=1, spare=False) as bridge,
        bridge.attach("good", "g1", 1, good.append),
        bridge.attach("bad", "b1", 2, lambda event: None) as session,
    ):
        await publish_until_refused(bridge, session, "crash")
        await eventually(lambda: bridge.statistics().ready == 1)
        assert losses(good) <= 2
        assert bridge.statistics().members[0].rooms == 1
        assert bridge.available


async def test_a_worker_that_is_killed_while_it_is_at_nobodys_accuses_nobody_in_particular() -> None:
    told: list[MediaEvent] = []
    async with (
        running(workers=1, spare=True) as bridge,
        bridge.attach("good", "g1", 1, told.append) as session,
        bridge.attach("also", "a1", 2, lambda event: None),
    ):
        await session.publish("idle", {})
        await eventually(lambda: losses(told) == 1)
        assert suspects(bridge) == {}
