"""Following a participant or a room."""

from __future__ import annotations

import json

import pytest
import trio
from trio.testing import MockClock

from chatroom.commands import Chat, Join
from chatroom.frame import Frame
from chatroom.media import LegChanged
from chatroom.model import Participant
from chatroom.quality.events import Trouble, VideoPaused
from chatroom.quality.inputs import Came, Went
from chatroom.tracing import BURST, TRACES, Entry, Follow, TooManyTraces, Tracer, described
from nurseries.stages import Tap
from tests.chatroom.house import House, open_house


def read(follow: Follow) -> list[Entry]:
    """What was taken so far."""
    found = []
    while follow.statistics().waiting:
        found.append(follow._get.receive_nowait())
    return found


def told(entries: list[Entry]) -> list[tuple[str | None, str, str]]:
    return [(entry.participant, entry.kind, entry.shown()["type"]) for entry in entries]


async def settle(house: House) -> None:
    await trio.testing.wait_all_tasks_blocked()


async def test_one_participant_is_followed_and_nobody_else(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        with house.directory.tracer.follow(participant=ada.me, count=100, seconds=60) as follow:
            assert bob.session.trace is None
            ada.send("chat", text="hello")
            bob.send("update", microphone=False)
            ada.send("publish", ref="p", sdp="v=0 offer", tracks={})
            await ada.next("published")
            house.media.attached[1].post(LegChanged("publish", "connected"))
            await settle(house)
            entries = read(follow)
            assert all(entry.epoch == 1 for entry in entries)
            assert {entry.participant for entry in entries} == {ada.me}
            seen = [(kind, name) for _, kind, name in told(entries)]
            seen.remove(("event", "participant_updated"))  # of Bob, sooner or later
            assert seen == [
                *(("command", "chat"), ("event", "chat"), ("command", "publish")),
                *(("asked", "publish"), ("answered", "publish"), ("event", "published"), ("media", "LegChanged")),
            ]
        assert ada.session.trace is None


async def test_a_trace_goes_on_when_the_page_comes_back_and_ends_with_the_stay(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        with house.directory.tracer.follow(participant=ada.me, count=100, seconds=60) as follow:
            ada.session.ended("connection_lost")
            await settle(house)
            again = await house.resume(ada)
            assert again.session.trace is not None
            again.send("leave")
            await settle(house)
            entries = told(read(follow))
            assert entries[0] == (ada.me, "closed", "Closing")
            assert (ada.me, "event", "resumed") in entries
            assert entries[-2:] == [(ada.me, "command", "leave"), (ada.me, "closed", "Closing")]


async def test_in_a_room_each_event_is_told_once_and_newcomers_are_followed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        elsewhere = await house.join("Eve", room="red")
        with house.directory.tracer.follow(room="blue", count=100, seconds=60) as follow:
            bob = await house.join("Bob")
            elsewhere.send("chat", text="x")
            bob.send("chat", text="hello")
            await settle(house)
            entries = told(read(follow))
            assert entries.count((ada.me, "event", "chat")) == 1
            assert (bob.me, "event", "chat") not in entries
            assert (bob.me, "event", "joined") in entries
            assert (bob.me, "command", "chat") in entries
            assert elsewhere.me not in {participant for participant, _, _ in entries}


def person(name: str, epoch: int) -> Participant:
    return Participant(name, epoch, name.title(), microphone=True, camera=True, joined_at=0.0)


async def test_items_of_stages_are_told_to_whom_they_concern(autojump_clock: MockClock) -> None:
    taps: list[Tap[object] | None] = []
    tracer = Tracer(lambda: (), lambda: 7.0, taps.append)
    went = Went("blue", "bob", 2, "left")
    trouble = Trouble(
        room="blue",
        at=1.0,
        participant="bob",
        epoch=2,
        kind="network_slow",
        severity="mild",
        since=1.0,
        concerns=["ada"],
    )
    paused = VideoPaused(room="blue", at=1.0, participant="bob", epoch=2, of="ada", source="camera", reason="bandwidth")
    server = Trouble(room="blue", at=1.0, kind="server_overloaded", severity="mild", since=1.0)
    with (
        tracer.follow(room="blue", participant="ada", count=100, seconds=60) as ada,
        tracer.follow(room="blue", count=100, seconds=60) as blue,
        tracer.follow(room="red", participant="ada", count=100, seconds=60) as red,
    ):
        tap = taps[-1]
        assert tap is not None
        tap("judge", [Came("blue", person("ada", 1)), went, object()])
        tap("people", [trouble, server, paused])
        of_ada, of_blue = read(ada), read(blue)
        assert [(each.participant, each.epoch, each.shown()["type"]) for each in of_blue] == [
            *(("ada", 1, "judge Came"), ("bob", 2, "judge Went")),
            *(("bob", 2, "people network_slow"), (None, None, "people server_overloaded")),
            ("bob", 2, "people video_paused"),
        ]
        assert [each.shown()["type"] for each in of_ada] == [
            *("judge Came", "people network_slow", "people video_paused")
        ]
        assert {each.kind for each in of_blue} == {"item"}
        assert of_blue[1].shown()["body"] == {"reason": "left"}
        assert read(red) == []
    assert taps[-1] is None
    assert taps.count(None) == 1, "only when nobody follows any more"


async def test_it_ends_after_so_many_and_after_so_long(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        tracer = house.directory.tracer
        with tracer.follow(participant=ada.me, count=3, seconds=60) as follow:
            for _ in range(5):
                ada.send("ping")
            await settle(house)
            seen = 0
            while await follow.next() is not None:
                seen += 1
            assert (seen, follow.ended, follow.statistics().taken) == (3, "count", 3)
        with tracer.follow(participant="nobody", count=3, seconds=7) as follow:
            before = trio.current_time()
            assert await follow.next() is None
            assert (follow.ended, trio.current_time() - before) == ("seconds", 7)
        assert tracer.statistics() == ()


async def test_too_much_is_left_out_and_counted(autojump_clock: MockClock) -> None:
    follow = Follow(None, "a", 100_000, 60, lambda: 0.0)
    about = {"room": "r", "participant": "a", "epoch": 1}
    for number in range(3_000):
        follow.take(about, "command", number)
    statistics = follow.statistics()
    assert (statistics.taken, statistics.skipped) == (BURST, 3_000 - BURST)
    await trio.sleep(10)
    for number in range(3_000):
        follow.take(about, "command", number)
    assert follow.statistics().waiting <= 2_000
    assert follow.statistics().taken + follow.statistics().skipped == 6_000


async def test_traces_are_few(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        tracer = house.directory.tracer
        opened = [tracer.follow(room="blue", count=1, seconds=1) for _ in range(TRACES)]
        for each in opened:
            each.__enter__()
        with pytest.raises(TooManyTraces), tracer.follow(room="blue", count=1, seconds=1):
            pass
        for each in opened:
            each.__exit__(None, None, None)
        assert not tracer.full


def test_what_people_say_and_what_lets_in_is_not_shown() -> None:
    join = Join(room="blue", name="Ada", microphone=True, camera=True, key="k" * 20, ref="r")
    shown = [
        described(Chat(text="a secret")),
        described(join),
        described(Frame(json.dumps({"type": "joined", "token": "secret", "ice_servers": [{"credential": "secret"}]}))),
        described(Frame(json.dumps({"type": "chat", "message": {"text": "a secret"}}))),
        described(ValueError("x" * 1_000)),
    ]
    text = json.dumps(shown)
    assert "secret" not in text
    assert "kkk" not in text
    assert shown[0] == ("chat", {"text": "<8 characters>", "ref": None})
    assert shown[1][1]["name"] == "Ada"
