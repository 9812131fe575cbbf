"""What people see when the network between them and the server goes and comes back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.person import Person
from tests.browser.relay import TcpRelay, UdpRelay
from tests.browser.test_call import open_chat, write
from tests.conftest import Measured
from tests.ports import free_port
from tests.processes import Server, running_server


class Line:
    """A server, and what stands between it and those who come by this line."""

    def __init__(self, server: Server, words: TcpRelay, media: UdpRelay) -> None:
        self.server = server
        self.words = words
        self.media = media

    def break_down(self) -> None:
        """Nothing goes through any more, and nobody is told."""
        self.words.set("stalled")
        self.media.shut = True

    def mend(self) -> None:
        self.words.set("open")
        self.media.shut = False


@pytest.fixture
def line() -> Iterator[Line]:
    with contextlib.ExitStack() as stack:
        media = UdpRelay()
        stack.callback(media.close)
        server = stack.enter_context(running_server("--announce", f"127.0.0.1:{media.port}"))
        media.target = int(server.wait_for(r"UDP port (\d+)")[1])
        words = TcpRelay(server.port)
        stack.callback(words.close)
        yield Line(server, words, media)


Come = Callable[..., Person]


@pytest.fixture
def come(browser: Browser) -> Generator[Come, None, None]:
    """Bring people, each in a context of their own. A browser logs a socket that is refused as an error."""
    contexts: list[BrowserContext] = []

    def one(name: str, url: str, room: str = "blue", **options: Any) -> Person:
        context = browser.new_context(**options)
        contexts.append(context)
        return Person(context.new_page(), url, name, room)

    yield one
    for context in contexts:
        context.close()


def connection(person: Person, status: str, timeout: float = 20.0) -> None:
    """Wait until the page says that of its connection."""
    person.page.wait_for_function("status => window.chatroom.connection === status", arg=status, timeout=timeout * 1000)


def flows(person: Person) -> bool:
    """Whether a picture is coming in now."""

    def frames() -> int:
        return sum(each["frames"] for each in person.received().values())

    before = frames()
    person.page.wait_for_timeout(300)
    return frames() > before


def said(person: Person) -> list[str]:
    """What the status region has said since `watch_status`."""
    texts: list[str] = person.page.evaluate("() => window.said.map(([, text]) => text)")
    return texts


def banner(person: Person, text: str) -> Any:
    return person.page.locator("call-banner").filter(has_text=text)


def test_a_socket_that_is_cut_is_back_before_anyone_notices(line: Line, come: Come, measured: Measured) -> None:
    ada, bob = come("Ada", line.words.url).join(), come("Bob", line.server.url).join()
    ada.sees(bob)
    bob.sees(ada)
    for person in (ada, bob):
        person.watch_status()
    line.words.cut()
    took = ada.mark("resumed") - ada.mark("socket-lost")
    measured(f"{took:.0f} ms from a cut socket to a resumed stay")
    assert took < 3_000
    bob.click("Microphone")
    expect(ada.tile("Bob").get_by_role("img", name="microphone off")).to_be_visible()
    assert said(ada) == said(bob) == []
    assert flows(ada)
    assert flows(bob)
    expect(bob.tile("Ada")).not_to_contain_text("Reconnecting")


def test_without_words_pictures_flow_on_and_what_is_written_is_said_later(line: Line, come: Come) -> None:
    ada, bob = come("Ada", line.words.url).join(), come("Bob", line.server.url).join()
    ada.sees(bob)
    ada.watch_status()
    line.words.set("closed")
    line.words.cut()
    expect(banner(ada, "Reconnecting…")).to_be_visible()
    ada.told("Reconnecting…")
    write(ada, "one")
    write(ada, "two")
    expect(ada.page.get_by_role("log")).to_contain_text("Sending…")
    write(bob, "meanwhile")
    ada.click("Microphone")
    assert flows(ada)
    assert flows(bob)
    expect(bob.tile("Ada")).not_to_contain_text("Reconnecting")
    line.words.set("open")
    connection(ada, "connected")
    ada.told("You are back.")
    expect(banner(ada, "Reconnecting…")).to_be_hidden()
    for person in (ada, bob):
        expect(person.page.locator(".message > p:not(.state)")).to_have_text(["meanwhile", "one", "two"])
    expect(ada.page.get_by_role("log")).not_to_contain_text("Sending…")
    expect(bob.tile("Ada").get_by_role("img", name="microphone off")).to_be_visible()
    assert not [text for text in said(ada) if "left" in text or "joined" in text]


def test_a_network_that_is_gone_is_noticed_by_both_sides_and_nobody_leaves(
    line: Line, come: Come, measured: Measured
) -> None:
    ada, bob = come("Ada", line.words.url).join(), come("Bob", line.server.url).join()
    bob.click("Chat")
    ada.sees(bob)
    bob.sees(ada)
    bob.watch_status()
    # Bob's packets go by the same relay: for his pictures too it is a while of nothing.
    line.break_down()
    expect(bob.tile("Ada")).to_contain_text("Reconnecting…", timeout=10_000)
    expect(bob.listed("Ada")).to_contain_text("Reconnecting…")
    connection(ada, "reconnecting")
    line.mend()
    began = time.monotonic()
    connection(ada, "connected")
    measured(f"{time.monotonic() - began:.2f} s from a mended network to a resumed stay")
    expect(bob.tile("Ada")).not_to_contain_text("Reconnecting")
    ada.wait_until(lambda: flows(ada), "pictures again", 30)
    bob.wait_until(lambda: flows(bob), "pictures again", 30)
    measured(f"{time.monotonic() - began:.2f} s from a mended network to pictures")
    assert not [text for text in said(bob) if "Ada" in text]
    expect(ada.page.get_by_role("group")).to_have_count(2)


def test_a_sign_of_the_browser_is_looked_into_at_once(line: Line, come: Come) -> None:
    ada = come("Ada", line.words.url).join()
    # A browser that says it is offline beside a server that answers is not believed.
    ada.page.evaluate("() => window.dispatchEvent(new Event('offline'))")
    ada.page.wait_for_timeout(2_500)
    assert ada.page.evaluate("() => window.chatroom.marks['socket-lost']") is None
    line.words.set("stalled")
    began = time.monotonic()
    ada.page.evaluate("() => window.dispatchEvent(new Event('offline'))")
    connection(ada, "reconnecting", 4)
    assert time.monotonic() - began < 4  # and not after the silence that would be needed without


def test_the_server_is_restarted_and_everyone_is_in_the_same_room_again(come: Come, measured: Measured) -> None:
    options = ("--port", str(free_port()), "--back-in", "0.5")
    with running_server("--media-port", "0", *options) as first:
        ada, bob = come("Ada", first.url).join(), come("Bob", first.url).join()
        ada.click("Camera")
        ada.sees(bob)
        write(bob, "before")
        for person in (ada, bob):
            person.watch_status()
        assert first.stop() == 0
        expect(banner(ada, "The server is stopping")).to_be_visible()
    began = time.monotonic()
    with running_server("--media-port", "0", *options) as second:
        for person in (ada, bob):
            connection(person, "connected", 30)
        measured(f"{time.monotonic() - began:.2f} s from the start of another server to everyone in it")
        for person in (ada, bob):
            person.told("You are back.")
            expect(person.page.get_by_role("group")).to_have_count(2)
        expect(ada.button("Camera")).to_have_attribute("aria-pressed", "false")
        expect(bob.listed("Ada").get_by_role("img", name="camera off")).to_be_attached()
        ada.sees(bob)
        write(ada, "after")
        expect(bob.page.get_by_role("log")).to_contain_text("after")
        assert "bug" not in second.output()


def test_a_restart_that_is_to_come_is_said_and_the_call_goes_on_until_then(come: Come) -> None:
    with running_server("--drain-wait", "4") as server:
        ada, bob = come("Ada", server.url).join(), come("Bob", server.url).join()
        ada.sees(bob)
        ada.watch_status()
        server.process.terminate()
        expect(banner(ada, "The server will restart in")).to_be_visible()
        ada.told("The server will restart in")
        write(bob, "still here")
        open_chat(ada)
        expect(ada.page.get_by_role("log")).to_contain_text("still here")
        connection(ada, "reconnecting")
        expect(banner(ada, "Reconnecting…")).to_be_visible()


def of_others(person: Person) -> list[str]:
    """Who the others are, by their ids."""
    found: list[str] = person.page.eval_on_selector_all(
        "person-tile:not(.own)", "tiles => tiles.map(tile => tile.dataset.participant)"
    )
    return found


def another_tab(person: Person, url: str) -> Person:
    """A tab with what this one has kept, which is what a browser makes of one that is duplicated, or was lost."""
    kept = person.page.evaluate("() => JSON.stringify(sessionStorage)")
    tab = Person(person.page.context.new_page(), url, person.name, person.room).open()
    tab.page.evaluate("kept => Object.assign(sessionStorage, JSON.parse(kept))", kept)
    return tab


def test_who_lost_a_tab_without_a_goodbye_takes_their_place_again(line: Line, come: Come) -> None:
    ada, bob = come("Ada", line.words.url).join(), come("Bob", line.server.url).join()
    bob.sees(ada)
    bob.watch_status()
    before = of_others(bob)
    tab = another_tab(ada, line.server.url)
    line.words.set("stalled")  # nothing is heard of the first one any more
    tab.click("Join")
    tab.sees(bob)
    bob.wait_until(lambda: flows(bob), "Ada's picture")
    assert of_others(bob) == before
    assert said(bob) == []


def test_a_second_tab_takes_the_call_over_and_the_first_can_take_it_back(line: Line, come: Come) -> None:
    ada, bob = come("Ada", line.server.url).join(), come("Bob", line.server.url).join()
    bob.sees(ada)
    bob.watch_status()
    twin = another_tab(ada, line.server.url)
    twin.click("Join")
    twin.sees(bob)
    expect(ada.page.get_by_role("heading", name="You are in this call in another tab")).to_be_visible()
    ada.click("Continue here")
    ada.sees(bob)
    bob.sees(ada)
    expect(twin.page.get_by_role("heading", name="You are in this call in another tab")).to_be_visible()
    expect(bob.page.get_by_role("group")).to_have_count(2)
    assert said(bob) == []


def test_pictures_that_could_not_get_through_do_so_at_another_try(line: Line, come: Come) -> None:
    line.media.shut = True
    ada, bob = come("Ada", line.server.url).join(), come("Bob", line.server.url).join()
    bob.watch_status()
    for person in (ada, bob):
        expect(person.button("Try again")).to_be_visible(timeout=20_000)
    for person in (ada, bob):
        person.click("Try again")
        expect(person.button("Try again")).to_be_hidden()
    line.media.shut = False
    ada.sees(bob)
    bob.sees(ada)
    expect(ada.page.locator("call-banner:visible")).to_have_count(0)
    assert not [text for text in said(bob) if "left" in text or "joined" in text]


def test_whoever_leaves_while_reconnecting_is_gone(line: Line, come: Come) -> None:
    ada, bob = come("Ada", line.words.url).join(), come("Bob", line.server.url).join()
    line.words.set("closed")
    line.words.cut()
    expect(banner(ada, "Reconnecting…")).to_be_visible()
    ada.click("Leave")
    expect(ada.page.get_by_role("heading", name="You left")).to_be_visible()
    line.words.set("open")
    bob.told("Ada left", 20_000)
    assert not ada.page.evaluate("() => Object.keys(sessionStorage).length")
