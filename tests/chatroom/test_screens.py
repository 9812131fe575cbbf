"""Who shares which screens, as everyone is told."""

from __future__ import annotations

from typing import get_args

import pytest
from trio.testing import MockClock

import chatroom.media
import media.terms
from chatroom.errors import UserError
from chatroom.limits import Limits
from chatroom.screens import check_published, shared_screens
from chatroom.testing import Page
from tests.chatroom.house import open_house


async def screens(page: Page) -> list[int]:
    """Take the next word about somebody."""
    event = await page.next("participant_updated")
    found: list[int] = event["participant"]["screens"]
    return found


def test_both_sides_of_the_bridge_have_the_same_sources() -> None:
    assert get_args(chatroom.media.Source) == get_args(media.terms.Source)


def test_numbers_are_put_in_order_and_bounded() -> None:
    assert shared_screens([9, 1, 9], 2) == (1, 9)
    assert shared_screens([], 0) == ()
    for wrong in ([0], [10], [-1, 2]):
        with pytest.raises(UserError, match="numbers from 1 to 9"):
            shared_screens(wrong, 9)
    with pytest.raises(UserError, match="2 screens at most") as caught:
        shared_screens([1, 2, 3], 2)
    assert caught.value.code == "too_many_tracks"
    with pytest.raises(UserError, match="No screens"):
        shared_screens([1], 0)


def test_a_screen_and_its_sound_count_once() -> None:
    check_published(["microphone", "camera", "screen:1", "screen_sound:1", "screen:2"], 2)
    check_published(["microphone", "camera"], 0)
    for published in (["screen:1", "screen:2", "screen:3"], ["screen:1", "screen:2", "screen_sound:3"]):
        with pytest.raises(UserError, match="2 screens at most"):
            check_published(published, 2)  # type: ignore[arg-type]


async def test_everyone_is_told_who_shares_and_who_stopped(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        bob.send("update", screens=[2, 1], ref="u")
        assert (await bob.next("ok"))["ref"] == "u"
        assert await screens(ada) == [1, 2]
        eve = house.knock("Eve")
        joined = await eve.next("joined")
        assert joined["screens"] == 2, "so many may be shared"
        assert [person["screens"] for person in joined["participants"]] == [[], [1, 2], []]
        bob.send("update", microphone=False)
        assert await screens(ada) == [1, 2], "what is not named stays as it is"
        bob.send("update", screens=[])
        assert await screens(ada) == []


async def test_more_screens_than_may_be_are_refused(autojump_clock: MockClock) -> None:
    async with open_house(Limits(screens=1)) as house:
        ada = await house.join("Ada")
        ada.send("update", screens=[1, 2], ref="u")
        ada.send("publish", sdp="v=0", tracks={"1": "screen:1", "2": "screen:2"}, ref="p")
        for ref in "up":
            error = await ada.next("error")
            assert (error["code"], error["ref"]) == ("too_many_tracks", ref)
        assert house.media.attached[1].published == []
        bob = house.knock("Bob", screens=[1, 2])
        assert (await bob.next("error"))["code"] == "too_many_tracks"


async def test_screens_are_as_the_page_says_when_it_comes_back(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        ada, bob = await house.join("Ada"), await house.join("Bob")
        bob.send("update", screens=[1])
        assert await screens(ada) == [1]
        bob.session.ended("connection_lost")
        wrong = house.come_back(bob, screens=[1, 2, 3])
        assert (await wrong.next("error"))["code"] == "too_many_tracks"
        bob = await house.resume(bob, screens=[2])
        assert await screens(ada) == [2]
        bob.session.ended("connection_lost")
        await house.resume(bob)  # a page that knows of no screens shares none
        assert await screens(ada) == []
