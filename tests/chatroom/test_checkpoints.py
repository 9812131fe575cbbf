"""Whatever ends a stay, wherever: one `joined`, one `left`, an empty room, nobody left waiting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
import trio.testing

from chatroom.frame import Frame
from chatroom.limits import Limits
from nurseries.testing import cancel_at_every_checkpoint, deterministic, fail_at_every_checkpoint
from tests.chatroom.house import House, open_house


async def _life(house: House) -> None:
    """One of two goes through all that a stay has."""
    ada = await house.join("Ada")
    bob = house.connect()
    bob.send("join", room="blue", name="Bob", microphone=True, camera=True)
    await trio.testing.wait_all_tasks_blocked()
    for command in (
        {"type": "chat", "text": "hi"},
        {"type": "publish", "sdp": "v=0", "tracks": {"0": "camera"}},
        {"type": "update", "camera": False},
        {"type": "answer", "offer": 1, "sdp": "v=0"},
        {"type": "chat", "text": "bye"},
    ):
        bob.send(**command)
        await trio.sleep(1)
    house.media.lose()
    house.media.restore()
    await trio.sleep(house.limits.ping_after + 1)
    bob.session.ended("tab_closed")
    await trio.testing.wait_all_tasks_blocked()

    room = house.room
    stays = [record for record in room.state.log if record.name == "Bob"]
    assert all(record.left_at is not None for record in stays)
    said = [(await ada.next(event))["seq"] for _ in stays for event in ("participant_joined", "participant_left")]
    assert len(said) == len(set(said)) == 2 * len(stays)
    assert [p.name for p in room.state.snapshot().participants] == ["Ada"]
    assert len(room.state.log) == 1
    assert list(house.media.attached) == [1]
    assert sorted(house.media.detached) == [r.epoch for r in stays if r.epoch in house.media.detached]
    assert not bob.session.post(Frame("late"))
    ada.send("leave")
    await trio.sleep(house.limits.room_linger + 1)
    assert house.directory.find("blue") is None
    assert house.media.attached == {}


async def _scenario() -> None:
    async with open_house() as house:
        await _life(house)


@pytest.mark.parametrize("victim", ["*/participant:p2", "*/participant:p2/legs"])
@pytest.mark.parametrize("explore", [cancel_at_every_checkpoint, fail_at_every_checkpoint])
@pytest.mark.parametrize("seed", range(3))
def test_a_stay_that_ends_anywhere_is_told_once(explore: Callable[..., int], victim: str, seed: int) -> None:
    assert explore(_scenario, victim=victim, seed=seed) >= 3


def test_a_page_that_goes_at_the_door_was_there_and_left_by_itself_or_was_never_there() -> None:
    async def scenario() -> None:
        async with open_house() as house:
            await house.join("Ada")
            bob = house.connect()
            bob.send("join", room="blue", name="Bob", microphone=True, camera=True)
            await trio.testing.wait_all_tasks_blocked()
            bob.session.ended("tab_closed")
            await trio.testing.wait_all_tasks_blocked()
            assert {r.reason for r in house.room.state.log if r.name == "Bob"} <= {"tab_closed"}
            assert list(house.media.attached) == [1]

    assert cancel_at_every_checkpoint(scenario, victim="greet:2") >= 3


def test_whoever_comes_while_the_house_is_drained_is_told_and_delays_nothing() -> None:
    """A join at the door when the draining begins: it gets in and is sent away like the others, or does not get in."""

    async def scenario(steps: int) -> None:
        async with open_house() as house:
            page = house.connect()
            page.send("join", room="blue", name="Ada", microphone=True, camera=True)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            with trio.fail_after(1):
                await house.directory.drain("Closing time.")
            await trio.testing.wait_all_tasks_blocked()
            assert house.directory.statistics().participants == 0
            told = {event["type"] for event in await page.all()}
            assert page.session.closing is not None or "error" in told

    for seed in range(5):
        for steps in range(20):
            with deterministic(seed):
                trio.run(scenario, steps, clock=trio.testing.MockClock(autojump_threshold=0))


def test_two_who_want_the_last_place_for_a_room_do_not_take_it_from_each_other() -> None:
    async def scenario() -> None:
        async with open_house(Limits(rooms=1)) as house:
            pages = [house.connect(), house.connect()]
            for page, room in zip(pages, ("one", "two"), strict=True):
                page.send("join", room=room, name="Ada", microphone=True, camera=True)
            with trio.fail_after(1):
                await trio.testing.wait_all_tasks_blocked()
            told = [event["type"] for page in pages for event in await page.all()]
            assert sorted(told) == ["error", "joined"]
            assert house.directory.statistics().admissions == 1

    for seed in range(100):
        with deterministic(seed):
            trio.run(scenario, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_page_that_gives_up_at_the_door_leaves_nothing() -> None:
    async def scenario() -> None:
        async with open_house() as house:
            page = house.connect()
            page.send("join", room="blue", name="Ada", microphone=True, camera=True)
            await trio.testing.wait_all_tasks_blocked()
            page.session.ended("connection_lost")
            await trio.sleep(house.limits.left_after + 1)
            assert house.directory.statistics().participants == 0
            assert house.media.attached == {}
            await house.join("Bob")  # whatever became of the room, there is one
            assert house.directory.statistics().participants == 1

    assert cancel_at_every_checkpoint(scenario, victim="greet:1") >= 3
