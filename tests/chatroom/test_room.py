"""Rooms and the people in them, in virtual time and without network."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from chatroom.limits import Limits
from chatroom.media import OfferMade, TrackInfo
from tests.chatroom.house import open_house


def names(participants: list[dict[str, Any]]) -> list[str]:
    return [participant["name"] for participant in participants]


async def test_the_first_makes_the_room_and_the_next_is_announced(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = house.connect()
        ada.send("join", ref="1", room="Blue", name=" Ada ", microphone=True, camera=False)
        joined = await ada.next("joined")
        assert (joined["ref"], joined["room"], joined["seq"], joined["protocol"]) == ("1", "blue", 1, 1)
        assert (joined["media"], joined["media_port"]) == (True, 10_000)
        (me,) = joined["participants"]
        assert me == {
            "id": joined["you"],
            "epoch": 1,
            "name": "Ada",
            "microphone": True,
            "camera": False,
            "joined_at": 0.0,
            "connection": "present",
            "screens": [],
        }

        bob = await house.join("Bob")
        event = await ada.next("participant_joined")
        assert (event["seq"], event["participant"]["name"], event["participant"]["id"]) == (2, "Bob", bob.me)
        assert bob.events == []


async def test_a_late_one_gets_the_people_and_the_chat_so_far(autojump_clock: MockClock) -> None:
    async with open_house(Limits(messages=2)) as house:
        ada = await house.join("Ada")
        for text in ("one", "two", "three"):
            ada.send("chat", text=text)
        ada.send("update", camera=False, ref="u")
        await ada.next("ok")
        bob = house.connect()
        bob.send("join", room="blue", name="Bob", microphone=False, camera=False)
        joined = await bob.next("joined")
        assert names(joined["participants"]) == ["Ada", "Bob"]
        assert [p["camera"] for p in joined["participants"]] == [False, False]
        assert [m["text"] for m in joined["messages"]] == ["two", "three"]
        ada.send("chat", text="four")
        said = await bob.next("chat")
        assert said["seq"] == joined["seq"] + 1
        assert said["message"]["name"] == "Ada"
        assert said["message"]["id"] == 4


async def test_everyone_is_told_what_is_muted_and_only_when_it_changes(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        ada.send("update", microphone=True, ref="same")
        ada.send("update", microphone=False, ref="off")
        await ada.next("ok")
        event = await bob.next("participant_updated")
        assert (event["participant"]["microphone"], event["participant"]["camera"]) == (False, True)
        assert event["seq"] == 3
        assert (await ada.next("participant_updated"))["seq"] == 3


async def test_a_tab_that_is_closed_is_a_leave_at_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        before = trio.current_time()
        bob.session.ended("tab_closed")
        left = await ada.next("participant_left")
        assert (left["id"], left["name"], left["reason"]) == (bob.me, "Bob", "tab_closed")
        assert trio.current_time() == before
        await trio.testing.wait_all_tasks_blocked()
        assert house.media.detached == [2]


async def test_a_leave_is_said_before_the_media_plane_is_waited_for(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        house.media.leave_takes = 5
        bob.session.ended("tab_closed")
        await ada.next("participant_left")
        assert trio.current_time() - house.began < 1
        await trio.sleep(6)
        assert house.media.detached == [2]


async def test_leaving_closes_the_socket_after_what_was_said(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        bob.send("chat", text="bye")
        bob.send("leave")
        assert (await ada.next("chat"))["message"]["text"] == "bye"
        assert (await ada.next("participant_left"))["reason"] == "left"
        await bob.next("chat")
        with pytest.raises(trio.EndOfChannel):
            await bob.next("nothing")
        assert bob.session.closing is not None
        assert bob.session.closing.code == 1000


async def test_what_is_said_before_joining_is_refused(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        page = house.connect()
        for command in ({"type": "chat", "text": "hi"}, {"type": "publish", "sdp": "v=0", "tracks": {}}):
            page.send(**command, ref="x")
            error = await page.next("error")
            assert (error["ref"], error["code"]) == ("x", "not_joined")
        page.send("pong")
        page.send("join", room="blue", name="Ada", microphone=True, camera=True)
        await page.next("joined")


async def test_a_second_join_is_refused(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        ada.send("join", ref="2", room="red", name="Ada", microphone=True, camera=True)
        assert (await ada.next("error"))["code"] == "already_joined"
        assert house.directory.statistics().participants == 1
        assert house.directory.find("red") is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": ""}, "invalid_name"),
        ({"name": "a\0"}, "invalid_name"),
        ({"room": "../etc/passwd"}, "invalid_room"),
        ({"room": ""}, "invalid_room"),
    ],
)
async def test_a_join_that_is_refused_can_be_tried_again(
    autojump_clock: MockClock, fields: dict[str, str], code: str
) -> None:
    async with open_house() as house:
        page = house.connect()
        page.send("join", **{"room": "blue", "name": "Ada", "microphone": True, "camera": True, **fields})
        assert (await page.next("error"))["code"] == code
        page.send("join", room="blue", name="Ada", microphone=True, camera=True)
        assert names((await page.next("joined"))["participants"]) == ["Ada"]
        assert house.room.statistics().log.joined == 1


async def test_a_full_room_and_a_full_house_say_so(autojump_clock: MockClock) -> None:
    async with open_house(Limits(participants=1, rooms=1)) as house:
        await house.join("Ada")
        for room, code in (("blue", "room_full"), ("red", "too_many_rooms")):
            page = house.connect()
            page.send("join", room=room, name="Bob", microphone=True, camera=True)
            assert (await page.next("error"))["code"] == code
        assert names([{"name": r.name} for r in house.room.state.log]) == ["Ada"]


async def test_nobody_waits_for_ever_at_the_door(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        page = house.connect()
        with pytest.raises(trio.EndOfChannel):
            await page.next("joined")
        assert page.session.closing is not None
        assert page.session.closing.code == 4000
        assert trio.current_time() == house.limits.join_timeout


async def test_a_silent_page_is_asked_and_then_given_up(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")

        async def answer() -> None:
            while True:
                await ada.next("ping")
                ada.send("pong")

        house.nursery.start_soon(answer)
        await bob.next("ping")
        assert trio.current_time() == house.limits.ping_after
        await trio.sleep(60)
        assert bob.session.closing is not None
        assert bob.session.closing.code == 4002
        (left,) = [e for e in ada.events if e["type"] == "participant_left"]
        assert (left["name"], left["reason"]) == ("Bob", "connection_lost")
        (record,) = [r for r in house.room.state.log if r.name == "Bob"]
        assert record.left_at == house.limits.left_after
        assert ada.session.closing is None


async def test_a_room_outlives_its_last_participant_for_a_while(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        ada.send("chat", text="remember")
        await ada.next("chat")
        ada.session.ended("tab_closed")
        await trio.sleep(house.limits.room_linger - 1)
        bob = house.connect()
        bob.send("join", room="blue", name="Bob", microphone=True, camera=True)
        joined = await bob.next("joined")
        assert [m["text"] for m in joined["messages"]] == ["remember"]
        assert joined["participants"][0]["epoch"] == 2
        bob.session.ended("tab_closed")
        await trio.sleep(house.limits.room_linger + 1)
        assert house.directory.find("blue") is None
        assert house.directory.statistics().rooms == 0
        eve = house.connect()
        eve.send("join", room="blue", name="Eve", microphone=True, camera=True)
        joined = await eve.next("joined")
        assert (joined["messages"], joined["participants"][0]["epoch"]) == ([], 3)


async def test_who_comes_as_the_room_ends_finds_a_room(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        (await house.join("Ada")).session.ended("left")
        await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(house.limits.room_linger)  # the very moment
        assert (await house.join("Bob")).me
        assert house.directory.statistics().participants == 1


async def test_many_come_at_once_into_one_new_room(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        pages = [house.connect() for _ in range(20)]
        for number, page in enumerate(pages):
            page.send("join", room="blue", name=f"P{number}", microphone=True, camera=True)
        for page in pages:
            await page.next("joined")
        assert house.directory.statistics().rooms == 1
        assert house.room.statistics().log.present == 20


async def test_media_commands_are_answered_and_chat_does_not_wait_for_them(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        ada.send("publish", ref="p", sdp="v=0 offer", tracks={"0": "camera"})
        assert (await ada.next("published")) == {"type": "published", "ref": "p", "sdp": "v=0 answer"}
        ada.send("publish", ref="b", sdp="nonsense", tracks={})
        assert (await ada.next("error"))["code"] == "bad_sdp"
        ada.send("answer", ref="a", offer=1, sdp="v=0")
        assert (await ada.next("ok"))["ref"] == "a"
        house.media.answering = trio.Event()
        for number in range(20):
            ada.send("answer", ref=str(number), offer=1, sdp="v=0")
        ada.send("chat", text="meanwhile")
        await ada.next("chat")
        errors = [event for event in ada.events if event["type"] == "error"]
        assert [(error["code"], error["ref"]) for error in errors] == [("busy", n) for n in ("17", "18", "19")]
        house.media.answering.set()
        assert [(await ada.next("ok"))["ref"] for _ in range(17)] == [str(n) for n in range(17)]


async def test_offers_reach_the_page_they_are_for(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        house.media.attached[2].post(OfferMade(7, "v=0", {"0": TrackInfo(ada.me, "microphone")}))
        offer = await bob.next("offer")
        assert offer == {
            "type": "offer",
            "offer": 7,
            "sdp": "v=0",
            "tracks": {"0": {"participant": ada.me, "source": "microphone"}},
        }
        await trio.testing.wait_all_tasks_blocked()
        assert not [e for e in ada.events if e["type"] == "offer"]


async def test_the_loss_of_media_is_said_and_nobody_leaves(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        house.media.lose()
        assert "restored" in (await ada.next("media_lost"))["message"]
        ada.send("publish", ref="p", sdp="v=0", tracks={})
        assert (await ada.next("error"))["code"] == "media_unavailable"
        house.media.restore()
        await ada.next("media_restored")
        assert house.room.statistics().log.left == 0


async def test_a_page_that_does_not_read_leaves_and_the_others_do_not_wait(autojump_clock: MockClock) -> None:
    async with open_house(Limits(outbox_frames=8, command_rate=1e6, command_burst=1000)) as house:
        ada, _stuck = await house.join("Ada"), await house.join("Bob")
        for number in range(20):
            ada.send("chat", text=str(number))
            await ada.next("chat")
        left = await ada.next("participant_left")
        assert (left["name"], left["reason"]) == ("Bob", "connection_lost")


async def test_a_bug_in_one_stay_ends_that_stay(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")

        def broken(*args: object) -> None:
            raise RuntimeError("a bug")

        with caplog.at_level(logging.ERROR):
            monkeypatch.setattr(house.room, "say", broken)
            bob.send("chat", text="boom")
            left = await ada.next("participant_left")
        assert (left["name"], left["reason"]) == ("Bob", "failed")
        assert bob.session.closing is not None
        assert bob.session.closing.code == 1011
        monkeypatch.undo()
        ada.send("chat", text="still here")
        await ada.next("chat")


async def test_draining_tells_everyone_and_takes_nobody_in(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob", room="red")
        waiting = house.connect()
        await house.directory.drain("Closing time.")
        for page in (ada, bob):
            assert page.session.closing is not None
            assert (page.session.closing.code, page.session.closing.reason) == (1001, "server_stopping")
        waiting.send("join", room="blue", name="Eve", microphone=True, camera=True)
        assert (await waiting.next("error"))["code"] == "server_stopping"
        assert [r.reason for r in house.room.state.log] == ["server_stopping"]


async def test_refused_people_use_up_no_rooms(autojump_clock: MockClock) -> None:
    async with open_house(Limits(rooms=2, command_burst=100)) as house:
        stranger = house.connect()
        for number in range(10):
            stranger.send("join", room=f"r{number}", name=" ", microphone=True, camera=True)
            assert (await stranger.next("error"))["code"] == "invalid_name"
        assert house.directory.statistics().rooms == 0


async def test_a_vacant_room_makes_way_when_there_is_no_space(autojump_clock: MockClock) -> None:
    async with open_house(Limits(rooms=2)) as house:
        (await house.join("Ada", room="one")).send("leave")
        await trio.sleep(1)
        (await house.join("Ada", room="two")).send("leave")
        await trio.sleep(1)
        await house.join("Ada", room="three")
        assert house.directory.find("one") is None
        two = house.directory.find("two")
        await house.join("Bob", room="two")
        assert house.directory.find("two") is two
        page = house.connect()
        page.send("join", room="one", name="Eve", microphone=True, camera=True)
        assert (await page.next("error"))["code"] == "too_many_rooms"


async def test_a_page_whose_commands_are_all_refused_is_not_silent(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        for _ in range(40):
            ada.send("dance")
            await trio.sleep(1)
        assert ada.session.closing is None
