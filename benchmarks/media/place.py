"""Two networks with a cable between: the servers in one, the load in the other.

Janus takes no address of loopback for a candidate, and both are to send the same way.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import attrs

from tests.browser.netns import Namespace, namespace

SERVER, LOAD = "10.78.0.1", "10.78.0.2"


@attrs.frozen(eq=False)
class Place:
    """The two networks, for as long as they are there."""

    server: Namespace
    load: Namespace

    @property
    def to_server(self) -> tuple[str, ...]:
        """What a command begins with that one in the load's network runs in the server's."""
        return ("nsenter", "--target", str(self.server.holder.pid), "--net", "--")


@contextmanager
def made() -> Generator[Place, None, None]:
    """Raises `tests.browser.netns.CannotMake`."""
    with namespace() as server, namespace(server) as load:
        server.shell(f"ip link add eth0 type veth peer name eth0 netns {load.holder.pid}")
        for place, address in ((server, SERVER), (load, LOAD)):
            place.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
            place.run("ip", "link", "set", "eth0", "up")
        yield Place(server, load)
