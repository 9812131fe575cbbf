"""Where two people in browsers meet: a server, a relay that may be as bad as a network, and what brings them there.

Both come through the relay, each by a port of their own.
"""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs
from playwright.sync_api import Browser, Playwright

from tests.browser import chromium
from tests.browser.person import Person
from tests.network.process import Network, running_network
from tests.ports import free_port
from tests.processes import Server, running_server

#: Five pictures a second are pictures, and leave two cores time for more than to encode them.
_CALM = [argument for argument in chromium.ARGUMENTS if "fake-device" not in argument]
ARGUMENTS = [*_CALM, "--use-fake-device-for-media-stream=fps=10"]
#: Has a page's connections go by a port of the relay that is its own.
_WAY = """(() => {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    if (!description?.sdp) return take.apply(this, arguments);
    const sdp = description.sdp.replaceAll('127.0.0.1 ANNOUNCED ', '127.0.0.1 OWN ');
    return take.call(this, {type: description.type, sdp});
  };
})()"""


@attrs.define(eq=False)
class Scene:
    """A server, a relay before its media port, and browsers. Everyone comes to a room of the scene's."""

    server: Server
    network: Network | None
    announced: int
    browser: Browser
    start: Callable[[Sequence[str]], Browser]
    room: str = "blue"
    people: list[Person] = attrs.field(factory=list)

    def come(self, name: str, script: str = "", on: Browser | None = None, **context: Any) -> Person:
        """Have somebody open the page, with a script in it that runs before anything of the page's."""
        made = (on or self.browser).new_context(**{"viewport": {"width": 640, "height": 480}, **context})
        if self.network is not None:
            own = self.network.ports[name.lower()]
            made.add_init_script(_WAY.replace("ANNOUNCED", str(self.announced)).replace("OWN", str(own)))
        if script:
            made.add_init_script(script)
        person = Person(made.new_page(), self.server.url, name, self.room)
        self.people.append(person)
        return person

    def tell(self, command: str) -> None:
        assert self.network is not None
        self.network.tell(command)

    def ask(self, kind: str, sender: str = "Bob", receiver: str = "Ada") -> tuple[dict[str, Any], float]:
        """Ask the server why, and return what it answers and how long it took."""
        query = urllib.parse.urlencode({"from": sender, "to": receiver, "kind": kind})
        began = time.monotonic()
        with urllib.request.urlopen(f"{self.server.url}/api/rooms/{self.room}/diagnose?{query}", timeout=10) as answer:
            return json.load(answer), time.monotonic() - began

    def clear(self) -> None:
        """End all contexts, and make the relay what it was."""
        for person in self.people:
            person.page.context.close()
        self.people.clear()
        if self.network is not None:
            for command in ("everyone both clear", "everyone mend", "everyone unblock udp", "everyone unblock tcp"):
                self.tell(command)


def both(scene: Scene, **scripts: str) -> tuple[Person, Person]:
    """Bring both, and wait until they see each other."""
    ada = scene.come("Ada", scripts.get("ada", "")).join()
    bob = scene.come("Bob", scripts.get("bob", "")).join()
    ada.sees(bob)
    return ada, bob


def wait(scene: Scene, seconds: float) -> None:
    scene.people[0].page.wait_for_timeout(1000 * seconds)


@contextmanager
def set_up(playwright: Playwright, path: str, *options: str, relay: bool = True) -> Generator[Scene, None, None]:
    """Run a server, with a relay before it, and a browser."""
    with ExitStack() as stack:

        def start(arguments: Sequence[str]) -> Browser:
            browser = playwright.chromium.launch(executable_path=path, args=list(arguments))
            stack.callback(browser.close)
            return browser

        network, announced = None, 0
        if relay:
            port = free_port()
            network = stack.enter_context(running_network(["ada", "bob"], ("127.0.0.1", port)))
            announced = network.ports["ada"]
            options = (*("--media-port", str(port), "--media-address", "127.0.0.1"), *options)
            options = (*("--announce", f"127.0.0.1:{announced}"), *options)
        server = stack.enter_context(running_server(*options))
        yield Scene(server, network, announced, start(ARGUMENTS), start)
