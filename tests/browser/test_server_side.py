"""What people see when something happens to the server."""

from __future__ import annotations

import os
import signal
import time

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
