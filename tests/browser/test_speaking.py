"""Who speaks is seen by the others, and where there is not room for all it is who speaks that is seen."""

from __future__ import annotations

import math
import re
import struct
import wave
from pathlib import Path

from playwright.sync_api import Playwright, expect

from tests.browser import chromium
from tests.browser.conftest import Bring

SPEAKING = re.compile(r"\bspeaking\b")
OUT = re.compile(r"\bout\b")
RATE = 48_000


def write_speech(path: Path) -> None:
    """Write what has a voice's pitch and syllables; a browser suppresses what does not change."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        phase = 0.0
        samples = bytearray()
        for number in range(2 * RATE):
            at = number / RATE
            phase += 2 * math.pi * (140 + 30 * math.sin(2 * math.pi * 0.7 * at)) / RATE
            syllable = max(0.0, math.sin(2 * math.pi * 3.5 * at)) ** 0.5
            voice = sum(math.sin(harmonic * phase) / harmonic for harmonic in range(1, 9))
            samples += struct.pack("<h", round(9_000 * syllable * voice / 2))
        file.writeframes(bytes(samples))


def test_who_speaks_is_seen(bring: Bring, playwright: Playwright, chromium_path: str, tmp_path: Path) -> None:
    write_speech(tmp_path / "speech.wav")
    # the usual fake microphone beeps, which is a click
    arguments = [*chromium.ARGUMENTS, f"--use-file-for-fake-audio-capture={tmp_path / 'speech.wav'}"]
    speaking = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
    try:
        bob = bring("Bob").join()
        eve = bring("Eve", viewport={"width": 180, "height": 320}).join()
        expect(eve.tile("Bob")).not_to_have_class(OUT)
        ada = bring("Ada", on=speaking).join()
        for person in (bob, eve):
            expect(person.tile("Ada")).to_have_class(SPEAKING, timeout=15_000)
        # the small page has room for two: its own, and who spoke last
        expect(eve.tile("Ada")).not_to_have_class(OUT)
        expect(eve.page.locator("person-tile[aria-label='Bob']")).to_have_class(OUT)
        expect(eve.page.get_by_text("and 1 more")).to_be_visible()
        expect(bob.tile("Eve")).not_to_have_class(SPEAKING)
        ada.click("Microphone")
        for person in (bob, eve):
            expect(person.tile("Ada")).not_to_have_class(SPEAKING)
        expect(eve.tile("Ada")).not_to_have_class(OUT)
        ada.page.context.close()
        expect(eve.tile("Bob")).to_be_visible()
    finally:
        speaking.close()
