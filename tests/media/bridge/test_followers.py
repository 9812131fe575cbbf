"""What a worker says of a room as a whole, and who is told."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from chatroom.media import RoomWord, Speakers
from media.messages import SpeakersChanged
from tests.media.bridge.fakes import FakeWorkers, running, settle


async def test_those_who_follow_a_room_are_told_who_speaks(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    blue: list[RoomWord] = []
    again: list[RoomWord] = []
    green: list[RoomWord] = []
    async with running(workers) as bridge, bridge.attach("blue", "p1", 1, lambda _: None):
        with bridge.follow("blue", blue.append), bridge.follow("green", green.append):
            with bridge.follow("blue", again.append):
                await workers.last.say(SpeakersChanged("blue", ["p1"], ["p2"]))
                await workers.last.say(SpeakersChanged("red", ["p3"], []))
                await settle()
            await workers.last.say(SpeakersChanged("blue", [], ["p1", "p2"]))
            await settle()
        await workers.last.say(SpeakersChanged("blue", ["p1"], []))
        await settle()
        assert blue == [Speakers(["p1"], ["p2"]), Speakers([], ["p1", "p2"])]
        assert again == blue[:1]
        assert green == []
        assert bridge.available


async def test_with_its_worker_whatever_was_told_is_void(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    told: list[RoomWord] = []
    async with running(workers) as bridge, bridge.attach("blue", "p1", 1, lambda _: None):
        with bridge.follow("blue", told.append):
            await workers.last.say(SpeakersChanged("blue", ["p1"], []))
            await settle()
            workers.last.die()
            await trio.sleep(1)
            assert told == [Speakers(["p1"], []), Speakers()]


async def test_a_room_that_does_not_take_it_costs_the_others_nothing(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: RoomWord) -> None:
        raise RuntimeError("a bug")

    workers = FakeWorkers()
    told: list[RoomWord] = []
    async with running(workers) as bridge, bridge.attach("blue", "p1", 1, lambda _: None):
        with bridge.follow("blue", broken), bridge.follow("blue", told.append):
            await workers.last.say(SpeakersChanged("blue", ["p1"], []))
            await settle()
            assert told == [Speakers(["p1"], [])]
            assert bridge.available
    assert "a bug" in caplog.text


async def test_a_worker_has_no_word_for_rooms_that_live_elsewhere(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    told: list[RoomWord] = []
    async with running(workers) as bridge:
        with bridge.follow("blue", told.append):
            await workers.last.say(SpeakersChanged("blue", ["p1"], []))
            await settle()
            assert told == []
