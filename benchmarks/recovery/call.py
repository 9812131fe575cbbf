"""A call of four people through the relay."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import attrs
from playwright.sync_api import Browser, sync_playwright

from benchmarks.recovery.page import Sample, noted, prepare
from benchmarks.recovery.series import Series
from tests.browser import chromium
from tests.browser.person import Person
from tests.network.process import Network, running_network
from tests.processes import Server, environment, running_server

NAMES = ("Ada", "Bob", "Cleo", "Dan")
UNLUCKY = NAMES[0]
#: Pictures a second that leave two cores time for four people and the server.
FPS = 10
ARGUMENTS = [
    *(argument for argument in chromium.ARGUMENTS if "fake-device" not in argument),
    f"--use-fake-device-for-media-stream=fps={FPS}",
]
#: Each worker has a port of its own, and the relay stands before one.
ONE_WORKER = {"CHATROOM_MEDIA_WORKERS": "1"}
_VIEWPORT = {"width": 640, "height": 480}


@attrs.define(eq=False)
class Call:
    """Four people, their relay, and what each of them noted of each other."""

    network: Network
    server: Server
    announced: int
    _browser: Browser
    _people: dict[str, Person] = attrs.field(factory=dict)
    _noted: dict[str, list[Sample]] = attrs.field(factory=dict)

    def come(self, name: str) -> None:
        """Have somebody join, and wait for nobody's picture."""
        context = self._browser.new_context(viewport=_VIEWPORT)  # type: ignore[arg-type]
        prepare(context, self.announced, self.network.ports[name.lower()])
        self._people[name] = Person(context.new_page(), self.server.url, name, "blue").join()
        self._noted[name] = []

    def tell(self, *commands: str) -> None:
        for command in commands:
            self.network.tell(command)

    def wait(self, seconds: float) -> float:
        """Let the call go on for some seconds, and return the time then."""
        until = time.time() + seconds
        while (left := until - time.time()) > 0:
            next(iter(self._people.values())).page.wait_for_timeout(min(left, 1.0) * 1_000)
            self._collect()
        return time.time()

    def series(self, at: str, of: str) -> Series:
        """What somebody noted of somebody else, until now."""
        return Series([sample for sample in self._noted[at] if sample.of == of])

    def pairs(self) -> list[tuple[str, str]]:
        """Who sees whom: everyone everyone else."""
        return [(at, of) for at in self._people for of in self._people if at != of]

    def everyone_is_seen(self, patience: float) -> float:
        """Wait until all see and hear all, and return the time then. Raises TimeoutError."""
        deadline = time.time() + patience
        while True:
            now = self.wait(0.5)
            late = [
                f"{at} {of}"
                for at, of in self.pairs()
                if (last := self.series(at, of).between(now - 1.5, now)).frames < 3 or last.concealment > 0.5
            ]
            if not late:
                return now
            if now > deadline:
                raise TimeoutError(f"after {patience} s these do not see or hear: {', '.join(late)}")

    def _collect(self) -> None:
        for name, person in self._people.items():
            self._noted[name] += noted(person.page)


def free_port() -> int:
    """Return a UDP and TCP port of loopback that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def calling(seed: int, options: tuple[str, ...] = ()) -> Generator[Call, None, None]:
    """Run a server, a relay before its media port, and a browser in which people can come."""
    path = chromium.find()
    if path is None:
        raise SystemExit("Chromium is not installed: `make test` installs it")
    with ExitStack() as stack:
        port = free_port()
        network = stack.enter_context(running_network([name.lower() for name in NAMES], ("127.0.0.1", port), seed))
        announced = network.ports[UNLUCKY.lower()]
        server = stack.enter_context(
            running_server(
                *("--media-port", str(port), "--media-address", "127.0.0.1", "--announce", f"127.0.0.1:{announced}"),
                *options,
                env={**environment(), **ONE_WORKER},
            )
        )
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        stack.callback(browser.close)
        yield Call(network, server, announced, browser)
