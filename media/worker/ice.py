"""ICE-lite (RFC 8445, section 2.5) for many transports on one port: no I/O, no clock of its own.

The browser does the checking and the choosing; this side answers checks and remembers from where they came. Which
transport a check is for is in its USERNAME, and once a check was authenticated its path (the socket it came to and the
address it came from) stands for the transport. Nothing unauthenticated leaves a trace, or is answered: so nobody can
have us send anything to an address that is not theirs without the password of a transport.

And with it neither: whoever was let in could check with somebody else's address as the sender's, to have their media
sent there, or to take that address from its owner. So a path by UDP is **proven** before media go there, or it is taken
from another transport: it is checked from here, too, as a full agent does (RFC 8445, section 7.3.1.4), and the answer
must come from it. Until one is proven a transport sends no more than `CREDIT` times what came.
"""

from __future__ import annotations

import math
import secrets
import struct
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import attrs
from aioice import stun

from media.worker.counters import Counters

#: Paths of one transport: a browser tries each of its addresses with each of ours.
MAX_PATHS = 16
#: Credentials of one transport: those in use and, after an ICE restart, those that come to be.
MAX_GENERATIONS = 2
#: Seconds without a check after which the selected path gives way to any other. Browsers check it every 2.5 s, so two
#: are missing; consent to send there lasts little longer (RFC 7675).
STALE = 5.5

#: Octets that may go out on a path that is not proven, for each that came in (as in QUIC, RFC 9000, section 8.1).
CREDIT = 3
#: Datagrams that wait for that.
MAX_HELD = 8
#: Our checks of a path for each check that comes in on it.
MAX_PROBES = 3
#: Seconds between two of ours.
PROBE_INTERVAL = 0.1
#: Of a host candidate (RFC 8445, section 5.1.2.1), as a browser expects it in a check.
_PRIORITY = (126 << 24) + (65_535 << 8) + 255

#: An address as the socket module has it: (host, port) or (host, port, flow, scope).
Address = tuple[Any, ...]


class Endpoint(Protocol):
    """A socket of ours: a UDP socket, or one TCP connection."""

    @property
    def is_stream(self) -> bool:
        """Whether it is a connection, so that whoever is at its other end has proved to be there."""
        ...

    def send(self, data: bytes, address: Address) -> bool:
        """Send a datagram, or drop it and return False; never waits and never raises."""
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
        #: Told of each newly selected path that is proven, and of None when there is none any more.
        self.on_selected: Callable[[Path | None], None] = lambda _: None
        #: The peer's (ufrag, password) for our own checks, once they are known.
        self.remote: tuple[str, str] | None = None
        #: Whether media may be sent: the selected path is proven.
        self.is_proven = False
        #: Octets that may still be sent while it is not.
        self.credit = 0
        self._held: list[bytes] = []
        self.proven: set[Path] = set()
        #: What is checked from here now: browsers check several paths in turn, and answers take a round trip.
        self.probes: dict[Path, Probe] = {}

    @property
    def selected(self) -> Path | None:
        """The path that is sent on."""
        return self._selected

    @selected.setter
    def selected(self, path: Path | None) -> None:
        proven = path in self.proven
        if path == self._selected and proven == self.is_proven:
            return
        if path != self._selected:
            self.credit = 0
        self._selected = path
        before, self.is_proven = self.is_proven, proven
        if proven or before:
            self.on_selected(path if proven else None)
        held, self._held = self._held, []
        for data in held if proven else ():
            self.send(data)

    def send(self, data: bytes) -> bool:
        """Send on the selected path; without one the datagram is lost. Returns whether it went out.

        What is more than an unproven path may get waits until it is proven: a few datagrams of a handshake.
        """
        if self._selected is None:
            return False
        if not self.is_proven:
            if self.credit < len(data):
                self._held = [*self._held, data][-MAX_HELD:]
                return False
            self.credit -= len(data)
        return self._selected.endpoint.send(data, self._selected.address)

    def drop(self, path: Path) -> None:
        """Forget that a path is one of this transport's."""
        self.paths.remove(path)
        self.proven.discard(path)


@attrs.define(eq=False)
class Probe:
    """A path that is to be proven, and our checks of it."""

    path: Path
    #: Whether it is to be selected once it is proven.
    wanted: bool = False
    #: Those that may be answered, and how many more there may be.
    transactions: list[bytes] = attrs.field(factory=list)
    left: int = 0
    sent: float = -math.inf


class IceAgent:
    """Tells the transports that share a port apart."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._by_ufrag: dict[str, IceTransport] = {}
        self._by_path: dict[Path, IceTransport] = {}
        #: Whose checks of ours may be answered, by their transactions.
        self._probed: dict[bytes, IceTransport] = {}

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
        for path in list(transport.probes):
            self._end_probe(transport, path)
        transport.credentials = []
        transport.paths = []
        transport.on_datagram = transport.on_check = transport.on_selected = _nothing

    def forget(self, path: Path) -> None:
        """A path is no more: its connection was closed. What is sent by it goes on by the one that was checked last."""
        transport = self._by_path.pop(path, None)
        if transport is not None:
            transport.drop(path)
            if transport.selected == path:
                known = [each for each in transport.paths if each in transport.proven] or transport.paths
                transport.selected = known[-1] if known else None
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
        self._counters.octets_received += len(data)
        if data:
            first = data[0]
            if first > 19:
                path = Path(endpoint, address)
                transport = self._by_path.get(path)
                if transport is not None:
                    if not transport.is_proven and path == transport.selected:
                        transport.credit += CREDIT * len(data)
                    transport.on_datagram(data, now)
                    return True
            elif first <= 3 and self._take(data, Path(endpoint, address), now):
                return True
        self._counters.packets_dropped += 1
        return False

    def meet(self, transport: IceTransport, remote: tuple[str, str], now: float) -> None:
        """Take the (ufrag, password) of the peer's SDP, with which it can be checked."""
        if transport.remote != remote:
            transport.remote = remote
            self.tick(transport, now)

    def tick(self, transport: IceTransport, now: float) -> None:
        """Check what is to be proven, if it is time."""
        for probe in tuple(transport.probes.values()):  # an answer in memory comes at once
            if transport.remote is not None and probe.left and now - probe.sent >= PROBE_INTERVAL:
                self._probe(transport, probe, transport.remote, now)

    def _probe(self, transport: IceTransport, probe: Probe, remote: tuple[str, str], now: float) -> None:
        ufrag, password = remote
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{ufrag}:{transport.used}"
        request.attributes["PRIORITY"] = _PRIORITY
        request.attributes["ICE-CONTROLLED"] = 0  # whoever is lite is controlled: there is no conflict to decide
        request.add_message_integrity(password.encode())
        probe.left -= 1
        probe.sent = now
        if len(probe.transactions) == MAX_PROBES:
            self._probed.pop(probe.transactions.pop(0), None)
        probe.transactions.append(request.transaction_id)
        self._probed[request.transaction_id] = transport
        probe.path.endpoint.send(bytes(request), probe.path.address)

    def _want(self, transport: IceTransport, path: Path, now: float, *, selected: bool) -> None:
        """Have a path proven; it is selected then, if that is wanted."""
        probe = transport.probes.get(path)
        if probe is None:
            if len(transport.probes) >= MAX_PATHS:
                self._end_probe(transport, next(iter(transport.probes)))
            probe = transport.probes[path] = Probe(path)
        if selected:
            for each in transport.probes.values():
                each.wanted = each is probe  # the one that was wanted last
        probe.left = MAX_PROBES
        self.tick(transport, now)

    def _end_probe(self, transport: IceTransport, path: Path) -> None:
        for transaction in transport.probes.pop(path).transactions:
            self._probed.pop(transaction, None)

    def _take(self, data: bytes, path: Path, now: float) -> bool:
        """Take a check, or the answer to one of ours. Returns False for what is neither, or is not authenticated."""
        try:
            message = stun.parse_message(data)
        except (ValueError, struct.error):
            return False
        if message.message_method != stun.Method.BINDING:
            return False
        if message.message_class == stun.Class.REQUEST:
            return self._check(message, len(data), path, now)
        return message.message_class == stun.Class.RESPONSE and self._answered(message, path, now)

    def _answered(self, response: stun.Message, path: Path, now: float) -> bool:
        """Take the answer to a check of ours, which proves its path."""
        transport = self._probed.get(response.transaction_id)
        probe = None if transport is None else transport.probes.get(path)
        if transport is None or transport.remote is None or probe is None:
            return False
        if response.transaction_id not in probe.transactions or not response.check_message_integrity(
            transport.remote[1].encode()
        ):
            return False
        self._end_probe(transport, path)
        self._own(transport, path)
        transport.proven.add(path)
        if probe.wanted or not transport.is_proven:
            transport.selected = path
            transport.checked = now
        return True

    def _check(self, request: stun.Message, length: int, path: Path, now: float) -> bool:
        """Answer a connectivity check. Returns False for what is not authenticated."""
        ufrag = str(request.attributes.get("USERNAME", "")).partition(":")[0]
        transport = self._by_ufrag.get(ufrag)
        if transport is None:
            return False
        password = dict(transport.credentials)[ufrag].encode()
        if not request.check_message_integrity(password):
            transport.refused += 1
            return False
        transport.checks += 1
        transport.used = ufrag
        # A check of ours goes out before the answer, or the handshake would begin before its path is proven.
        self._learn(transport, path, now, nominated="USE-CANDIDATE" in request.attributes)
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = path.address[:2]
        response.add_message_integrity(password)
        path.endpoint.send(bytes(response), path.address)
        if not transport.is_proven and transport.selected == path:
            transport.credit += length  # the answer and our check were as long
        transport.on_check(now)
        return True

    def _learn(self, transport: IceTransport, path: Path, now: float, *, nominated: bool) -> None:
        """A check came by this path. It is used at once if it is proven, or if there is none that is."""
        owner = self._by_path.get(path)
        if path.endpoint.is_stream:
            transport.proven.add(path)
        proven = path in transport.proven
        wanted = nominated or transport.selected is None or now - transport.checked >= STALE
        if proven or owner in (None, transport):
            self._own(transport, path)
            if wanted and (proven or not transport.is_proven):
                transport.selected = path
            if transport.selected == path:
                transport.checked = now
        if not proven:
            self._want(transport, path, now, selected=wanted)

    def _own(self, transport: IceTransport, path: Path) -> None:
        """Have a path be the newest of a transport's, and nobody else's."""
        if self._by_path.get(path) is transport:
            transport.paths.remove(path)
        else:
            self.forget(path)  # the browser's port was given to another connection
            if len(transport.paths) >= MAX_PATHS:
                oldest = next(known for known in transport.paths if known != transport.selected)
                transport.drop(oldest)
                del self._by_path[oldest]
            self._by_path[path] = transport
        transport.paths.append(path)


def _nothing(*_: object) -> None:
    """Stand where something was called."""
