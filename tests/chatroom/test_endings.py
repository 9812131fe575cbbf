"""What is ended from outside: a stay, a room, a server. And what the others, the page and its token are told of it."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from chatroom.limits import Limits
from chatroom.testing import Page
from nurseries.testing import deterministic, try_schedules
from tests.chatroom.house import House, open_house


def closed(page: Page) -> tuple[int, str]:
    assert page.session.closing is not None
    return page.session.closing.code, page.session.closing.reason


async def refusal(house: House, page: Page) -> str:
    return str((await house.come_back(page).next("error"))["code"])


async def test_whoever_is_removed_is_told_and_cannot_come_back_as_the_same(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        assert not house.room.kick("nobody")
        assert house.room.kick(bob.me, "Out with you.")
        left = await ada.next("participant_left")
        assert (left["id"], left["reason"], closed(bob)) == (bob.me, "kicked", (4004, "kicked"))
        assert await refusal(house, bob) == "removed"
        assert not house.room.kick(bob.me)
        again = await house.join("Bob")
        assert again.view.people[again.me]["epoch"] == 3


async def test_the_first_reason_is_the_one_that_is_told(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        assert house.room.kick(bob.me)
        house.room.end_all("server_stopping", 1001, "Closing time.")
        bob.session.ended("tab_closed")
        await trio.testing.wait_all_tasks_blocked()
        assert closed(ada) == (1001, "server_stopping")
        assert {record.name: record.reason for record in house.room.state.log} == {
            "Ada": "server_stopping",
            "Bob": "kicked",
        }


async def test_whoever_is_removed_while_their_socket_is_lost_is_gone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        bob.session.ended("connection_lost")
        await trio.sleep(3)
        assert house.room.kick(bob.me)
        assert await refusal(house, bob) == "removed"  # decided, and perhaps not said yet
        assert (await ada.next("participant_left"))["reason"] == "kicked"
        assert await refusal(house, bob) == "removed"


async def test_a_room_that_fails_says_so_to_those_who_are_there(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail = trio.Event()

    async def fails(*_: object, **__: object) -> None:
        await fail.wait()
        raise RuntimeError("a bug")

    async with open_house() as house:
        with monkeypatch.context() as patched:
            patched.setattr("chatroom.room.AsyncValue.wait_value", fails)
            ada = await house.join("Ada")
        room = house.room
        fail.set()
        await trio.testing.wait_all_tasks_blocked()
        assert [record.reason for record in room.state.log] == ["failed"]
        assert closed(ada) == (1011, "failed")
        assert house.directory.find("blue") is None
        assert (await house.join("Bob")).me


async def test_a_room_that_is_closed_ends_for_everyone_and_the_next_opens_another(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        bob.session.ended("connection_lost")
        await trio.testing.wait_all_tasks_blocked()
        ada.send("chat", text="forget this")
        await ada.next("chat")
        old = house.room
        old.close("Good night.")
        assert closed(ada) == (4006, "room_closed")
        eve = await house.join("Eve")
        assert house.room is not old
        assert (eve.view.messages, [p["epoch"] for p in eve.view.people.values()]) == ([], [3])
        log = house.directory.log("blue")
        assert log is not None
        assert {record.name: record.reason for record in log} == {
            "Ada": "room_closed",
            "Bob": "room_closed",
            "Eve": None,
        }
        for page in (ada, bob):
            assert await refusal(house, page) == "unknown_token"
        await trio.sleep(200)
        assert house.directory.statistics().rooms == 0


async def test_nobody_waits_for_the_worker_to_open_the_room_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.join("Ada")
        house.media.leave_takes = 4
        old = house.room
        old.close()
        began = trio.current_time()
        with trio.fail_after(1):
            eve = await house.join("Eve")
        assert trio.current_time() == began
        assert [person["name"] for person in eve.view.people.values()] == ["Eve"]
        await trio.sleep(5)
        assert house.media.detached == [1]
        assert house.directory.statistics().rooms == 1


def test_whoever_is_at_the_door_of_a_room_that_is_closed_comes_into_another() -> None:
    """At no step between the knock and the snapshot is there an answer of the room that was closed."""

    async def scenario(steps: int) -> None:
        async with open_house() as house:
            await house.join("Ada")
            bob = house.knock("Bob")
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            house.room.close()
            await trio.testing.wait_all_tasks_blocked()
            joined = await bob.next("joined")
            assert bob.session.closing is None or closed(bob) == (4006, "room_closed")
            if bob.session.closing is None:
                assert [person["name"] for person in joined["participants"]] == ["Bob"]
                assert house.room.state.log.present == (2,)

    for seed in range(5):
        for steps in range(12):
            with deterministic(seed):
                trio.run(scenario, steps, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_room_is_opened_again_when_all_have_left_and_not_before() -> None:
    """Both rooms have one log: who is still in it must not be looked for in the new one."""

    async def scenario() -> None:
        async with open_house() as house:
            await house.join("Ada")
            house.room.close()
            eve = await house.join("Eve")
            assert [person["name"] for person in eve.view.people.values()] == ["Eve"]

    assert try_schedules(scenario, range(200), postpone=0.5) == 200


def test_a_room_whose_time_is_up_takes_in_whoever_came_in_that_moment() -> None:
    """Trio promises nobody a turn before others have made some steps: the room may be late to see that it is over."""

    async def scenario() -> None:
        async with open_house(Limits(room_linger=5)) as house:
            (await house.join("Ada")).send("leave")
            await trio.sleep(5)
            bob = house.knock("Bob")
            await trio.sleep(1)
            await bob.next("joined")
            await house.join("Eve")
            assert house.directory.statistics().participants == 2
            assert house.room.state.log.present == (2, 3)

    assert try_schedules(scenario, range(300), postpone=0.5) == 300


def test_whoever_closes_a_tab_is_not_resumed_by_another_only_to_be_sent_away() -> None:
    """The stay goes on with the other socket, or has ended with ``tab_closed``, in whatever order tasks run."""
    ends = set()

    async def scenario() -> None:
        async with open_house() as house:
            ada, bob = await house.join("Ada"), await house.join("Bob")
            again = house.come_back(bob)
            bob.session.ended("tab_closed")
            await trio.testing.wait_all_tasks_blocked()
            await ada.all()
            answers = [event["type"] for event in await again.all()]
            ends.add((tuple(answers), tuple(ada.view.went)))
            assert again.session.closing is None

    try_schedules(scenario, range(300), postpone=0.5)
    assert ends == {(("resumed",), ()), (("error",), (("p2", "tab_closed"),))}


async def test_a_server_that_stops_lets_in_nobody_new_and_keeps_whom_it_has(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = house.live(await house.join("Ada"))
        enough = trio.Event()
        began = trio.current_time()
        stranger = house.knock("Eve", room="red")
        await stranger.next("joined")
        stranger.send("leave")
        await house.directory.emptied("Closing time.", within=5, unless=enough)
        assert trio.current_time() - began == 5
        refused = house.knock("Bob", room="green")
        assert (await refused.next("error"))["code"] == "server_stopping"
        ada.session.ended("connection_lost")
        ada = house.live(await house.resume(ada))  # those who are there may come back
        enough.set()
        await house.directory.emptied("Closing time.", within=5, unless=enough)
        assert trio.current_time() - began == 5
        await house.directory.drain("Closing time.")
        assert closed(ada) == (1001, "server_stopping")
        again = house.come_back(ada)
        assert (await again.next("error"))["code"] == "unknown_token"
        again.send("join", room="blue", name="Ada", microphone=True, camera=True)
        assert (await again.next("error"))["code"] == "server_stopping"


async def test_a_room_that_fills_while_another_empties_is_not_empty(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), house.live(await house.join("Bob", room="red"))
        began = trio.current_time()

        async def movements() -> None:
            await trio.sleep(1)
            ada.send("leave")
            await trio.sleep(1)
            eve = house.live(await house.join("Eve"))
            await trio.sleep(1)
            bob.send("leave")
            await trio.sleep(1)
            eve.send("leave")

        house.nursery.start_soon(movements)
        await house.directory.emptied("Closing time.", within=60, unless=trio.Event())
        assert trio.current_time() - began == 4


async def test_a_log_goes_on_when_its_room_is_opened_again(autojump_clock: MockClock) -> None:
    async with open_house(Limits(rooms=2, log_records=3)) as house:
        for number in range(5):
            (await house.join(f"P{number}")).send("leave")
            await trio.sleep(house.limits.room_linger + 1)
            assert house.directory.find("blue") is None
        log = house.directory.log("blue")
        assert log is not None
        assert [(record.name, record.epoch) for record in log] == [("P2", 3), ("P3", 4), ("P4", 5)]
        statistics = log.statistics()
        assert (statistics.joined, statistics.left, statistics.present, statistics.forgotten) == (5, 5, 0, 2)
        # Logs of rooms that are gone are kept while there is space, the last ones longest.
        for room in ("red", "green"):
            await house.join("Bob", room=room)
        assert house.directory.log("blue") is None
        assert house.directory.log("red") is not None
