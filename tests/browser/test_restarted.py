"""The server goes and another comes in its place: the people do not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.person import Person
from tests.browser.test_call import write
from tests.browser.witness import Witness, witness
from tests.browser.world import pictures, pictures_go_on
from tests.conftest import Measured
from tests.processes import Server, running_server

#: Seconds from the moment the port is open again. Of a server that was killed nobody knows when to come back.
BACK = 10.0
DRAIN = 3.0


def ask(server: Server, people: list[Person]) -> None:
    """Ask the server to stop."""
    assert server.stop() == 0
    for person in people:
        person.told("The server is stopping")


def ask_in_good_time(server: Server, people: list[Person]) -> None:
    """Ask a server to stop that lets people finish their sentence."""
    ada, bob = people
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    for person in people:
        expect(person.page.get_by_text("The server will restart in").first).to_be_visible()
    write(ada, "quickly, then")
    pictures_go_on(pictures((ada, bob), (bob, ada)), timeout=DRAIN)
    expect(bob.page.get_by_role("log")).to_contain_text("quickly, then")
    assert server.process.poll() is None
    assert server.process.wait(DRAIN + 5) == 0
    assert time.monotonic() - began >= DRAIN


def kill(server: Server, people: list[Person]) -> None:
    workers = server.workers()
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    assert workers
    for person in people:
        expect(person.page.get_by_text("Reconnecting…").first).to_be_visible()


@pytest.mark.parametrize(
    ("way", "options"), [(ask, ()), (ask_in_good_time, ("--drain-wait", f"{DRAIN:.0f}")), (kill, ())]
)
def test_everyone_is_in_the_room_again(
    browser: Browser, measured: Measured, way: Callable[[Server, list[Person]], None], options: tuple[str, ...]
) -> None:
    with running_server(*options) as first:
        people = [Person(browser.new_context().new_page(), first.url, name, "blue").join() for name in ("Ada", "Bob")]
        ada, bob = people
        bob.click("Microphone")
        expect(ada.tile("Bob").get_by_role("img", name="microphone off")).to_be_visible()
        for person, other in ((ada, bob), (bob, ada)):
            person.sees(other)
            person.watch_status()
        before = pictures((ada, bob), (bob, ada))
        began = time.time()
        way(first, people)
        stopped = time.time()
    with running_server("--port", str(first.port)) as second:
        there = time.time()
        with witness(f"127.0.0.1:{second.port}") as told:
            joined = [when_joined(told, person) - there for person in people]
            came = pictures_go_on(before)
            for person, other in ((ada, bob), (bob, ada)):
                person.sees(other)
                expect(person.page.get_by_role("group")).to_have_count(3)
                assert "You are back." in person.page.evaluate("window.said.map(([, text]) => text)")
            assert not told.person("Bob")["microphone"]
            assert told.person("Bob")["camera"]
            expect(bob.button("Microphone")).to_have_attribute("aria-pressed", "false")
            write(bob, "where were we?")
            told.reads("where were we?")
        measured(
            f"Server restarted ({way.__name__}): {stopped - began:.2f} s to stop, "
            f"{there - stopped:.2f} s until another is there; "
            f"people join it {' and '.join(f'{at:.2f}' for at in joined)} s later, "
            f"pictures after {max(came.values()) - there:.2f} s"
        )
        for person in people:
            person.page.context.close()
            person.forgive_the_network()
            assert not person.errors
        assert max(joined) < BACK


def when_joined(told: Witness, person: Person) -> float:
    told.hears(person.name, "joined")
    at: float = told.person(person.name)["joined_at"]
    return at
