"""What people see when something happens to the server."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.conftest import Measured
from tests.processes import Server, alive, running_server


def test_a_killed_worker_comes_back_and_nobody_leaves(server: Server, bring: Bring, measured: Measured) -> None:
    people = [bring(name).join() for name in ("Ada", "Bob", "Eve")]
    for person in people:
        person.sees(*(other for other in people if other is not person))
        person.watch_status()
    ids = [person.page.evaluate("performance.timeOrigin") for person in people]
    (worker,) = server.workers()
    began = time.monotonic()
    os.kill(worker, signal.SIGKILL)
    for person in people:
        person.told("Pictures and sound are being restored")
    for person in people:
        person.wait_until(lambda p=person: flows(p), "pictures after the worker's death")
    took = time.monotonic() - began
    measured(f"pictures flow again {took:.2f} s after the worker was killed")
    assert ids == [person.page.evaluate("performance.timeOrigin") for person in people], "no page was reloaded"
    for person in people:
        said = person.page.evaluate("window.said.map(([, text]) => text)")
        assert not [text for text in said if "left" in text or "joined" in text], said
        person.sees(*(other for other in people if other is not person))
    (successor,) = server.workers()
    assert successor != worker
    assert took < 10


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_worker_is_replaced_by_the_spare(browser: Browser, measured: Measured, how: signal.Signals) -> None:
    with running_server("--media-spare") as server, gathering(browser, server) as people:
        workers(server, ready=2)
        for person in people:
            person.sees(*(other for other in people if other is not person))
            person.watch_status()
            person.watch_pictures(2)
        for person in people:
            person.wait_until(lambda p=person: p.pictures_flow(), "pictures before anything happens")
        lost = next(worker["pid"] for worker in workers(server, ready=2) if worker["rooms"])
        os.kill(lost, how)
        for person in people:
            person.wait_until(lambda p=person: p.receives_anew(), "a connection to the spare")
        for person in people:
            person.wait_until(lambda p=person: p.pictures_flow(), "pictures from the spare")
        gaps = [person.gap() for person in people]
        measured(f"{len(people)} people are without pictures for {max(gaps):.2f} s at most after {how.name}")
        for person in people:
            said = person.page.evaluate("window.said.map(([, text]) => text)")
            assert not [text for text in said if "left" in text or "joined" in text], said
            person.sees(*(other for other in people if other is not person))
        assert not alive(lost)
        (there,) = [worker for worker in workers(server, ready=2) if worker["rooms"]]
        assert there["sessions"] == len(people)
        assert max(gaps) < 10


@contextmanager
def gathering(browser: Browser, server: Server) -> Generator[list[Person], None, None]:
    names = ("Ada", "Bob", "Eve")
    people = [Person(browser.new_context().new_page(), server.url, name, "blue").join() for name in names]
    yield people
    for person in people:
        person.page.context.close()


def workers(server: Server, ready: int) -> list[dict[str, Any]]:
    """Wait until so many take requests, and return what is known of them."""
    deadline = time.monotonic() + 30
    while True:
        with urllib.request.urlopen(f"{server.url}/healthz") as response:
            found = json.load(response)["workers"]
        if sum(worker["state"] in ("up", "spare") for worker in found) == ready:
            return list(found)
        assert time.monotonic() < deadline, f"not {ready} workers: {found}"
        time.sleep(0.05)


def flows(person: Person) -> bool:
    """Whether two videos are coming in now."""
    first = {mid: r["frames"] for mid, r in person.received().items() if r["kind"] == "video"}
    person.page.wait_for_timeout(150)
    second = {mid: r["frames"] for mid, r in person.received().items() if r["kind"] == "video"}
    return len(second) == 2 and all(frames > first.get(mid, frames) for mid, frames in second.items())


def test_a_stopping_server_says_so(server: Server, bring: Bring) -> None:
    people = [bring(name).join() for name in ("Ada", "Bob")]
    waiting = bring("Eve").open()  # in the lobby: no socket, nothing to be told
    workers = server.workers()
    assert server.stop() == 0
    for person in people:
        expect(person.page.get_by_text("The server is stopping").first).to_be_visible()
    expect(waiting.button("Join")).to_be_visible()
    assert not [pid for pid in workers if alive(pid)]
    for person in people:
        person.errors.clear()  # the browser says so each time that nobody is there to come back to


def test_where_no_udp_gets_through_the_page_says_so_and_chat_works(browser: Browser) -> None:
    # What the browsers are told to send to is a port where nobody listens.
    with running_server("--announce", "127.0.0.1:9") as server:
        people = [Person(browser.new_context().new_page(), server.url, name, "blue").join() for name in ("Ada", "Bob")]
        ada, bob = people
        expect(ada.page.get_by_text("Pictures and sound cannot get through").first).to_be_visible(timeout=20_000)
        bob.click("Chat") if not bob.page.get_by_role("log").is_visible() else None
        box = bob.page.get_by_role("textbox", name="Message")
        box.fill("can you read me?")
        box.press("Enter")
        ada.click("Chat") if not ada.page.get_by_role("log").is_visible() else None
        expect(ada.page.get_by_role("log")).to_contain_text("can you read me?")
        expect(ada.tile("Bob")).to_be_visible()
        for person in people:
            person.page.context.close()
