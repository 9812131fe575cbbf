"""As much of the VP8 payload format (RFC 7741) as forwarding needs."""

from __future__ import annotations

from typing import NamedTuple


class PictureAt(NamedTuple):
    """Where in a packet the picture numbers are (RFC 7741, section 4.2): offsets in bytes, 0 for what it has not."""

    picture: int
    #: Octets of the PictureID: 1 (7 bits) or 2 (15 bits).
    length: int
    tl0: int


def find_picture(packet: bytes, offset: int) -> PictureAt | None:
    """Find the picture numbers in the RTP payload at ``offset``, above 0. None without any, and if it is truncated."""
    length = len(packet)
    if offset + 1 >= length or not packet[offset] & 0x80:
        return None
    present = packet[offset + 1]
    at = offset + 2
    picture = octets = tl0 = 0
    if present & 0x80:
        if at >= length:
            return None
        picture, octets = at, 2 if packet[at] & 0x80 else 1
        at += octets
    if present & 0x40:
        tl0 = at
        at += 1
    if at > length or not (picture or tl0):
        return None
    return PictureAt(picture, octets, tl0)


def starts_keyframe(packet: bytes, offset: int) -> bool:
    """Say whether the RTP payload at ``offset`` is the first packet of a keyframe. A truncated payload is not."""
    try:
        descriptor = packet[offset]
        # the start of the first partition, else there is no VP8 payload header to read
        if descriptor & 0x17 != 0x10:
            return False
        offset += 1
        if descriptor & 0x80:
            present = packet[offset]
            offset += 1
            if present & 0x80:  # PictureID, of one octet or two
                offset += 2 if packet[offset] & 0x80 else 1
            if present & 0x40:  # TL0PICIDX
                offset += 1
            if present & 0x30:  # TID, KEYIDX
                offset += 1
        return packet[offset] & 0x01 == 0  # P, the inverse of "keyframe"
    except IndexError:
        return False
