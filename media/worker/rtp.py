"""RTP packets (RFC 3550) and their header extensions (RFC 8285), read without copying the payload."""

from __future__ import annotations

import struct

#: The first twelve octets.
HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")

HEADER_LENGTH = 12
_VERSION = 0x80
_PADDING = 0x20
_EXTENDED = 0x10
_MARKER = 0x80
#: Of what goes out: version 2, with an extension block and no contributing sources.
FIRST_OCTET = _VERSION | _EXTENDED
_ONE_BYTE = 0xBEDE
_TWO_BYTE = 0x1000


class MalformedPacketError(ValueError):
    """A packet that is not what RFC 3550 says a packet is."""


def is_rtcp(datagram: bytes) -> bool:
    """Tell RTCP from RTP on one port by the second octet (RFC 5761, section 4)."""
    return 192 <= datagram[1] <= 223


class RtpPacket:
    """A received RTP packet: the header's fields, and where in ``data`` the payload begins.

    Raises MalformedPacketError if ``data`` is not an RTP packet.
    """

    __slots__ = (
        "data",
        "extension_at",
        "marker",
        "padding",
        "payload_at",
        "payload_type",
        "sequence",
        "ssrc",
        "timestamp",
    )

    def __init__(self, data: bytes) -> None:
        length = len(data)
        if length < HEADER_LENGTH:
            raise MalformedPacketError("shorter than an RTP header")
        first: int
        second: int
        first, second, self.sequence, self.timestamp, self.ssrc = HEADER.unpack_from(data)
        if first & 0xC0 != _VERSION:
            raise MalformedPacketError("not RTP version 2")
        self.data = data
        self.padding = first & _PADDING
        self.marker = second & _MARKER
        self.payload_type = second & 0x7F
        at = HEADER_LENGTH + 4 * (first & 0x0F)
        self.extension_at = 0
        if first & _EXTENDED:
            if at + 4 > length:
                raise MalformedPacketError("the header extension is cut off")
            self.extension_at = at
            at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
        if at > length:
            raise MalformedPacketError("the header is cut off")
        self.payload_at = at

    @property
    def has_media(self) -> bool:
        """Whether there is more in the packet than padding; senders probe for bandwidth with packets of padding."""
        if not self.padding:
            return len(self.data) > self.payload_at
        return len(self.data) - self.data[-1] > self.payload_at

    def extensions(self) -> dict[int, bytes]:
        """Return the header extensions by number, in both forms of RFC 8285. Stops at one that is cut off."""
        found: dict[int, bytes] = {}
        if not self.extension_at:
            return found
        data, at, end = self.data, self.extension_at + 4, self.payload_at
        profile = int.from_bytes(data[at - 4 : at - 2])
        if profile == _ONE_BYTE:
            while at < end:
                head = data[at]
                if head == 0:
                    at += 1
                    continue
                if head >> 4 == 15:  # reserved: stop (RFC 8285, section 4.2)
                    break
                last = at + 2 + (head & 0x0F)
                if last > end:
                    break
                found[head >> 4] = data[at + 1 : last]
                at = last
        elif profile & 0xFFF0 == _TWO_BYTE:
            while at + 1 < end:
                if data[at] == 0:
                    at += 1
                    continue
                last = at + 2 + data[at + 1]
                if last > end:
                    break
                found[data[at]] = data[at + 2 : last]
                at = last
        return found


def pack_extensions(extensions: list[tuple[int, bytes]]) -> bytes:
    """Write a header extension block with one-byte heads: numbers 1 to 14, values of 1 to 16 bytes (RFC 8285)."""
    block = b"".join(bytes([number << 4 | len(value) - 1]) + value for number, value in extensions)
    block += bytes(-len(block) % 4)
    return _EXTENSION.pack(_ONE_BYTE, len(block) // 4) + block


def pack_start(packet: RtpPacket, payload_type: int, sequence: int, timestamp: int, ssrc: int) -> bytes:
    """Write the first twelve octets of the header under which ``packet``'s payload goes on.

    Everything but marker and padding is new; an extension block must follow. Contributing sources are left out, as
    nothing is mixed here.
    """
    return HEADER.pack(
        FIRST_OCTET | packet.padding,
        packet.marker | payload_type,
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc,
    )
