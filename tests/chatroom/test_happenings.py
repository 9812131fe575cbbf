"""What a directory tells of rooms and stays to whoever watches."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from chatroom.happenings import Happening, RoomEnded, RoomStarted, StayBegan, StayEnded
from chatroom.limits import Limits
from tests.chatroom.house import House, open_house


def names(told: list[Happening]) -> list[str]:
    return [type(happening).__name__ for happening in told]


async def test_a_room_begins_before_the_first_stay_and_ends_after_the_last(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        told: list[Happening] = []
        with house.directory.watch(told.append):
            ada = house.live(await house.join("Ada"))
            bob = await house.join("Bob")
            bob.send("leave")
            await ada.next("participant_left")
            ada.send("leave")
            await trio.sleep(house.limits.room_linger + 1)
        assert names(told) == ["RoomStarted", "StayBegan", "StayBegan", "StayEnded", "StayEnded", "RoomEnded"]
        began, ended = told[1], told[4]
        assert isinstance(began, StayBegan)
        assert isinstance(ended, StayEnded)
        assert (began.room, began.participant, began.epoch, began.name) == ("blue", ada.me, 1, "Ada")
        assert ended.participant == ada.me
        assert (ended.epoch, ended.reason, ended.joined_at) == (1, "left", began.at)
        assert isinstance(told[0], RoomStarted)
        assert isinstance(told[-1], RoomEnded)
        assert told[-1].started_at == told[0].at
        assert house.directory.statistics().left == {"left": 2}


async def test_a_room_that_nobody_was_let_into_never_was(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        told: list[Happening] = []
        with house.directory.watch(told.append):
            page = house.knock("Ada", screens=[1, 2, 3])
            await page.next("error")
            await trio.sleep(house.limits.room_linger + 1)
        assert told == []


async def test_after_a_room_that_was_closed_comes_another_and_they_do_not_overlap(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        told: list[Happening] = []
        house.media.leave_takes = 1.0
        with house.directory.watch(told.append):
            await house.join("Ada")
            house.room.close()
            await house.join("Bob")
        assert names(told)[:5] == ["RoomStarted", "StayBegan", "StayEnded", "RoomEnded", "RoomStarted"]


async def test_the_end_of_everything_is_told_in_full(autojump_clock: MockClock) -> None:
    told: list[Happening] = []
    limits = Limits()
    async with open_house(limits=limits) as house:
        await _fill(house)
        with house.directory.watch(told.append):
            await house.directory.drain("bye")
            assert names(told) == ["StayEnded"] * 3
            assert house.directory.statistics().left == {"server_stopping": 3}
            await trio.sleep(limits.room_linger + 1)
        assert names(told[3:]) == ["RoomEnded"] * 2


async def _fill(house: House) -> None:
    await house.join("Ada")
    await house.join("Bob")
    await house.join("Eve", "red")
