"""ICE-lite (RFC 8445, section 2.5) for many transports on one port: no I/O, no clock of its own.

The browser does the checking and the choosing; this side answers checks and remembers from where they came. Which
transport a check is for is in its USERNAME, and once a check was authenticated its path (the socket it came to and the
address it came from) stands for the transport. Nothing unauthenticated leaves a trace, or is answered: so nobody can
have us send anything to an address that is not theirs without the password of a transport.
"""

from __future__ import annotations

import math
import secrets
import struct
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from aioice import stun

from media.worker.counters import Counters

#: Paths of one transport: a browser tries each of its addresses with each of ours.
MAX_PATHS = 16
#: Credentials of one transport: those in use and, after an ICE restart, those that come to be.
MAX_GENERATIONS = 2
#: Seconds without a check after which the selected path gives way to any other. Browsers check it every 2.5 s, so two
#: are missing; consent to send there lasts little longer (RFC 7675).
STALE = 5.5

#: An address as the socket module has it: (host, port) or (host, port, flow, scope).
Address = tuple[Any, ...]


class Endpoint(Protocol):
    """A socket of ours: a UDP socket, or one TCP connection."""

    def send(self, data: bytes, address: Address) -> None:
        """Send a datagram, or drop it; never waits and never raises."""
        ...


class Path(NamedTuple):
    """A way to a browser."""

    endpoint: Endpoint
    address: Address


class IceTransport:
    """The ICE-lite end of one leg. Made by `IceAgent.create`.

    ``on_datagram(data, now)`` takes what is not ICE; ``on_check(now)`` is told of every authenticated check.
    """

    def __init__(self, on_datagram: Callable[[bytes, float], None], on_check: Callable[[float], None]) -> None:
        self.on_datagram = on_datagram
        self.on_check = on_check
        #: (ufrag, password), the newest last.
        self.credentials: list[tuple[str, str]] = []
        #: The ufrag of the last authenticated check.
        self.used = ""
        #: In the order of their last checks.
        self.paths: list[Path] = []
        self._selected: Path | None = None
        #: When the selected path was last checked.
        self.checked = -math.inf
        #: Authenticated checks, and those that named this transport and were not authentic.
        self.checks = 0
        self.refused = 0
        #: Told of each newly selected path, and of None when there is none any more.
        self.on_selected: Callable[[Path | None], None] = lambda _: None

    @property
    def selected(self) -> Path | None:
        """The path that is sent on."""
        return self._selected

    @selected.setter
    def selected(self, path: Path | None) -> None:
        if path != self._selected:
            self._selected = path
            self.on_selected(path)

    def send(self, data: bytes) -> None:
        """Send on the selected path; without one the datagram is lost."""
        if self.selected is not None:
            self.selected.endpoint.send(data, self.selected.address)


class IceAgent:
    """Tells the transports that share a port apart."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._by_ufrag: dict[str, IceTransport] = {}
        self._by_path: dict[Path, IceTransport] = {}

    def create(self, on_datagram: Callable[[bytes, float], None], on_check: Callable[[float], None]) -> IceTransport:
        """Make a transport with fresh credentials."""
        transport = IceTransport(on_datagram, on_check)
        self.restart(transport)
        return transport

    def restart(self, transport: IceTransport) -> None:
        """Give a transport new credentials; those in use stay good until others are (RFC 8445, section 9).

        However many restarts nobody answers, what works goes on.
        """
        ufrag = secrets.token_hex(4)
        while ufrag in self._by_ufrag:
            ufrag = secrets.token_hex(4)
        transport.credentials.append((ufrag, secrets.token_hex(16)))
        self._by_ufrag[ufrag] = transport
        if len(transport.credentials) > MAX_GENERATIONS:
            oldest = next(known for known in transport.credentials if known[0] != transport.used)
            transport.credentials.remove(oldest)
            del self._by_ufrag[oldest[0]]

    def remove(self, transport: IceTransport) -> None:
        """Forget a transport and all that leads to it, and tell it nothing more.

        What it sends by itself still goes out on its last path.
        """
        for ufrag, _ in transport.credentials:
            self._by_ufrag.pop(ufrag, None)
        for path in transport.paths:
            self._by_path.pop(path, None)
        transport.credentials = []
        transport.paths = []
        transport.on_datagram = transport.on_check = transport.on_selected = _nothing

    def forget(self, path: Path) -> None:
        """A path is no more: its connection was closed. What is sent by it goes on by the one that was checked last."""
        transport = self._by_path.pop(path, None)
        if transport is not None:
            transport.paths.remove(path)
            if transport.selected == path:
                transport.selected = transport.paths[-1] if transport.paths else None
                transport.checked = -math.inf  # it may have been long ago, so the next check decides

    @property
    def size(self) -> tuple[int, int]:
        """How many ufrags and how many paths are known."""
        return len(self._by_ufrag), len(self._by_path)

    def receive(self, data: bytes, endpoint: Endpoint, address: Address, now: float) -> bool:
        """Take a datagram from the network; which protocol it is of tells its first octet (RFC 7983).

        Returns whether it is from somebody known: an authenticated check, or anything on a path that had one.
        """
        self._counters.packets_received += 1
        if data:
            first = data[0]
            if first > 19:
                transport = self._by_path.get(Path(endpoint, address))
                if transport is not None:
                    transport.on_datagram(data, now)
                    return True
            elif first <= 3 and self._check(data, Path(endpoint, address), now):
                return True
        self._counters.packets_dropped += 1
        return False

    def _check(self, data: bytes, path: Path, now: float) -> bool:
        """Answer a connectivity check. Returns False for what is none, or is not authenticated."""
        try:
            request = stun.parse_message(data)
        except (ValueError, struct.error):
            return False
        if request.message_class != stun.Class.REQUEST or request.message_method != stun.Method.BINDING:
            return False
        ufrag = str(request.attributes.get("USERNAME", "")).partition(":")[0]
        transport = self._by_ufrag.get(ufrag)
        if transport is None:
            return False
        password = dict(transport.credentials)[ufrag].encode()
        if not request.check_message_integrity(password):
            transport.refused += 1
            return False
        transport.checks += 1
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = path.address[:2]
        response.add_message_integrity(password)
        path.endpoint.send(bytes(response), path.address)
        transport.used = ufrag
        self._learn(transport, path, now, nominated="USE-CANDIDATE" in request.attributes)
        transport.on_check(now)
        return True

    def _learn(self, transport: IceTransport, path: Path, now: float, *, nominated: bool) -> None:
        if self._by_path.get(path) is transport:
            transport.paths.remove(path)
        else:
            self.forget(path)  # the browser's port was given to another connection
            if len(transport.paths) >= MAX_PATHS:
                oldest = next(known for known in transport.paths if known != transport.selected)
                transport.paths.remove(oldest)
                del self._by_path[oldest]
            self._by_path[path] = transport
        transport.paths.append(path)
        if nominated or transport.selected is None or now - transport.checked >= STALE:
            transport.selected = path
        if transport.selected == path:
            transport.checked = now


def _nothing(*_: object) -> None:
    """Stand where something was called."""
