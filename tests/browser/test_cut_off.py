"""The way to the server is gone for a while, or for good: in secret, or with a pulled cable that the computer notices.

Who is cut off and who looks on are in networks of their own. What others are told, and when, is what a witness hears.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs
import pytest
from playwright.sync_api import expect

from tests.browser.netns import Home
from tests.browser.person import Person
from tests.browser.test_call import write
from tests.browser.world import Pair, World, pictures, pictures_go_on
from tests.conftest import Measured

#: Seconds: what is promised, and a little for a machine that is busy.
RECONNECTING, LEFT = 5.0 + 1.0, 12.0 + 1.0
#: Seconds after the way is there again: until someone is present, and until pictures go on. The aims are 2 and 5.
BACK, PICTURES = 10.0, 20.0


@attrs.frozen(eq=False)
class Fate:
    """Somebody, and what happens to them."""

    person: Person
    home: Home
    begins: Callable[[], None]
    ends: Callable[[], None]

    @property
    def name(self) -> str:
        return self.person.name


@attrs.frozen(eq=False)
class Cast:
    world: World
    olga: Person
    fates: list[Fate]

    @property
    def pairs(self) -> list[Pair]:
        """Who sees whom: everyone the onlooker, who sees everyone."""
        return [pair for fate in self.fates for pair in ((self.olga, fate.person), (fate.person, self.olga))]

    def pass_seconds(self, until: float) -> None:
        self.olga.page.wait_for_timeout(max(0.0, until - time.time()) * 1000)


@pytest.fixture(scope="module")
def cast(world: World) -> Cast:
    first, second = world.network.home(), world.network.home()
    olga = world.bring("Olga").join()
    cut, pulled = world.bring("Cut", first).join(), world.bring("Pulled", second).join()
    return Cast(
        world,
        olga,
        [Fate(cut, first, first.cut, first.mend), Fate(pulled, second, second.unplug, second.plug_in)],
    )


def everyone_is_there(cast: Cast) -> None:
    pictures_go_on(pictures(*cast.pairs))
    for fate in cast.fates:
        assert cast.world.witness.person(fate.name)["connection"] == "present"


@pytest.mark.parametrize("seconds", [3, 8])
def test_for_some_seconds(cast: Cast, measured: Measured, seconds: int) -> None:
    everyone_is_there(cast)
    witness = cast.world.witness
    were = {fate.name: witness.person(fate.name) for fate in cast.fates}
    began = time.time()
    for fate in cast.fates:
        fate.begins()
    if seconds > RECONNECTING:
        for fate in cast.fates:
            assert witness.hears(fate.name, "reconnecting", began).at - began < RECONNECTING
            expect(cast.olga.tile(fate.name).get_by_text("Reconnecting…")).to_be_visible()
            expect(fate.person.page.get_by_text("Reconnecting…").first).to_be_visible()
    said = [f"{number} of {seconds}" for number in range(1, 6)]
    for text in said:
        witness.say(text)
    cast.pass_seconds(began + seconds)
    before = pictures(*cast.pairs)
    back = time.time()
    for fate in cast.fates:
        fate.ends()
    came = pictures_go_on(before)
    for fate in cast.fates:
        # Chat goes both ways, and what was written meanwhile is there, in order and once.
        write(fate.person, f"{fate.name} is here after {seconds}")
        witness.reads(f"{fate.name} is here after {seconds}")
        log = fate.person.page.get_by_role("log")
        expect(log).to_contain_text(said[-1])
        assert [text for text in log.inner_text().splitlines() if text in said] == said
        expect(cast.olga.tile(fate.name).get_by_text("Reconnecting…")).to_be_hidden()
        news = witness.news(fate.name, began)
        # Twice, where the media plane was heard again before a page that had given its socket up was back.
        assert [each.what for each in news] in ([], ["reconnecting", "present"], ["reconnecting", "present"] * 2), news
        there = witness.person(fate.name)
        assert there == were[fate.name], "the same participant, of the same epoch"
        seen, sees = came[cast.olga, fate.person] - back, came[fate.person, cast.olga] - back
        told = [f"{each.what} {each.at - began:.2f} s" for each in news]
        measured(
            f"{fate.name} for {seconds} s: {', '.join(told) or 'nothing told'}; "
            f"pictures go on {seen:.2f} s (theirs) and {sees:.2f} s (others') after the end"
        )
        assert not news or news[-1].at - back < BACK
        assert max(seen, sees) < PICTURES


def test_for_good_and_back_by_itself(cast: Cast, measured: Measured) -> None:
    everyone_is_there(cast)
    witness = cast.world.witness
    for fate in cast.fates:
        fate.person.click("Microphone")
        expect(cast.olga.tile(fate.name).get_by_role("img", name="microphone off")).to_be_visible()
    were = {fate.name: witness.person(fate.name) for fate in cast.fates}
    cast.olga.watch_status()
    began = time.time()
    for fate in cast.fates:
        fate.begins()
    told: dict[str, str] = {}
    for fate in cast.fates:
        reconnecting = witness.hears(fate.name, "reconnecting", began).at - began
        left = witness.hears(fate.name, "left", began)
        shown = cast.olga.said_at(f"{fate.name} left (connection lost)") / 1000 - began
        expect(cast.olga.tile(fate.name)).to_have_count(0)
        told[fate.name] = f"reconnecting {reconnecting:.2f} s, left {left.at - began:.2f} s (shown {shown:.2f} s)"
        assert reconnecting < RECONNECTING
        assert left.reason == "connection_lost"
        assert max(left.at - began, shown) < LEFT
    cast.pass_seconds(began + 20)
    before = pictures(*cast.pairs)
    back = time.time()
    for fate in cast.fates:
        fate.ends()
    joined = {fate.name: witness.hears(fate.name, "joined", back).at - back for fate in cast.fates}
    came = pictures_go_on(before)
    for fate in cast.fates:
        there, was = witness.person(fate.name), were[fate.name]
        assert there["id"] != was["id"]
        assert there["epoch"] > was["epoch"]
        assert (there["microphone"], there["camera"]) == (False, True)
        expect(fate.person.button("Microphone")).to_have_attribute("aria-pressed", "false")
        expect(fate.person.tile(f"{fate.name} (you)")).to_be_visible()
        seen, sees = came[cast.olga, fate.person] - back, came[fate.person, cast.olga] - back
        measured(
            f"{fate.name} for 20 s: {told[fate.name]}; joined again {joined[fate.name]:.2f} s after the end, "
            f"pictures {seen:.2f} s (theirs) and {sees:.2f} s (others')"
        )
        assert joined[fate.name] < BACK
        assert max(seen, sees) < PICTURES
        fate.person.click("Microphone")
        expect(fate.person.button("Microphone")).to_have_attribute("aria-pressed", "true")


def test_into_another_network(cast: Cast, measured: Measured) -> None:
    """As from wireless to mobile: another address, and what went to the old one is lost."""
    everyone_is_there(cast)
    witness = cast.world.witness
    fate = cast.fates[-1]
    was = witness.person(fate.name)
    began = time.time()
    fate.home.move()
    before = pictures(*[pair for pair in cast.pairs if fate.person in pair])
    came = pictures_go_on(before)
    write(fate.person, "the same, elsewhere")
    witness.reads("the same, elsewhere")
    news = witness.news(fate.name, began)
    assert "left" not in [each.what for each in news], news
    assert witness.person(fate.name) == was
    told = ", ".join(f"{each.what} {each.at - began:.2f} s" for each in news)
    measured(
        f"{fate.name} into another network: {told or 'nothing told'}; "
        f"pictures go on after {came[cast.olga, fate.person] - began:.2f} s (theirs) "
        f"and {came[fate.person, cast.olga] - began:.2f} s (others')"
    )
    assert max(came.values()) - began < PICTURES
