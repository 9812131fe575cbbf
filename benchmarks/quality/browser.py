"""The same with Chromium: one call, one fault after the other with one person, and what everyone's page is told.

``python -m benchmarks.quality.browser [--clean SECONDS] [--only FAULT]``
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocket, sync_playwright

from benchmarks.recovery.page import prepare
from tests.browser import chromium
from tests.browser.person import Person
from tests.network.process import running_network
from tests.ports import free_port
from tests.processes import running_server

NAMES = ("Ada", "Bob", "Cleo")
#: Pictures a second that leave two cores time for three people and the server.
ARGUMENTS = [
    *(argument for argument in chromium.ARGUMENTS if "fake-device" not in argument),
    "--use-fake-device-for-media-stream=fps=10",
]
#: What is done to Ada's network, and what is to be said of her.
FAULTS: dict[str, tuple[str, set[tuple[str, str | None]]]] = {
    "uplink loses 15 %": ("ada up 15%", {("network_slow", "uplink")}),
    # what they send is about 140 kbit/s with all headers
    "uplink takes 60 kbit/s": ("ada up 60kbit", {("network_slow", "uplink")}),
    "downlink loses 15 %": ("ada down 15%", {("network_slow", "downlink")}),
    "downlink takes 120 kbit/s": ("ada down 120kbit", {("network_slow", "downlink")}),
    "uplink loses 60 %": ("ada up 60%", {("network_slow", "uplink")}),
    "is cut": ("ada cut", {("leg_lost", "uplink"), ("leg_lost", "downlink")}),
}
LASTS, OVER = 15.0, 60.0


class Told:
    """What the pages were told."""

    def __init__(self) -> None:
        self.words: list[tuple[float, str, dict[str, Any]]] = []
        self.ids: dict[str, str] = {}

    def watch(self, name: str, page: Page) -> None:
        """Listen on a page's websockets."""
        page.on("websocket", lambda socket: self._open(name, socket))

    def _open(self, name: str, socket: WebSocket) -> None:
        def got(frame: str | bytes) -> None:
            word = json.loads(frame)
            if word["type"] == "joined":
                self.ids[word["you"]] = name
            if word["type"] in ("signal", "problem", "problem_over"):
                self.words.append((time.monotonic(), name, word))

        socket.on("framereceived", got)

    def said(self, at: str, type: str, since: float) -> list[tuple[float, str | None, str, str | None]]:
        """When, of whom, what, in which direction."""
        return [
            (when, self.ids.get(word["participant"]), word["kind"], word["direction"])
            for when, name, word in self.words
            if name == at and word["type"] == type and when >= since
        ]

    def open(self, at: str) -> set[tuple[str | None, str, str | None]]:
        """The problems that there are."""
        there: set[tuple[str | None, str, str | None]] = set()
        for _, name, word in self.words:
            if name == at and word["type"].startswith("problem"):
                key = (self.ids.get(word["participant"]), word["kind"], word["direction"])
                (there.add if word["type"] == "problem" else there.discard)(key)
        return there


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.browser", description=__doc__)
    parser.add_argument("--clean", type=float, default=60.0, help="seconds without a fault, at first  [%(default)s]")
    parser.add_argument("--only", action="append", choices=FAULTS)
    options = parser.parse_args()
    with contextlib.redirect_stdout(sys.stderr):
        lines = measure(options.clean, options.only or list(FAULTS))
    print("\n".join(lines))


def measure(clean: float, names: list[str]) -> list[str]:
    """Hold the call."""
    told, lines = Told(), list[str]()
    port = free_port()
    path = chromium.find()
    assert path is not None, "Chromium is not installed: `make test` installs it"
    with (
        running_network([name.lower() for name in NAMES], ("127.0.0.1", port), 1) as network,
        running_server(
            *("--media-port", str(port), "--media-address", "127.0.0.1"),
            *("--announce", f"127.0.0.1:{(announced := network.ports['ada'])}"),
        ) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        people = []
        for name in NAMES:
            context = browser.new_context(viewport={"width": 640, "height": 480})
            prepare(context, announced, network.ports[name.lower()])
            page = context.new_page()
            told.watch(name, page)
            people.append(Person(page, server.url, name, "blue").join())

        def wait(seconds: float, done: Callable[[], bool] = lambda: False) -> float:
            began = time.monotonic()
            while time.monotonic() - began < seconds and not done():
                people[0].page.wait_for_timeout(250)
            return time.monotonic() - began

        wait(clean)
        lines.append(f"{clean:g} s without a fault: {[word for _, _, word in told.words if word['type'] == 'problem']}")
        for fault in names:
            command, must = FAULTS[fault]
            began = time.monotonic()
            network.tell(command)
            wait(LASTS)
            network.tell("ada both clear")
            network.tell("ada mend")
            over = wait(OVER, lambda: not told.open("Bob"))
            right = {("Ada", *each) for each in must}
            first: dict[str, list[float]] = {}
            wrong = set()
            for name in ("Bob", "Cleo"):
                said = told.said(name, "problem", began)
                first[name] = [round(when - began, 1) for when, *blame in said if tuple(blame) in right][: len(must)]
                wrong |= {tuple(blame) for _, *blame in said} - right
            lines.append(f"{fault}: told after {first}; besides: {wrong or 'nothing'}; over after {over:.0f} s")
            print(lines[-1], file=sys.stderr, flush=True)
            wait(8)
        browser.close()
    return lines


if __name__ == "__main__":
    main()
