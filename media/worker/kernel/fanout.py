"""The fan-out in C: one call per packet rewrites, protects and sends it for all receivers.

Who owns what: a receiver holds its record and its route, a route its record, the SRTP session and the cell in which its
endpoint says which descriptor the socket has. The receivers of a packet are held by whoever forwards it, so all that C
looks at is alive until it is done; it keeps none of it.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from typing import Any

from media.worker.aiortc_hooks import SrtpSession, srtp_protect_address
from media.worker.counters import Counters
from media.worker.fanout import MAX_EXTENSIONS, Outgoing, PictureAt, Protector, PureFanout, Route
from media.worker.ice import Address, Path
from media.worker.rtp import HEADER, RtpPacket
from media.worker.udp import UdpEndpoint

_NO_PICTURE = PictureAt(0, 0, 0)
#: Octets of a packet that a receiver has of its own: header, MID, and what AES-GCM adds. A receiver may have six fewer,
#: or a longer MID; to ask each would cost more than that is worth.
OWN = HEADER.size + 8 + 16
_ORDER = sys.byteorder


def _field(name: str, mask: int) -> Any:
    """Make an attribute of a number in the record, cut to its size."""

    def read(self: KernelOutgoing) -> int:
        return getattr(self.record, name)  # type: ignore[no-any-return]

    def write(self: KernelOutgoing, value: int) -> None:
        setattr(self.record, name, value & mask)

    return property(read, write)


class KernelRoute(Route):
    """A route that C can read."""

    __slots__ = ("_descriptor", "_ffi", "_lib", "record")

    def __init__(self, ffi: Any, lib: Any) -> None:
        super().__init__()
        self._ffi = ffi
        self._lib = lib
        self._descriptor: Any = None
        self.record = ffi.new("route_t *")

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is open and C cannot send on it."""
        return bool(self.record.state == self._lib.ROUTE_ELSEWHERE)

    def secure(self, session: Protector) -> None:
        """Protect with this session from now on."""
        self.record.session = self._ffi.cast("void *", session.address if isinstance(session, SrtpSession) else 0)
        super().secure(session)

    def take(self, path: Path | None) -> None:
        """Send on this path from now on; on none, if it is None."""
        record = self.record
        record.descriptor = self._descriptor = self._ffi.NULL
        if path is not None and isinstance(path.endpoint, UdpEndpoint):
            name = pack_address(path.address)
            self._descriptor = self._ffi.from_buffer("int[1]", path.endpoint.descriptor)
            record.descriptor = self._descriptor
            self._ffi.memmove(record.address, name, len(name))
            record.address_length = len(name)
        super().take(path)

    def _changed(self) -> None:
        super()._changed()
        record, lib = self.record, self._lib
        if self.protect is None:
            record.state = lib.ROUTE_CLOSED
            if self._session is None:
                record.session = self._ffi.NULL
        elif self.path is None:
            record.state = lib.ROUTE_LOST
        elif record.session and record.descriptor:
            record.state = lib.ROUTE_SOCKET
        else:
            record.state = lib.ROUTE_ELSEWHERE


class KernelOutgoing(Outgoing):
    """A receiver whose numbers are where C can read them."""

    __slots__ = ("record",)

    payload_type: int = _field("payload_type", 0x7F)
    ssrc: int = _field("ssrc", 0xFFFFFFFF)
    sequence_offset: int = _field("sequence_offset", 0xFFFF)
    timestamp_offset: int = _field("timestamp_offset", 0xFFFFFFFF)
    picture_offset: int = _field("picture_offset", 0x7FFF)
    tl0_offset: int = _field("tl0_offset", 0xFF)
    packets: int = _field("packets", 0xFFFFFFFF_FFFFFFFF)
    octets: int = _field("octets", 0xFFFFFFFF_FFFFFFFF)
    unsent: int = _field("unsent", 0xFFFFFFFF_FFFFFFFF)

    def __init__(self, ffi: Any, route: KernelRoute, payload_type: int, ssrc: int, extensions: bytes) -> None:
        self.record = ffi.new("outgoing_t *")
        self.record.route = route.record
        super().__init__(route, payload_type, ssrc, extensions)

    @property
    def extensions(self) -> bytes:
        """The beginning of the header extension block. Raises ValueError if it is set to one that is too long."""
        record = self.record
        return bytes(record.extensions[0 : record.extensions_length])

    @extensions.setter
    def extensions(self, block: bytes) -> None:
        if len(block) > MAX_EXTENSIONS:
            raise ValueError("too many header extensions")
        self.record.extensions[0 : len(block)] = block
        self.record.extensions_length = len(block)


class KernelFanout:
    """The fan-out in C, made of what `media.worker.kernel.load` returns.

    What C cannot send on, as it is no UDP socket, it leaves to Python.
    """

    compiled = True

    def __init__(self, module: Any, counters: Counters) -> None:
        self._ffi, self._lib = module.ffi, module.lib
        self._counters = counters
        self._pure = PureFanout(counters)
        state = self._lib.fanout_new(self._ffi.cast("void *", srtp_protect_address()))
        if not state:
            raise MemoryError
        self.state = self._ffi.gc(state, self._lib.fanout_free)
        self._forward = self._lib.fanout_forward
        self._outcome = self._ffi.new("outcome_t *")

    def route(self) -> Route:
        """Make the way out of a transport."""
        return KernelRoute(self._ffi, self._lib)

    def outgoing(self, route: Route, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        """Make a receiver."""
        assert isinstance(route, KernelRoute)
        return KernelOutgoing(self._ffi, route, payload_type, ssrc, extensions)

    def forward(self, packet: RtpPacket, tail: bytes, receivers: Sequence[Outgoing], picture: PictureAt | None) -> None:
        """Send a copy of ``packet`` to each receiver; see `Fanout`."""
        data = packet.data
        picture_at, picture_length, tl0_at = picture or _NO_PICTURE
        sent = self._forward(
            self.state,
            data,
            tail,
            len(tail),
            len(data) - packet.payload_at,
            picture_at,
            picture_length,
            tl0_at,
            [out.record for out in receivers],  # type: ignore[attr-defined]  # they are its own
            len(receivers),
            self._outcome,
        )
        self._counters.packets_sent += sent
        self._counters.octets_sent += sent * (len(tail) + OWN)
        if sent != len(receivers):
            self._settle(packet, tail, receivers, picture)

    def _settle(self, packet: RtpPacket, tail: bytes, receivers: Sequence[Outgoing], picture: PictureAt | None) -> None:
        counters, outcome = self._counters, self._outcome
        counters.sends_full += outcome.full
        counters.sends_refused += outcome.refused
        counters.sends_unprotected += outcome.unprotected
        if outcome.elsewhere:
            left = [out for out in receivers if isinstance(out.route, KernelRoute) and out.route.is_elsewhere]
            self._pure.forward(packet, tail, left, picture)


def pack_address(address: Address) -> bytes:
    """Return the struct sockaddr_in or sockaddr_in6 of an address as the socket module has it."""
    host: str
    port: int
    host, port = address[:2]
    if len(address) == 2:
        return socket.AF_INET.to_bytes(2, _ORDER) + port.to_bytes(2) + socket.inet_aton(host) + bytes(8)
    flow: int
    scope: int
    flow, scope = address[2:]
    name = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return socket.AF_INET6.to_bytes(2, _ORDER) + port.to_bytes(2) + flow.to_bytes(4) + name + scope.to_bytes(4, _ORDER)
