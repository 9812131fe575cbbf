"""A server that stood still for a while takes nobody for lost whose words wait in its buffers."""

from __future__ import annotations

import trio
import trio.testing
from trio.testing import MockClock

from tests.chatroom.house import open_house


async def pass_time(clock: MockClock, seconds: int) -> None:
    for _ in range(2 * seconds):
        clock.jump(0.5)
        await trio.testing.wait_all_tasks_blocked()


async def test_a_server_that_stood_still_listens_before_it_judges(mock_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(60)  # as a process that was stopped sees it
        await trio.testing.wait_all_tasks_blocked()
        assert house.room.statistics().log.present == 2
        for page in (ada, bob):  # what was in the buffers
            page.send("pong", n=1)
        await trio.testing.wait_all_tasks_blocked()
        assert not [e for e in await ada.all() if e["type"] in {"participant_left", "participant_updated"}]

        mock_clock.jump(2.5)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(2.5)
        await trio.testing.wait_all_tasks_blocked()
        ada.send("pong")
        await trio.testing.wait_all_tasks_blocked()
        # Nor does it forget that somebody has to be there.
        for _ in range(20):
            mock_clock.jump(0.9)
            ada.send("pong")
            await trio.testing.wait_all_tasks_blocked()
        assert (await ada.next("participant_left"))["name"] == "Bob"


async def test_whoever_is_heard_of_late_by_a_server_that_stood_still_does_not_stay_for_ever(
    mock_clock: MockClock,
) -> None:
    async with open_house() as house:
        await house.join("Ada")
        await pass_time(mock_clock, 8)
        [ada] = house.room.attendances()
        assert ada.lease == "reconnecting"
        mock_clock.jump(30)
        house.media.hear(ada.epoch, age=37.5)  # before anything sees that the time for looking has passed
        await trio.testing.wait_all_tasks_blocked()
        assert [each.lease for each in house.room.attendances()] == ["reconnecting"]
        await pass_time(mock_clock, 12)
        assert house.room.attendances() == []


async def test_a_server_that_is_slow_all_the_time_still_misses_who_is_gone(mock_clock: MockClock) -> None:
    async with open_house() as house:
        ada, _ = await house.join("Ada"), await house.join("Bob")
        for _ in range(10):
            mock_clock.jump(3.5)  # each look is more than a second late
            ada.send("pong")
            await trio.testing.wait_all_tasks_blocked()
        assert [(each.id, each.lease) for each in house.room.attendances()] == [(ada.me, "present")]


async def test_people_are_let_in_by_a_server_that_is_busy_with_others(mock_clock: MockClock) -> None:
    async with open_house() as house:
        await house.join("Ada")

        def slow() -> float:
            mock_clock.jump(0.5)
            return 0.0

        house.room._clock = slow  # each who comes takes half a second
        here = [house.knock(f"Bob {number}") for number in range(20)]
        there = [house.knock(f"Cyd {number}", room="green") for number in range(5)]
        await trio.testing.wait_all_tasks_blocked()
        for page in (*here, *there):
            assert await page.next("joined")
