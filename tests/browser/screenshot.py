"""Takes the README's picture: ``make screenshot``. Four people, each a browser whose camera is a drawing."""

from __future__ import annotations

import math
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.person import Person
from tests.processes import running_server

WIDTH, HEIGHT = 640, 360
#: Name, background and clothes as (luma, blue, red) of YCbCr, and how far from the middle they sit.
PEOPLE = [
    ("Ada", (96, 138, 112), (58, 150, 118), -0.06),
    ("Grace", (118, 112, 140), (170, 118, 138), 0.05),
    ("Edsger", (84, 146, 118), (132, 96, 128), 0.0),
    ("Barbara", (126, 120, 122), (74, 140, 150), 0.08),
]
SKIN = [(176, 108, 150), (128, 106, 152), (188, 110, 146), (150, 106, 152)]
HAIR = [(44, 122, 134), (34, 126, 130), (150, 124, 130), (62, 116, 144)]
Colour = tuple[int, int, int]


def portrait(background: Colour, clothes: Colour, skin: Colour, hair: Colour, offset: float) -> bytes:
    """Draw a head and shoulders before a soft wall, as a frame of planar YCbCr 4:2:0."""
    centre = WIDTH * (0.5 + offset)

    def colour(x: float, y: float) -> Colour:
        dx = x - centre
        if (dx / 62) ** 2 + ((y - 172) / 80) ** 2 < 1 and y > 130 + 12 * math.sin(dx / 24):
            return skin
        if (dx / 76) ** 2 + ((y - 156) / 88) ** 2 < 1 and y < 205:
            return hair
        if abs(dx) < 26 and 230 < y < 300:
            return (skin[0] - 18, skin[1], skin[2])
        if (dx / 168) ** 2 + ((y - 400) / 140) ** 2 < 1:
            return clothes
        light = 34 * (1 - math.hypot(x - WIDTH * 0.25, y - HEIGHT * 0.1) / WIDTH)
        return (int(background[0] + light), background[1], background[2])

    luma = bytes(colour(x, y)[0] for y in range(HEIGHT) for x in range(WIDTH))
    half = [colour(x, y) for y in range(0, HEIGHT, 2) for x in range(0, WIDTH, 2)]
    return luma + bytes(c[1] for c in half) + bytes(c[2] for c in half)


def main(path: str) -> None:
    chromium_path = chromium.find()
    assert chromium_path is not None, "Chromium is not installed"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running_server())
        playwright = stack.enter_context(sync_playwright())
        people: list[Person] = []
        for (name, background, clothes, offset), skin, hair in zip(PEOPLE, SKIN, HAIR, strict=True):
            camera = folder / f"{name}.y4m"
            frame = b"FRAME\n" + portrait(background, clothes, skin, hair, offset)
            camera.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420jpeg\n".encode() + frame * 2)
            arguments = [*chromium.ARGUMENTS, f"--use-file-for-fake-video-capture={camera}"]
            browser = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
            stack.callback(browser.close)
            context = browser.new_context(viewport={"width": 1280, "height": 760}, color_scheme="dark", locale="en-GB")
            people.append(Person(context.new_page(), server.url, name, "analytical-engine").join())
        ada, grace, edsger, barbara = people
        for person in people:
            person.sees(*(other for other in people if other is not person))
        barbara.click("Microphone")
        for person, text in [
            (grace, "Morning! Can everybody see the diagram?"),
            (edsger, "Yes. It is simple, so it may be right."),
            (ada, "Then let us begin."),
        ]:
            box = person.page.get_by_role("textbox", name="Message")
            box.fill(text)
            box.press("Enter")
            ada.page.wait_for_timeout(300)
        ada.page.wait_for_timeout(6_000)  # until the news of who joined is gone
        ada.page.screenshot(path=path)


if __name__ == "__main__":
    main(sys.argv[1])
