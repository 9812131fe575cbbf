"""Packets on a stream: each goes behind its length in two octets (RFC 4571). No I/O."""

from __future__ import annotations

#: The longest packet taken. Nothing that browsers send comes near.
MAX_PACKET = 2_048
#: The longest that its length can say.
MAX_LENGTH = 0xFFFF


class FramingError(ValueError):
    """The stream holds something that is no packet; where the next one begins is not known."""


def frame(packet: bytes) -> bytes:
    """Put the length before a packet. Raises ValueError for more than it can say."""
    if len(packet) > MAX_LENGTH:
        raise ValueError(f"a packet of {len(packet)} octets does not fit into a frame")
    return len(packet).to_bytes(2) + packet


class Deframer:
    """Cuts a stream into packets. Never keeps more than one that is not complete."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def kept(self) -> int:
        """How many octets wait for those that complete them."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived, and return the packets that are complete. Raises FramingError for one that is too long."""
        data = self._rest + data
        packets: list[bytes] = []
        at = 0
        while len(data) - at >= 2:
            length = int.from_bytes(data[at : at + 2])
            if length > MAX_PACKET:
                raise FramingError(f"a packet of {length} octets")
            end = at + 2 + length
            if end > len(data):
                break
            packets.append(data[at + 2 : end])
            at = end
        self._rest = data[at:]
        return packets
