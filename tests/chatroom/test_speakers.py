"""Who speaks in a room, as its pages are told."""

from __future__ import annotations

from typing import Any

import trio.testing
from trio.testing import MockClock

from chatroom.events import Speakers
from chatroom.outbox import Outbox
from chatroom.testing import Page
from chatroom.wire import encode
from tests.chatroom.house import House, open_house


async def news(house: House, page: Page) -> list[tuple[list[str], list[str]]]:
    """Take what the page was told of who speaks."""
    await trio.testing.wait_all_tasks_blocked()
    told: list[dict[str, Any]] = [event for event in await page.all() if event["type"] == "speakers"]
    page.events.clear()
    return [(event["speaking"], event["spoke"]) for event in told]


async def test_everyone_is_told_who_speaks_when_that_changes(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        eve = await house.join("Eve", room="green")
        for _ in range(2):
            house.media.speak("blue", [ada.me], [bob.me])
        for page in (ada, bob):
            assert await news(house, page) == [([ada.me], [bob.me])]
        assert await news(house, eve) == []


async def test_who_comes_or_comes_back_is_told_how_it_is(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        assert await news(house, ada) == [], "nobody speaks yet"
        house.media.speak("blue", [ada.me])
        bob = await house.join("Bob")
        assert await news(house, bob) == [([ada.me], [])]
        house.media.speak("blue", [], [ada.me])
        bob = await house.resume(bob)
        assert await news(house, bob) == [([], [ada.me])]
        bob = house.come_back(bob, seq=0)
        await bob.next("joined")
        assert await news(house, bob) == [([], [ada.me])]


async def test_nobody_speaks_who_is_not_there(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        house.media.speak("blue", [bob.me, ada.me])
        bob.send("leave")
        await ada.next("participant_left")
        await news(house, ada)
        house.media.speak("blue", [ada.me], [bob.me, "nobody"])
        assert await news(house, ada) == [], "that is what the page knows"
        carol = await house.join("Carol")
        assert await news(house, carol) == [([ada.me], [])]


async def test_with_the_worker_goes_what_it_said(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada = await house.join("Ada")
        house.media.speak("blue", [ada.me])
        assert await news(house, ada) == [([ada.me], [])]
        house.media.lose()
        assert await news(house, ada) == [([], [])]


async def test_a_room_that_ends_is_told_no_more(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.join("Ada")
        assert [room for room, _ in house.media.followers] == ["blue"]
        house.room.close()
        await trio.testing.wait_all_tasks_blocked()
        assert house.media.followers == []


async def test_where_frames_pile_up_the_last_word_is_enough() -> None:
    outbox = Outbox(100, 10_000)
    for number in range(1_000):
        assert outbox.post(encode(Speakers([f"p{number}"], [])))
    frame = await outbox.take()
    assert frame is not None
    assert frame.text == '{"type":"speakers","speaking":["p999"],"spoke":[]}'
    assert outbox.take_now() is None
