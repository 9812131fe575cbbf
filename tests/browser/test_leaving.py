"""Whoever goes, the others are told at once, however it is done. (A killed browser does not go: test_killed.)"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator

import pytest
from playwright.sync_api import Browser, Playwright, expect
from playwright.sync_api import Error as PlaywrightError

from tests.browser import chromium
from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.conftest import Measured

#: Milliseconds. The aim is 250; a busy machine is no bug, a heartbeat that had to notice is.
AT_ONCE = 2_000


@pytest.fixture
def other_browser(playwright: Playwright, chromium_path: str) -> Generator[Browser, None, None]:
    started = playwright.chromium.launch(executable_path=chromium_path, args=chromium.ARGUMENTS)
    yield started
    started.close()


def test_everyone_is_told_of_each_way_to_go(bring: Bring, other_browser: Browser, measured: Measured) -> None:
    ada, zoe = bring("Ada").join(), bring("Zoe").join()
    took: dict[str, float] = {}

    def goes(name: str, way: Callable[[Person], object], *, on: Browser | None = None) -> None:
        person = (bring(name) if on is None else bring(name, on=on)).join()
        ada.sees(zoe, person)
        ada.watch_status()
        began = time.time() * 1000
        way(person)
        took[name] = ada.said_at(f"{name} left") - began
        expect(ada.tile(name)).to_have_count(0)
        zoe.told(f"{name} left")

    def crash(person: Person) -> None:
        with contextlib.suppress(PlaywrightError):  # there is nobody left to say that it went there
            person.page.goto("chrome://crash", timeout=2_000)

    goes("Closing", lambda person: person.page.close())
    goes("Navigating", lambda person: person.page.goto("about:blank"))
    goes("Reloading", lambda person: person.page.reload())
    # The rest of the browser outlives the page, and closes its socket properly.
    goes("Crashing", crash)
    goes("Quitting", lambda _: other_browser.close(), on=other_browser)

    measured("until the others read “left”: " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in took.items()))
    assert all(ms < AT_ONCE for ms in took.values()), took
    expect(ada.page.get_by_role("group")).to_have_count(2)


def test_leaving_by_the_button_says_so_to_both(bring: Bring) -> None:
    ada, bob = bring("Ada").join(), bring("Bob").join()
    bob.click("Leave")
    ada.told("Bob left")
    expect(bob.page.get_by_text("You left")).to_be_visible()
    bob.click("Join again")
    bob.click("Join")
    ada.told("Bob joined")
    ada.sees(bob)
