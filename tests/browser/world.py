"""A server, people at home with browsers of their own, somebody who looks on, and a witness."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
from playwright.sync_api import Browser, Playwright

from tests.browser import chromium
from tests.browser.netns import MEDIA_PORT, SERVER_ADDRESS, Home, Internet, Namespace
from tests.browser.person import Person
from tests.browser.witness import Witness, witness
from tests.processes import ONE_WORKER, Server, running_server

ADDRESS = f"{SERVER_ADDRESS}:8000"
URL = f"http://{ADDRESS}"
#: Five pictures a second are pictures, and leave two cores time for more than to encode them.
ARGUMENTS = [
    *(argument for argument in chromium.ARGUMENTS if "fake-device" not in argument),
    "--use-fake-device-for-media-stream=fps=5",
    f"--unsafely-treat-insecure-origin-as-secure={URL}",
]
#: Which track of theirs someone's tile shows, and how many pictures of it were decoded.
_PICTURES = """async tile => {
  const track = tile.querySelector('video').srcObject?.getVideoTracks()[0];
  const leg = window.chatroom.legs().subscribe;
  if (!track || !leg) return null;
  const received = [...(await leg.getStats()).values()].filter(s => s.type === 'inbound-rtp');
  const found = received.find(s => s.trackIdentifier === track.id);
  return found ? [leg.connectionState + track.id + found.ssrc, found.framesDecoded ?? 0] : null;
}"""


@contextmanager
def serving(network: Internet, *options: str) -> Generator[Server, None, None]:
    """Run a server in its network, always at the same address."""
    own = ["--host", SERVER_ADDRESS, "--port", "8000"]
    own += ["--media-port", str(MEDIA_PORT), "--media-address", SERVER_ADDRESS]
    command = [*network.server.enter, sys.executable, "-m", "web", "serve", *own, *ONE_WORKER]
    with running_server(*options, command=command) as server:
        yield server


@attrs.define(eq=False)
class World:
    """Everything above, for one test."""

    network: Internet
    server: Server
    witness: Witness
    _playwright: Playwright
    _chromium: str
    _folder: Path
    _stack: ExitStack
    _people: list[Person] = attrs.field(factory=list)
    _browsers: dict[int, Browser] = attrs.field(factory=dict)

    def browser(self, home: Home | None = None) -> Browser:
        """Start a browser in somebody's home, or beside the server; the same one for whoever is there."""
        number = 0 if home is None else home.number
        if number not in self._browsers:
            place: Namespace = self.network.server if home is None else home.inside
            wrapper = self._folder / f"chromium-{number}"
            wrapper.write_text(f'#!/bin/sh\nexec {shlex.join([*place.enter, self._chromium])} "$@"\n')
            wrapper.chmod(0o755)
            started = self._playwright.chromium.launch(executable_path=wrapper, args=ARGUMENTS)
            self._stack.callback(started.close)
            self._browsers[number] = started
        return self._browsers[number]

    def bring(self, name: str, home: Home | None = None, room: str = "blue") -> Person:
        """Bring somebody to the door, each in a browser context of their own."""
        page = self.browser(home).new_context(viewport={"width": 640, "height": 480}).new_page()
        person = Person(page, URL, name, room)
        self._people.append(person)
        return person

    def kill(self, home: Home) -> None:
        """End everything that runs in somebody's home, with no time for a last word."""
        home.kill()
        del self._browsers[home.number]

    @property
    def errors(self) -> dict[str, list[str]]:
        """What went wrong in pages, other than that they could not reach anybody."""
        for person in self._people:
            person.forgive_the_network()
        return {person.name: person.errors for person in self._people if person.errors}


@contextmanager
def made_world(
    network: Internet, playwright: Playwright, chromium_path: str, folder: Path, *options: str
) -> Generator[World, None, None]:
    with ExitStack() as stack:
        server = stack.enter_context(serving(network, *options))
        told = stack.enter_context(witness(ADDRESS, enter=network.server.enter))
        made = World(network, server, told, playwright, chromium_path, folder, stack)
        yield made
        errors = made.errors
    assert not errors


Pair = tuple[Person, Person]


def pictures(*pairs: Pair) -> dict[Pair, tuple[str, int] | None]:
    """For each pair: which track of the second the first one's page shows, and how many pictures of it there were."""
    return {(at, of): _pictures(at, of) for at, of in pairs}


def pictures_go_on(before: dict[Pair, tuple[str, int] | None], timeout: float = 25.0) -> dict[Pair, float]:
    """Wait until pictures come that had not come ``before``, and return when they did, in Unix seconds."""
    came: dict[Pair, float] = {}
    deadline = time.monotonic() + timeout
    while len(came) < len(before):
        for pair, had in before.items():
            if pair not in came and _newer(had, _pictures(*pair)):
                came[pair] = time.time()
        late = [f"{of.name} at {at.name}" for at, of in before if (at, of) not in came]
        assert not late or time.monotonic() < deadline, f"no pictures after {timeout} s of {late}"
        next(iter(before))[0].page.wait_for_timeout(50)
    return came


def _pictures(at: Person, of: Person) -> tuple[str, int] | None:
    tile = at.tile(of.name)
    found = tile.evaluate(_PICTURES) if tile.count() else None
    return None if found is None else (found[0], found[1])


def _newer(before: tuple[str, int] | None, now: tuple[str, int] | None) -> bool:
    if now is None:
        return False
    return now[1] > (before[1] + 1 if before is not None and before[0] == now[0] else 0)
