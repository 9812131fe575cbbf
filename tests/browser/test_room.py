"""The room under the hands: keyboard, phones, interruptions."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.browser.test_call import write
from tests.processes import Server, running_server


def test_the_keyboard_passes_a_closed_chat_by(bring: Bring) -> None:
    ada, bob = bring("Ada").join(), bring("Bob").join()
    write(bob, "see https://example.org/")
    expect(ada.page.get_by_role("log")).to_contain_text("example.org")
    for _ in range(12):
        ada.page.keyboard.press("Tab")
        assert not ada.page.evaluate("document.querySelector('side-panel').contains(document.activeElement)")
    expect(ada.button("Chat")).to_have_attribute("aria-pressed", "false")
    ada.page.get_by_role("textbox", name="Message").focus()  # as a screen reader does
    expect(ada.button("Chat")).to_have_attribute("aria-pressed", "true")


def test_letters_are_shortcuts_until_one_says_no(bring: Bring) -> None:
    ada = bring("Ada").join()
    microphone = ada.button("Microphone")
    ada.page.keyboard.press("m")
    expect(microphone).to_have_attribute("aria-pressed", "false")
    ada.page.keyboard.press("m")
    expect(microphone).to_have_attribute("aria-pressed", "true")
    ada.click("Settings")
    ada.page.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
    ada.page.keyboard.press("Escape")
    ada.page.keyboard.press("m")
    expect(microphone).to_have_attribute("aria-pressed", "true")
    assert microphone.get_attribute("aria-keyshortcuts") is None


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (1024, 768)])
def test_the_buttons_are_in_reach_beside_an_open_chat_and_stay_in_place(bring: Bring, size: tuple[int, int]) -> None:
    ada = bring("Ada", viewport={"width": size[0], "height": size[1]}).join()
    before = ada.button("Leave").bounding_box()
    ada.click("Chat")
    expect(ada.page.get_by_role("textbox", name="Message")).to_be_visible()
    for name in ("Microphone", "Camera", "Chat", "Leave", "Settings"):
        ada.button(name).click(trial=True)
    assert ada.button("Leave").bounding_box() == before


def test_who_is_refused_can_try_again_with_the_keyboard(server: Server, bring: Bring) -> None:
    ada = bring("Ada").open()
    server.stop()
    ada.page.get_by_role("textbox", name="Your name").press("Enter")
    expect(ada.page.get_by_role("alert").filter(has_text="could not be reached")).to_be_visible()
    ada.button("Join").focus()
    ada.page.keyboard.press("Enter")
    expect(ada.button("Join")).to_be_focused()
    ada.errors.clear()  # of the socket that was not opened


def test_the_room_and_what_is_being_written_outlive_another_try(browser: Browser) -> None:
    with running_server("--announce", "127.0.0.1:9") as server:
        ada = Person(browser.new_context().new_page(), server.url, "Ada", "blue").join()
        ada.click("Chat")
        message = ada.page.get_by_role("textbox", name="Message")
        message.fill("half a")
        expect(ada.button("Try again")).to_be_visible(timeout=20_000)
        ada.button("Try again").dblclick()
        expect(ada.button("Try again")).to_be_hidden()
        expect(message).to_have_value("half a")
        expect(ada.page.get_by_role("group")).to_have_count(1)
        ada.page.context.close()
        assert not ada.errors
