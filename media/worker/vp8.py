"""As much of the VP8 payload format (RFC 7741) as forwarding needs."""

from __future__ import annotations

from typing import NamedTuple


class Picture(NamedTuple):
    """What a packet says of the picture it is of, and where.

    ``picture_at`` and ``tl0_at`` are offsets into the payload, 0 where there is no such field; ``picture_bits`` is 7
    or 15. ``layer`` is the temporal layer (TID), and ``sync`` says that the picture depends on the lowest one only.
    """

    #: The first packet of the picture.
    begins: bool
    keyframe: bool
    #: Width and height, on the first packet of a keyframe.
    size: tuple[int, int] | None
    picture_at: int = 0
    picture_bits: int = 7
    picture: int = 0
    tl0_at: int = 0
    tl0: int = 0
    layer: int = 0
    sync: bool = False


def read_picture(packet: bytes, offset: int) -> Picture | None:
    """Read the payload descriptor at ``offset``; None if it is cut off."""
    try:
        return _read(packet, offset)
    except IndexError:
        return None


def _read(packet: bytes, offset: int) -> Picture:
    descriptor = packet[offset]
    # the start of the first partition, else there is no VP8 payload header to read
    begins = descriptor & 0x17 == 0x10
    at = offset + 1
    picture_at = tl0_at = picture = tl0 = layer = 0
    bits, sync = 7, False
    if descriptor & 0x80:
        present = packet[at]
        at += 1
        if present & 0x80:  # PictureID, of one octet or two
            picture_at = at - offset
            picture = packet[at]
            at += 1
            if picture & 0x80:
                bits, picture = 15, (picture & 0x7F) << 8 | packet[at]
                at += 1
        if present & 0x40:  # TL0PICIDX
            tl0_at, tl0 = at - offset, packet[at]
            at += 1
        if present & 0x30:  # TID and Y, KEYIDX
            if present & 0x20:
                layer, sync = packet[at] >> 6, bool(packet[at] & 0x20)
            at += 1
    keyframe = begins and packet[at] & 0x01 == 0  # P, the inverse of "keyframe"
    size = None
    if keyframe and len(packet) >= at + 10 and packet[at + 3 : at + 6] == b"\x9d\x01\x2a":
        # RFC 6386, section 9.1; the upper two bits are a scale
        size = (
            int.from_bytes(packet[at + 6 : at + 8], "little") & 0x3FFF,
            int.from_bytes(packet[at + 8 : at + 10], "little") & 0x3FFF,
        )
    return Picture(begins, keyframe, size, picture_at, bits, picture, tl0_at, tl0, layer, sync)


def renumber(data: bytes, at: int, picture: Picture, picture_offset: int, tl0_offset: int) -> bytes:
    """Return ``data``, whose payload begins ``at``, with other numbers in its payload descriptor."""
    if picture.picture_at:
        start = at + picture.picture_at
        if picture.picture_bits == 15:
            number = (picture.picture + picture_offset & 0x7FFF | 0x8000).to_bytes(2)
        else:
            number = bytes([picture.picture + picture_offset & 0x7F])
        end = start + len(number)
        if picture.tl0_at == picture.picture_at + len(number):  # as they always are: one copy
            return data[:start] + number + bytes([picture.tl0 + tl0_offset & 0xFF]) + data[end + 1 :]
        data = data[:start] + number + data[end:]
    if picture.tl0_at:
        start = at + picture.tl0_at
        data = data[:start] + bytes([picture.tl0 + tl0_offset & 0xFF]) + data[start + 1 :]
    return data
