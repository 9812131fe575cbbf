"""Somebody shares a screen, and the others see it large, hear of it, and see it go."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser import chromium
from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.browser.world import ARGUMENTS

SCREEN = "Ada's screen"


@pytest.fixture
def calm(playwright: Playwright) -> Generator[Browser, None, None]:
    """Start a browser of five pictures a second: what a busy machine cannot decode is taken for a slow network."""
    started = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
    yield started
    started.close()


def frames(person: Person) -> int:
    """How many pictures of the screen were decoded."""
    value: int = person.tile(SCREEN).evaluate("""async tile => {
      const [track] = tile.querySelector('video').srcObject.getVideoTracks();
      const report = await window.chatroom.legs().subscribe.getStats();
      return [...report.values()].find(s => s.type === 'inbound-rtp' && s.trackIdentifier === track.id).framesDecoded;
    }""")
    return value


def sent(person: Person) -> list[int]:
    """How many packets of the microphone and of the camera were sent."""
    value: list[int] = person.page.evaluate("""async () => {
      const report = await window.chatroom.legs().publish.getStats();
      const all = [...report.values()].filter(s => s.type === 'outbound-rtp');
      return ['0', '1'].map(mid => all.filter(s => s.mid === mid).reduce((sum, s) => sum + s.packetsSent, 0));
    }""")
    return value


def test_a_screen_is_shown_large_and_is_gone_everywhere_when_it_is_stopped(bring: Bring, calm: Browser) -> None:
    ada, bob = (bring(name, on=calm, viewport={"width": 640, "height": 480}).join() for name in ("Ada", "Bob"))
    ada.sees(bob)
    bob.sees(ada)
    connection = ada.page.evaluate_handle("() => window.chatroom.legs().publish")
    before = sent(ada)

    ada.click("Share screen")
    expect(ada.page.get_by_text("You are sharing your screen").first).to_be_visible()
    expect(ada.button("Share screen")).to_have_attribute("aria-pressed", "true")
    bob.told("Ada shares their screen")
    screen = bob.tile(SCREEN)
    expect(screen).to_be_visible()
    bob.wait_until(lambda: (bob.brightness(SCREEN) or 0) > 8, "a picture of the screen", timeout=40)
    large, face = screen.bounding_box(), bob.tile("Ada").bounding_box()
    assert large is not None
    assert face is not None
    assert large["width"] * large["height"] > 2 * face["width"] * face["height"]
    expect(bob.listed("Ada").get_by_role("img", name="shares their screen")).to_be_attached()
    expect(ada.tile(SCREEN)).to_have_count(0)  # no hall of mirrors

    # It moves and is heard, and so do camera and microphone, on the same connection.
    seen = frames(bob)
    bob.wait_until(lambda: frames(bob) > seen + 3, "a screen that moves", timeout=40)
    kinds = sorted(each["kind"] for each in bob.received().values() if each["packets"] > 0)
    assert kinds == ["audio", "audio", "video", "video"]
    bob.sees(ada)
    ada.wait_until(
        lambda: all(now > was for now, was in zip(sent(ada), before, strict=True)), "camera and microphone", timeout=40
    )
    assert ada.page.evaluate("before => window.chatroom.legs().publish === before", connection)

    for person in [bob]:
        person.page.evaluate(
            """label => {
          window.goneAt = new Promise(resolve => {
            const there = () => document.querySelector(`[aria-label="${label}"]`);
            const look = () => there() ? setTimeout(look, 10) : resolve(Date.now());
            look();
          });
        }""",
            SCREEN,
        )
    stopped = ada.page.evaluate("""() => {
      const stop = [...document.querySelectorAll('share-note button')].find(b => b.textContent === 'Stop sharing');
      stop.click();
      return Date.now();
    }""")
    for person in [bob]:
        gone = person.page.evaluate("() => window.goneAt") - stopped
        print(f"gone at {person.name}'s after {gone} ms")
        assert gone < 1_000
        person.told("Ada stopped sharing")
        person.sees(ada)
    expect(ada.page.get_by_text("Stop sharing")).to_have_count(0)
