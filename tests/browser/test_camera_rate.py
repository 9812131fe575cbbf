"""Nothing that a page does with its own camera takes pictures from the others."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Playwright

from tests.browser import chromium
from tests.browser.person import Person
from tests.conftest import Measured

Bring = Callable[..., Person]

#: Pictures a second that the cameras give, and that have to arrive at least. To look at the camera by drawing its video
#: made four of ten.
RATE, LEAST = 10, 7
#: Of windows in which pictures are small.
SMALL = {"width": 640, "height": 480}
_TAKEN = """async () => {
  const counted = [...(await window.chatroom.legs().publish.getStats()).values()];
  return counted.find(one => one.type === 'media-source' && one.kind === 'video').frames;
}"""


def test_cameras_give_all_their_pictures(
    bring: Bring, playwright: Playwright, chromium_path: str, measured: Measured
) -> None:
    arguments = [argument for argument in chromium.ARGUMENTS if "fake-device" not in argument]
    browser = playwright.chromium.launch(
        executable_path=chromium_path, args=[*arguments, f"--use-fake-device-for-media-stream=fps={RATE}"]
    )
    try:
        people = [bring(name, on=browser, viewport=SMALL).join() for name in ("Ada", "Grace", "Olga")]
        people[0].page.wait_for_timeout(3_000)  # what a page does now and then has begun
        before = [person.page.evaluate(_TAKEN) for person in people]
        people[0].page.wait_for_timeout(4_000)
        taken = [person.page.evaluate(_TAKEN) - had for person, had in zip(people, before, strict=True)]
        measured(f"pictures of a camera that gives {RATE} a second: {', '.join(f'{n / 4:.1f}' for n in taken)}")
        assert min(taken) / 4 > LEAST
    finally:
        browser.close()
