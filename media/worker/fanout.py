"""The fan-out: one packet to all its receivers, in one synchronous call.

What a receiver's copies differ in is a small record, `Outgoing`, that is changed when something changes and only read
per packet; where they go is a `Route`, one per transport. There are two of each: those here are plain Python, those of
`media.worker.kernel` do the same in C, and both are held to the same bytes by the same tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from media.worker.aiortc_hooks import SrtpError
from media.worker.counters import Counters
from media.worker.ice import Path
from media.worker.picture import Picture
from media.worker.rtp import FIRST_OCTET, HEADER, RtpPacket

#: The most bytes of header extensions that a receiver can have of its own.
MAX_EXTENSIONS = 64


class PictureAt(NamedTuple):
    """Where the picture numbers of VP8 are (RFC 7741, section 4.2): offsets in bytes, 0 for what is not there."""

    picture: int
    #: Octets of the PictureID: 1 (7 bits) or 2 (15 bits).
    length: int
    tl0: int


def picture_at(picture: Picture, payload_at: int) -> PictureAt | None:
    """Return where the numbers of a picture are, if it has any. The payload begins ``payload_at`` bytes in."""
    if not picture.picture_at and not picture.tl0_at:
        return None
    return PictureAt(
        picture.picture_at and picture.picture_at + payload_at,
        2 if picture.picture_bits == 15 else 1,
        picture.tl0_at and picture.tl0_at + payload_at,
    )


class Protector(Protocol):
    """What protects RTP packets."""

    def protect(self, packet: bytes) -> bytes:
        """Return the packet as SRTP. Raises SrtpError, and ValueError for one that is too long."""
        ...


class Route:
    """The way out of one transport: the SRTP session that protects, and the path that is taken.

    Packets for a route that is not open are left out silently, as nobody is there yet or any more; for one that is open
    and has no path they are dropped and counted.
    """

    __slots__ = ("_open", "_session", "path", "protect")

    def __init__(self) -> None:
        self._session: Protector | None = None
        self._open = False
        #: What protects a packet, while the route is open.
        self.protect: Callable[[bytes], bytes] | None = None
        self.path: Path | None = None

    def secure(self, session: Protector) -> None:
        """Protect with this session from now on."""
        self._session = session
        self._changed()

    def take(self, path: Path | None) -> None:
        """Send on this path from now on; on none, if it is None."""
        self.path = path
        self._changed()

    def open(self) -> None:
        """Let packets through, once there is a session."""
        self._open = True
        self._changed()

    def shut(self) -> None:
        """Let no packets through, until it is opened again."""
        self._open = False
        self._changed()

    def close(self) -> None:
        """Let go of everything."""
        self._session = self.path = None
        self.shut()

    def _changed(self) -> None:
        self.protect = self._session.protect if self._open and self._session is not None else None


class Outgoing:
    """What the copies of one receiver become. Offsets are added, each modulo the size of its field.

    ``extensions`` is the beginning of the header extension block (RFC 8285), in whole words; its length counts what all
    receivers share of it, too.
    """

    __slots__ = (
        "extensions",
        "octets",
        "packets",
        "payload_type",
        "picture_offset",
        "route",
        "sequence_offset",
        "ssrc",
        "timestamp_offset",
        "tl0_offset",
        "unsent",
    )

    def __init__(self, route: Route, payload_type: int, ssrc: int, extensions: bytes) -> None:
        self.route = route
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self.picture_offset = 0
        self.tl0_offset = 0
        self.extensions = extensions
        #: Counted since the start, for sender reports: what the network took.
        self.packets = 0
        self.octets = 0
        #: Packets that should have gone out and did not: SRTP or the kernel refused, or there was no path.
        self.unsent = 0


class Fanout(Protocol):
    """Makes routes and receivers, and forwards to them. Those of one are of no use to another."""

    #: Whether this is the compiled kernel.
    compiled: bool

    def route(self) -> Route:
        """Make the way out of a transport."""
        ...

    def outgoing(self, route: Route, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        """Make a receiver; see `Outgoing`."""
        ...

    def forward(self, packet: RtpPacket, tail: bytes, receivers: Sequence[Outgoing], picture: PictureAt | None) -> None:
        """Send a copy of ``packet`` to each receiver. Never waits, and never raises.

        ``tail`` is what the copies have in common: the end of the header extension block, and the payload. ``picture``
        counts from its beginning. Of the packet's header, extensions and contributing sources are left out. What cannot
        be sent is dropped and counted with its reason.
        """
        ...


class PureFanout:
    """The fan-out in Python alone."""

    compiled = False

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def route(self) -> Route:
        """Make the way out of a transport."""
        return Route()

    def outgoing(self, route: Route, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        """Make a receiver."""
        return Outgoing(route, payload_type, ssrc, extensions)

    def forward(self, packet: RtpPacket, tail: bytes, receivers: Sequence[Outgoing], picture: PictureAt | None) -> None:
        """Send a copy of ``packet`` to each receiver; see `Fanout`."""
        size = len(packet.data) - packet.payload_at
        first, marker = FIRST_OCTET | packet.padding, packet.marker
        sequence, timestamp = packet.sequence, packet.timestamp
        pack = HEADER.pack
        for out in receivers:
            route = out.route
            protect = route.protect
            if protect is None:
                continue
            path = route.path
            if path is None:
                self._counters.sends_refused += 1
                out.unsent += 1
                continue
            copy = (
                pack(
                    first,
                    marker | out.payload_type,
                    (sequence + out.sequence_offset) & 0xFFFF,
                    (timestamp + out.timestamp_offset) & 0xFFFFFFFF,
                    out.ssrc,
                )
                + out.extensions
                + (tail if picture is None else _renumber(tail, picture, out))
            )
            try:
                protected = protect(copy)
            except (SrtpError, ValueError):
                self._counters.sends_unprotected += 1
                out.unsent += 1
                continue
            if path.endpoint.send(protected, path.address):
                out.packets += 1
                out.octets += size
            else:
                out.unsent += 1


def _renumber(tail: bytes, picture: PictureAt, out: Outgoing) -> bytes:
    if not out.picture_offset and not out.tl0_offset:
        return tail
    copy = bytearray(tail)
    at, length, tl0 = picture
    if at and length == 2:
        number = int.from_bytes(tail[at : at + 2])
        copy[at : at + 2] = (0x8000 | (number + out.picture_offset) & 0x7FFF).to_bytes(2)
    elif at:
        copy[at] = (tail[at] + out.picture_offset) & 0x7F
    if tl0:
        copy[tl0] = (tail[tl0] + out.tl0_offset) & 0xFF
    return bytes(copy)
