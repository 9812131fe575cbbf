"""Whoever loses a socket comes back on another and is who they were, in virtual time and without network."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from chatroom import close_codes
from chatroom.limits import Limits
from chatroom.testing import Page
from nurseries.testing import try_schedules
from tests.chatroom.house import House, open_house


async def told(page: Page, *types: str) -> list[dict[str, Any]]:
    """What came of these types and was not taken, once nobody has more to do."""
    await trio.testing.wait_all_tasks_blocked()
    return [event for event in await page.all() if event["type"] in types]


async def refused(house: House, page: Page, room: str = "blue", **fields: object) -> str:
    again = house.come_back(page, room, **fields)
    return str((await again.next("error"))["code"])


async def away(page: Page, seconds: float) -> None:
    page.session.ended("connection_lost")
    await trio.sleep(seconds)


async def test_a_short_absence_is_told_to_nobody(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        await away(bob, 0.5)
        ada.send("chat", text="did you hear me?")
        again = await house.resume(bob)
        assert (await again.next("chat"))["message"]["text"] == "did you hear me?"
        assert await told(ada, "participant_updated", "participant_left") == []
        assert (again.me, house.room.state.log.present) == (bob.me, (1, 2))
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        again.send("chat", text="I did")
        assert (await ada.next("chat"))["message"]["participant"] == ada.me
        assert (await ada.next("chat"))["message"]["participant"] == bob.me
        assert trio.current_time() == began, "whoever is back is heard at once"


async def test_a_longer_absence_is_told_and_so_is_the_return(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        began = trio.current_time()
        bob.session.ended("connection_lost")
        assert (await ada.next("participant_updated"))["participant"]["connection"] == "reconnecting"
        assert trio.current_time() - began == 0.75
        again = await house.resume(bob)
        assert (await ada.next("participant_updated"))["participant"]["connection"] == "present"
        assert await told(ada, "participant_left") == []
        await told(again)
        assert again.view.people == ada.view.people


async def test_whoever_does_not_come_back_has_left_and_their_token_is_worth_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        began = trio.current_time()
        bob.session.ended("connection_lost")
        left = await ada.next("participant_left")
        assert (left["id"], left["reason"], trio.current_time() - began) == (bob.me, "connection_lost", 11.5)
        assert await refused(house, bob) == "unknown_token"
        assert house.media.detached == [2]
        again = house.come_back(bob)
        await again.next("error")
        again.send("join", room="blue", name="Bob", microphone=True, camera=True)
        assert (await again.next("joined"))["participants"][1]["epoch"] == 3


KEY = "k" * 16
NEWS = ("participant_joined", "participant_updated", "participant_left")


async def test_a_join_that_was_not_answered_is_said_again_and_is_the_same(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = house.live(await house.join("Ada"))
        bob = await house.join("Bob", key=KEY)
        bob.session.ended("connection_lost")
        again = house.live(await house.join("Bob", key=KEY, camera=False))
        assert (again.me, again.token) == (bob.me, bob.token)
        await trio.sleep(20)
        events = await told(ada, *NEWS)
        assert [event["type"] for event in events] == ["participant_joined", "participant_updated"]
        assert events[-1]["participant"]["camera"] is False
        assert house.directory.statistics().admissions == 2
        assert (await house.join("Bob", key=KEY, room="red")).me != bob.me


async def test_who_is_still_connected_gives_way_to_the_same_join(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob", key=KEY)
        again = await house.join("Bob", key=KEY)
        assert again.me == bob.me
        assert bob.session.closing is not None
        assert bob.session.closing.code == close_codes.REPLACED


async def test_the_key_of_a_stay_that_is_over_opens_another(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = house.live(await house.join("Ada"))
        bob = await house.join("Bob", key=KEY)
        bob.send("leave")
        await trio.testing.wait_all_tasks_blocked()
        again = await house.join("Bob", key=KEY)
        assert again.me != bob.me
        assert [event["type"] for event in await told(ada, *NEWS)] == [NEWS[0], NEWS[2], NEWS[0]]
        assert house.room._keys.keys() == {KEY}
        again.send("leave")
        await trio.testing.wait_all_tasks_blocked()
        assert not house.room._keys


async def test_whoever_comes_back_to_a_room_without_a_worker_is_told_for_how_long(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        house.media.lose(refused_for=60.0)
        assert (await ada.next("media_lost"))["retry_after"] == 60.0
        ada.session.ended("connection_lost")
        await trio.sleep(5.25)
        again = house.come_back(ada)
        await again.next("resumed")
        lost = await again.next("media_lost")
        assert lost["retry_after"] == 54.8
        assert "55 seconds" in lost["message"]
        house.media.restore()
        await again.next("media_restored")
        again.session.ended("connection_lost")
        last = house.come_back(again)
        await last.next("resumed")
        assert await told(last, "media_lost") == []


@pytest.mark.parametrize("key", ["", "k" * 15, "k" * 65])
async def test_a_key_that_could_be_guessed_is_refused(autojump_clock: MockClock, key: str) -> None:
    async with open_house() as house:
        page = house.connect()
        page.send("join", ref="1", room="blue", name="Bob", microphone=True, camera=True, key=key)
        assert (await page.next("error"))["code"] == "invalid_command"


async def test_a_token_opens_its_own_stay_and_no_other(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob, eve = await house.join("Bob"), await house.join("Eve", room="red")
        assert await refused(house, eve, room="blue") == "unknown_token"
        assert await refused(house, bob, room="red") == "unknown_token"
        assert await refused(house, bob, room="nowhere") == "unknown_token"
        assert await refused(house, bob, room="../") == "invalid_room"
        assert await refused(house, bob, token="") == "unknown_token"
        bob.send("leave")
        await trio.testing.wait_all_tasks_blocked()
        assert (await house.join("Bob")).token != bob.token
        assert await refused(house, bob) == "unknown_token"
        assert house.directory.statistics().participants == 2


@pytest.mark.parametrize("seq", [0, -1, -(10**20), 3, 99, 10**20])
async def test_a_number_that_is_not_the_rooms_gets_a_snapshot(autojump_clock: MockClock, seq: int) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        again = house.come_back(bob, seq=seq)
        joined = await again.next("joined")
        assert (joined["you"], joined["token"], joined["seq"], joined["ref"]) == (bob.me, bob.token, 2, "r")
        ada.send("chat", text="hi")
        assert (await again.next("chat"))["seq"] == 3


async def test_a_command_without_its_fields_is_no_resume(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        for wrong in ({"seq": True}, {"seq": "1"}, {"seq": 1.0}, {"token": None}, {"camera": 1}):
            assert await refused(house, bob, **wrong) == "invalid_command"
        assert bob.session.closing is None


async def test_what_was_missed_is_told_while_it_is_kept(autojump_clock: MockClock) -> None:
    async with open_house(Limits(outbox_frames=8, command_burst=100)) as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        for missed, answer in ((4, "resumed"), (5, "joined"), (0, "resumed")):
            await away(bob, 0.1)
            for number in range(missed):
                ada.send("chat", text=str(number))
                await ada.next("chat")
            bob = house.come_back(bob)
            before = bob.view.seq
            assert (await bob.next(answer))["seq"] == before + missed
            assert len(await told(bob, "chat")) == (missed if answer == "resumed" else 0)
            assert bob.view.seq == ada.view.seq
            assert [message["text"] for message in bob.view.messages] == [m["text"] for m in ada.view.messages]


async def test_switches_are_as_the_page_says_when_it_comes_back(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        await away(bob, 2)
        again = await house.resume(bob, camera=False)
        states = [event["participant"] for event in await told(ada, "participant_updated")]
        assert [(state["camera"], state["connection"]) for state in states] == [
            (True, "reconnecting"),
            (False, "present"),
        ]
        await told(again)
        assert again.view.people == ada.view.people


async def test_a_second_tab_takes_over_and_the_first_is_heard_no_more(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        bob.send("chat", text="before")
        await trio.testing.wait_all_tasks_blocked()
        bob.send("chat", text="not any more")  # not taken in yet when the other resumes
        second = house.come_back(bob)
        await second.next("resumed")
        assert bob.session.closing is not None
        assert (bob.session.closing.code, bob.session.closing.lost) == (4003, False)
        bob.send("chat", text="late")
        bob.session.ended("tab_closed")
        second.send("chat", text="it is me")
        texts = [event["message"]["text"] for event in await told(ada, "chat")]
        assert texts in (["before", "it is me"], ["before", "not any more", "it is me"])
        assert await told(ada, "participant_left", "participant_updated") == []
        assert house.room.state.log.present == (1, 2)


def test_what_an_old_socket_said_as_it_was_replaced_is_not_answered_to_the_new_one() -> None:
    """The stay may have taken a command and not have had its turn when the other socket resumes."""
    heard = set()

    async def scenario() -> None:
        async with open_house() as house:
            bob = await house.join("Bob")
            again = house.come_back(bob)
            await trio.lowlevel.checkpoint()
            bob.send("chat", ref="old", text="still me?")
            again.send("ping", ref="new")
            answers = [event["ref"] for event in await told(again, "ok")]
            assert answers == ["new"]
            heard.add(len(again.view.messages))

    try_schedules(scenario, range(100), postpone=0.3)
    assert heard == {0, 1}


async def test_packets_that_are_told_late_are_no_sign_of_life(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        await away(bob, 2)
        house.media.hear(2, age=1.9)
        (lost,) = await told(ada, "participant_updated")
        assert lost["participant"]["connection"] == "reconnecting"
        house.media.hear(2, age=1.5)
        (_, back) = await told(ada, "participant_updated")
        assert back["participant"]["connection"] == "present"


async def test_the_last_of_many_sockets_speaks(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        tabs = [house.come_back(bob) for _ in range(5)]
        await trio.testing.wait_all_tasks_blocked()
        (speaks,) = (tab for tab in tabs if tab.session.closing is None)
        for tab in (bob, *tabs):
            tab.send("chat", text="1" if tab is speaks else "0")
        assert [event["message"]["text"] for event in await told(ada, "chat")] == ["1"]
        (statistics,) = (s for s in house.room.attendances() if s.id == bob.me)
        assert (statistics.sockets, statistics.lease) == (6, "present")


async def test_a_second_lost_socket_is_waited_for_as_the_first_was(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        for _ in range(3):
            await away(bob, 11)
            bob = await house.resume(bob)
        await away(bob, 11.25)
        assert await told(ada, "participant_left") == []
        await house.resume(bob)
        assert len(await told(ada, "participant_updated")) == 8


async def test_a_socket_that_resumes_and_is_lost_at_once_has_not_brought_anybody_back_for_good(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        await away(bob, 2)
        again = house.come_back(bob)
        again.session.ended("connection_lost")
        began = trio.current_time()
        assert (await ada.next("participant_left"))["reason"] == "connection_lost"
        assert trio.current_time() - began == house.limits.left_after


async def test_a_tab_that_is_closed_after_a_return_is_a_leave(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        await away(bob, 2)
        again = await house.resume(bob)
        again.session.ended("tab_closed")
        assert (await ada.next("participant_left"))["reason"] == "tab_closed"
        assert await refused(house, bob) == "unknown_token"


async def test_whoever_sends_only_what_is_refused_was_heard_until_the_last_of_it(autojump_clock: MockClock) -> None:
    """What is refused never reaches the stay, and its socket was heard all the same."""
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        await trio.sleep(1.5)
        bob.send("dance")
        bob.session.ended("connection_lost")
        await ada.next("participant_left")
        assert trio.current_time() == 1.5 + house.limits.left_after


async def test_a_silence_that_was_told_is_not_ended_by_the_loss_of_the_socket(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")
        await ada.next("participant_updated")
        bob.session.ended("connection_lost")
        await trio.sleep(2)
        assert await told(ada, "participant_updated") == []


async def test_what_one_socket_was_asked_is_not_answered_by_another(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        asked = await bob.next("ping")
        again = await house.resume(bob)
        await trio.sleep(1)
        again.send("pong", n=asked["n"])
        await trio.testing.wait_all_tasks_blocked()
        assert house.room.attendances()[0].rtt is None
        again.send("pong", n=(await again.next("ping"))["n"])
        await trio.testing.wait_all_tasks_blocked()
        assert house.room.attendances()[0].rtt == 0


async def test_media_keeps_someone_without_a_socket_for_a_while_and_not_for_ever(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = house.live(await house.join("Ada")), await house.join("Bob")

        async def flow() -> None:
            while 2 in house.media.attached:
                house.media.hear(2, age=0.1)
                await trio.sleep(0.5)

        house.nursery.start_soon(flow)
        await trio.sleep(10)
        began = trio.current_time()
        bob.session.ended("connection_lost")
        left = await ada.next("participant_left")
        assert (left["reason"], trio.current_time() - began) == ("connection_lost", house.limits.socketless)
        assert await told(ada, "participant_updated") == []


async def test_media_alone_keeps_a_page_that_says_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.join("Ada")
        for _ in range(100):
            await trio.sleep(1)
            house.media.hear(1, age=0.5)
        (present,) = house.room.state.snapshot().participants
        assert present.connection == "present"
        await trio.sleep(20)
        assert house.directory.statistics().participants == 0
