"""A computer that sleeps, a page that hangs, a browser that is told it is offline: for a moment, and for longer.

Only the first is away. What is heard of the other two is their sound, and so they are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs
import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.test_call import open_chat, write
from tests.browser.test_cut_off import BACK, LEFT, PICTURES, RECONNECTING
from tests.browser.world import World, pictures, pictures_go_on
from tests.conftest import Measured


@attrs.frozen(eq=False)
class Sleeper:
    person: Person
    sleeps: Callable[[], object]
    wakes: Callable[[], object]

    @property
    def name(self) -> str:
        return self.person.name


@pytest.fixture(scope="module")
def olga(world: World) -> Person:
    return world.bring("Olga").join()


@pytest.fixture(scope="module")
def stopped(world: World) -> Sleeper:
    """All of the browser stands still; the system goes on to answer for it."""
    home = world.network.home()
    person = world.bring("Stopped", home).join()
    open_chat(person)
    return Sleeper(person, home.freeze, home.thaw)


@pytest.fixture(scope="module")
def hanging(world: World) -> Sleeper:
    """The page's one thread stands still, as while an alert is open."""
    person = without_camera(world.bring("Hanging"))
    session = person.page.context.new_cdp_session(person.page)
    session.send("Debugger.enable")
    return Sleeper(person, lambda: session.send("Debugger.pause"), lambda: session.send("Debugger.resume"))


@pytest.fixture(scope="module")
def offline(world: World) -> Sleeper:
    """The browser has no websockets any more. It does not think of WebRTC."""
    person = without_camera(world.bring("Offline"))
    context = person.page.context
    return Sleeper(person, lambda: context.set_offline(True), lambda: context.set_offline(False))


def without_camera(person: Person) -> Person:
    person.open().click("Camera")
    person.click("Join")
    expect(person.tile(f"{person.name} (you)")).to_be_visible()
    open_chat(person)
    return person


@pytest.mark.parametrize("seconds", [3, 20])
def test_who_wakes_up_is_in_the_room(
    world: World,
    olga: Person,
    stopped: Sleeper,
    hanging: Sleeper,
    offline: Sleeper,
    measured: Measured,
    seconds: int,
) -> None:
    witness = world.witness
    sleepers = [stopped, hanging, offline]
    pictures_go_on(pictures((olga, stopped.person)))
    were = {each.name: witness.person(each.name) for each in sleepers}
    began = time.time()
    for each in sleepers:
        each.sleeps()
    if seconds > LEFT:
        assert witness.hears("Stopped", "reconnecting", began).at - began < RECONNECTING
        left = witness.hears("Stopped", "left", began)
        assert left.at - began < LEFT
        assert left.reason == "connection_lost"
    witness.say(f"said after {seconds}")
    olga.page.wait_for_timeout(max(0.0, began + seconds - time.time()) * 1000)

    before = pictures((olga, stopped.person))
    woke = time.time()
    for each in sleepers:
        each.wakes()
    took = pictures_go_on(before)[olga, stopped.person] - woke
    assert took < PICTURES
    for each in sleepers:
        write(each.person, f"{each.name} is awake after {seconds}")
        witness.reads(f"{each.name} is awake after {seconds}")
        expect(each.person.page.get_by_role("log")).to_contain_text(f"said after {seconds}")
        news = [(one.what, one.at - began) for one in witness.news(each.name, began)]
        told = ", ".join(f"{what} {at:.2f} s" for what, at in news) or "nothing told"
        more = f"; pictures go on {took:.2f} s after waking" if each is stopped else ""
        measured(f"{each.name} for {seconds} s: {told}{more}")
        if each is stopped and seconds > LEFT:
            assert [what for what, _ in news] == ["reconnecting", "left", "joined"]
            assert news[-1][1] - seconds < BACK
            assert witness.person(each.name)["epoch"] > were[each.name]["epoch"]
        else:
            assert news == []
            assert witness.person(each.name) == were[each.name]
