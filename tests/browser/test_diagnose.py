"""Some of the faults that `benchmarks.diagnose` has all of: the verdict names the cause, and the page shows it.

Those that take long to be noticed, or need a server or a browser of their own, are played there only.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Playwright, expect

from tests.browser.faults import FAULTS, microphone_off, play
from tests.browser.scene import Scene, set_up
from tests.conftest import Measured

QUICK = (
    "microphone muted at the device",
    "producer without packets",
    "UDP and TCP blocked",
    "missing keyframe",
)
#: Three seconds are promised, of a machine with nothing else to do.
SECONDS = 10.0


@pytest.fixture(scope="module")
def scene(playwright: Playwright, chromium_path: str) -> Generator[Scene, None, None]:
    with set_up(playwright, chromium_path) as made:
        yield made


@pytest.mark.parametrize("name", QUICK)
def test_the_verdict_names_the_cause(scene: Scene, measured: Measured, name: str) -> None:
    (fault,) = [fault for fault in FAULTS if fault.name == name]
    told = play(fault, scene)
    measured(f"why, {name}: {told.answer['verdict']['code']} after {told.seconds:.2f} s")
    assert told.answer["verdict"]["code"] in fault.codes, told.answer
    assert told.seconds < SECONDS


def test_the_page_says_it_behind_the_signal_bars(scene: Scene) -> None:
    scene.room = "tile"
    try:
        microphone_off(scene)
        ada, bob = scene.people
        bars = ada.tile("Bob").get_by_role("button", name="Bob")
        bars.click()
        ada.click("Why can’t I hear or see Bob?")
        dialog = ada.page.get_by_role("dialog", name="Why can’t I hear or see Bob?")
        says = dialog.get_by_text("Bob’s microphone is switched off.")
        expect(says).to_be_visible(timeout=1_000 * SECONDS)
        expect(dialog.get_by_text("Bob switches it on")).to_be_visible()
        hops = dialog.get_by_role("listitem")
        expect(hops.first).not_to_be_visible()
        dialog.get_by_text("What was looked at").click()
        expect(hops.filter(has_text="Bob has it switched on")).to_contain_text("does not work")
        # the keys of the page are not those of the dialog
        ada.page.keyboard.press("m")
        dialog.get_by_label("What", exact=True).select_option(label="Bob does not see me")
        expect(dialog.get_by_text("Nothing").first).to_be_visible(timeout=1_000 * SECONDS)
        ada.page.keyboard.press("Escape")
        expect(dialog).not_to_be_visible()
        expect(ada.button("Microphone")).to_have_attribute("aria-pressed", "true")
        expect(bars).to_be_focused()

        # by keyboard, as the hint that Bob talks though he is muted may lie above it
        bob.tile("Bob (you)").get_by_role("button", name="Bob").focus()
        bob.page.keyboard.press("Enter")
        bob.click("Why can they not hear or see me?")
        dialog = bob.page.get_by_role("dialog", name="Why can they not hear or see me?")
        expect(dialog.get_by_text("Bob’s microphone is switched off.")).to_be_visible(timeout=1_000 * SECONDS)
        assert ada.errors == bob.errors == []
    finally:
        scene.clear()
