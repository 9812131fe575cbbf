"""How long a call is without pictures when its media worker is killed, or stopped, and the spare takes over.

Run from the top of the repository: ``python -m benchmarks.worker_loss [people]``. Everyone is a page of a real Chromium
with a camera of 640×360 at 10 pictures a second, so that two cores have time for six. What counts is from the last
picture of somebody that was shown to the next one. Nobody may leave.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import urllib.request
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.recovery.call import ARGUMENTS
from tests.browser import chromium
from tests.browser.person import Person
from tests.processes import Server, running_server

NAMES = ("Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")
_VIEWPORT: Any = {"width": 640, "height": 480}
_CAMERA = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) =>
    ask(wanted.video ? {...wanted, video: {width: 640, height: 360}} : wanted);
}"""
#: Milliseconds in which nobody looks.
_AFTERWARDS = 4_000


def measure(browser: Browser, server: Server, count: int, how: signal.Signals) -> list[float]:
    """Have people call, take their worker away, and return for how long each was without somebody's picture."""
    people = []
    for name in NAMES[:count]:
        context = browser.new_context(viewport=_VIEWPORT)
        context.add_init_script(f"({_CAMERA})()")
        people.append(Person(context.new_page(), server.url, name, how.name.lower()).join())
    for person in people:
        person.sees(*(other for other in people if other is not person))
        person.watch_status()
        person.watch_pictures(count - 1)
    for person in people:
        person.wait_until(lambda p=person: p.pictures_flow(), "pictures before anything happens")
    people[0].page.wait_for_timeout(5_000)
    for person in people:  # what was missing while they came does not count
        person.watch_pictures(count - 1)
    people[0].page.wait_for_timeout(1_000)
    (lost,) = [worker["pid"] for worker in _workers(server) if worker["rooms"]]
    os.kill(lost, how)
    people[0].page.wait_for_timeout(_AFTERWARDS)
    for person in people:
        person.wait_until(lambda p=person: p.receives_anew() and p.pictures_flow(), "pictures from the spare")
    gaps = [person.gap() for person in people]
    for person in people:
        said = person.page.evaluate("window.said.map(([, text]) => text)")
        assert not [text for text in said if "left" in text or "joined" in text], said
        person.sees(*(other for other in people if other is not person))
    for person in people:
        person.page.context.close()
    return gaps


def _workers(server: Server) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{server.url}/healthz") as response:
        return list(json.load(response)["workers"])


def main() -> None:
    """Measure what the command line says."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    path = chromium.find()
    if path is None:
        raise SystemExit("Chromium is not installed: `make test` installs it")
    with sync_playwright() as playwright:
        for how in (signal.SIGKILL, signal.SIGSTOP):
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            with contextlib.redirect_stdout(sys.stderr), running_server("--media-spare") as server:
                while sum(worker["state"] in ("up", "spare") for worker in _workers(server)) < 2:
                    time.sleep(0.1)
                gaps = sorted(measure(browser, server, count, how))
                browser.close()
            load = os.getloadavg()[0]
            shown = ", ".join(f"{gap:.2f}" for gap in gaps)
            print(f"{how.name}: {count} people were without pictures for {shown} s (load {load:.1f})", flush=True)


if __name__ == "__main__":
    main()
