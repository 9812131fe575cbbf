"""The fan-out: one packet to all its receivers, in one synchronous call.

What a receiver's copies differ in is a small record, `Outgoing`, that is changed when something changes and only read
per packet; where they go is a `Route`, one per transport. There are two of each: those here are plain Python, those of
`media.worker.kernel` do the same in C, and both are held to the same bytes by the same tests.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Protocol

from media.worker.aiortc_hooks import SrtpError
from media.worker.counters import Counters
from media.worker.ice import Path
from media.worker.rtp import RtpPacket, pack_extensions
from media.worker.vp8 import PictureAt

#: The longest block of header extensions, in bytes.
LONGEST_EXTENSIONS = 96

_HEADER = struct.Struct("!BBHII")


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

    ``extensions`` are those of every packet; a packet whose audio level is known has it under ``level_id``, if that is
    not 0, after the others. Raises ValueError for more extensions than a header takes.
    """

    __slots__ = (
        "octets",
        "packets",
        "payload_type",
        "picture_offset",
        "plain",
        "route",
        "sequence_offset",
        "ssrc",
        "timestamp_offset",
        "tl0_offset",
        "with_level",
    )

    def __init__(
        self,
        route: Route,
        payload_type: int,
        ssrc: int,
        extensions: Sequence[tuple[int, bytes]] = (),
        level_id: int = 0,
    ) -> None:
        self.route = route
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self.picture_offset = 0
        self.tl0_offset = 0
        #: Counted since the start, for sender reports: what was protected, whatever became of it then.
        self.packets = 0
        self.octets = 0
        self.extend(extensions, level_id)

    def extend(self, extensions: Sequence[tuple[int, bytes]], level_id: int = 0) -> None:
        """Have these header extensions from now on."""
        self.plain = pack_extensions(list(extensions))
        #: The block with a level, in the two parts that are before and after it; None without one.
        self.with_level: tuple[bytes, bytes] | None = None
        if level_id:
            block = pack_extensions([*extensions, (level_id, b"\0")])
            at = 4 + sum(1 + len(value) for _, value in extensions) + 1
            self.with_level = block[:at], block[at + 1 :]
        if len(self.plain) > LONGEST_EXTENSIONS - 4:
            raise ValueError("too many header extensions")


class Fanout(Protocol):
    """Makes routes and receivers, and forwards to them. Those of one are of no use to another."""

    #: Whether this is the compiled kernel.
    compiled: bool

    def route(self) -> Route:
        """Make the way out of a transport."""
        ...

    def outgoing(
        self,
        route: Route,
        payload_type: int,
        ssrc: int,
        extensions: Sequence[tuple[int, bytes]] = (),
        level_id: int = 0,
    ) -> Outgoing:
        """Make a receiver; see `Outgoing`."""
        ...

    def forward(
        self, packet: RtpPacket, receivers: Sequence[Outgoing], picture: PictureAt | None, level: int | None
    ) -> None:
        """Send a copy of ``packet`` to each receiver. Never waits, and never raises.

        What cannot be sent is dropped and counted with its reason. ``level`` is the audio level of the packet, as RFC
        6464 has it in one octet. Header extensions and contributing sources of the packet are left out.
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

    def outgoing(
        self,
        route: Route,
        payload_type: int,
        ssrc: int,
        extensions: Sequence[tuple[int, bytes]] = (),
        level_id: int = 0,
    ) -> Outgoing:
        """Make a receiver."""
        return Outgoing(route, payload_type, ssrc, extensions, level_id)

    def forward(
        self, packet: RtpPacket, receivers: Sequence[Outgoing], picture: PictureAt | None, level: int | None
    ) -> None:
        """Send a copy of ``packet`` to each receiver; see `Fanout`."""
        payload = packet.data[packet.payload_at :]
        size = len(payload)
        first, marker = 0x90 | packet.padding, packet.marker
        sequence, timestamp = packet.sequence, packet.timestamp
        value = None if level is None else bytes([level])
        if picture is not None:
            picture = _in_payload(picture, packet.payload_at)
        pack = _HEADER.pack
        for out in receivers:
            route = out.route
            protect = route.protect
            if protect is None:
                continue
            path = route.path
            if path is None:
                self._counters.sends_refused += 1
                continue
            extensions = out.plain
            if value is not None and out.with_level is not None:
                extensions = out.with_level[0] + value + out.with_level[1]
            header = pack(
                first,
                marker | out.payload_type,
                (sequence + out.sequence_offset) & 0xFFFF,
                (timestamp + out.timestamp_offset) & 0xFFFFFFFF,
                out.ssrc,
            )
            if picture is not None:
                copy = header + extensions + _renumber(payload, picture, out)
            else:
                copy = header + extensions + payload
            try:
                protected = protect(copy)
            except (SrtpError, ValueError):
                self._counters.sends_unprotected += 1
                continue
            out.packets += 1
            out.octets += size
            path.endpoint.send(protected, path.address)


def _in_payload(picture: PictureAt, payload_at: int) -> PictureAt:
    """Count the offsets from the payload, where 0 cannot be one either: there the descriptor begins."""
    return PictureAt(
        picture.picture and picture.picture - payload_at, picture.length, picture.tl0 and picture.tl0 - payload_at
    )


def _renumber(payload: bytes, picture: PictureAt, out: Outgoing) -> bytes:
    if not out.picture_offset and not out.tl0_offset:
        return payload
    copy = bytearray(payload)
    at = picture.picture
    if at and picture.length == 2:
        number = int.from_bytes(payload[at : at + 2])
        copy[at : at + 2] = (0x8000 | (number + out.picture_offset) & 0x7FFF).to_bytes(2)
    elif at:
        copy[at] = (payload[at] + out.picture_offset) & 0x7F
    if picture.tl0:
        copy[picture.tl0] = (payload[picture.tl0] + out.tl0_offset) & 0xFF
    return bytes(copy)
