"""However someone goes, the others are told at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

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
def doomed_browser(
    playwright: Playwright, chromium_path: str, tmp_path: Path
) -> Generator[tuple[Browser, subprocess.Popen[bytes]], None, None]:
    """A browser of its own, to be killed by its process id."""
    process = subprocess.Popen(
        [
            chromium_path,
            "--headless=new",
            *chromium.ARGUMENTS,
            f"--user-data-dir={tmp_path}",
            "--remote-debugging-port=0",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    told = tmp_path / "DevToolsActivePort"
    deadline = time.monotonic() + 20
    while not (told.exists() and "\n" in told.read_text()):
        assert time.monotonic() < deadline, "the browser did not start"
        time.sleep(0.05)
    try:
        yield playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{told.read_text().split()[0]}"), process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_everyone_is_told_of_each_way_to_go(
    bring: Bring, doomed_browser: tuple[Browser, subprocess.Popen[bytes]], measured: Measured
) -> None:
    other_browser, process = doomed_browser
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
    goes("Crashing", crash)
    goes("Killed", lambda _: process.kill(), on=other_browser)

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
