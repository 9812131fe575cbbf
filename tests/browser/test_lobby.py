"""Before joining: the first page, the preview, and what is said when a device is refused or missing."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser import chromium
from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.processes import Server

#: Without the flags that let pages have devices, or with no device to have.
_WITHOUT_CONSENT = [a for a in chromium.ARGUMENTS if "fake-ui" not in a]
_WITHOUT_DEVICES = [a for a in chromium.ARGUMENTS if "fake-device" not in a]


@pytest.fixture
def refusing(playwright: Playwright, chromium_path: str) -> Generator[Browser, None, None]:
    started = playwright.chromium.launch(
        executable_path=chromium_path, args=[*_WITHOUT_CONSENT, "--deny-permission-prompts"]
    )
    yield started
    started.close()


@pytest.fixture
def deviceless(playwright: Playwright, chromium_path: str) -> Generator[Browser, None, None]:
    started = playwright.chromium.launch(executable_path=chromium_path, args=_WITHOUT_DEVICES)
    yield started
    started.close()


def test_the_first_page_leads_to_a_room(server: Server, browser: Browser) -> None:
    page = browser.new_context().new_page()
    page.goto(server.url)
    box = page.get_by_role("textbox", name="Room name")
    expect(box).to_have_value(re.compile(r"^[a-z0-9-]{5,}$"))
    box.fill("Team Standup")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{server.url}/r/team-standup")
    expect(page.get_by_role("textbox", name="Your name")).to_be_visible()
    page.context.close()


def test_a_name_is_remembered_and_a_bad_one_explained(bring: Bring) -> None:
    ada = bring("Ada").open()
    name = ada.page.get_by_role("textbox", name="Your name")
    name.fill("   ")
    ada.click("Join")
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill("Ada")
    name.press("Enter")
    expect(ada.tile("Ada (you)")).to_be_visible()
    ada.page.goto(ada.url)
    expect(name).to_have_value("Ada")
    for device in ("Microphone", "Camera"):
        expect(ada.button(device)).to_have_attribute("aria-pressed", "true")


def test_who_refuses_the_devices_is_told_how_and_can_join(refusing: Browser, bring: Bring) -> None:
    ada = bring("Ada").join()
    bob = bring("Bob", on=refusing).open()
    expect(
        bob.page.get_by_text(re.compile("may not use your camera and microphone", re.IGNORECASE)).first
    ).to_be_visible()
    for device in ("Microphone", "Camera"):
        expect(bob.button(device)).to_have_attribute("aria-pressed", "false")
    bob.click("Join")
    ada.told("Bob joined")
    expect(ada.tile("Bob").get_by_role("img", name="microphone off")).to_be_visible()
    bob.sees(ada)


def test_who_has_no_devices_is_told_and_can_join(deviceless: Browser, bring: Bring) -> None:
    ada = bring("Ada").join()
    bob = bring("Bob", on=deviceless).open()
    expect(bob.page.get_by_text(re.compile("no (camera|microphone)", re.IGNORECASE)).first).to_be_visible()
    bob.click("Join")
    bob.sees(ada)
    expect(ada.tile("Bob")).to_be_visible()


def test_all_can_be_done_with_the_keyboard(bring: Bring) -> None:
    ada = bring("Ada").open()
    page = ada.page
    page.get_by_role("textbox", name="Your name").press("Enter")
    expect(ada.tile("Ada (you)")).to_be_visible()
    reached: set[str] = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
          let element = document.activeElement;
          while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
          const seen = getComputedStyle(element);
          const ring = seen.outlineStyle !== 'none' || seen.boxShadow !== 'none';
          return ring ? element.getAttribute('aria-label') ?? element.textContent.trim() : '';
        }""")
        )
    assert {"Microphone", "Camera", "Chat", "Leave"} <= reached, reached


def test_a_person_without_a_name_is_not_shown_an_error_before_trying(bring: Bring) -> None:
    eve: Person = bring("")
    eve.page.goto(eve.url)
    name = eve.page.get_by_role("textbox", name="Your name")
    expect(name).to_be_visible()
    expect(name).not_to_have_attribute("aria-invalid", "true")
