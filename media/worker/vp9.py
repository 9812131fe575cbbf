"""As much of the VP9 payload format (RFC 9628) as forwarding needs."""

from __future__ import annotations

from media.worker.bits import Bits
from media.worker.picture import HIGHEST, Picture

#: Octets of a frame's own header in which its size is found.
_HEADER = 16
_SYNC_CODE = 0x49_83_42


def read_picture(packet: bytes, offset: int) -> Picture | None:
    """Read the payload descriptor at ``offset`` (section 4.2); None if it is cut off."""
    try:
        return _read(packet, offset)
    except IndexError:
        return None


def _read(packet: bytes, offset: int) -> Picture:
    descriptor = packet[offset]
    at = offset + 1
    bits = 7
    picture_at = picture = tl0_at = tl0 = layer = spatial = 0
    up = False
    if descriptor & 0x80:  # I: picture ID, of one octet or two
        picture_at = at - offset
        picture = packet[at]
        at += 1
        if picture & 0x80:
            bits, picture = 15, (picture & 0x7F) << 8 | packet[at]
            at += 1
    if descriptor & 0x20:  # L: TID, U, SID, D
        layers = packet[at]
        at += 1
        layer, up, spatial = min(layers >> 5, HIGHEST), bool(layers & 0x10), layers >> 1 & 0x07
        if not descriptor & 0x10:  # not in flexible mode: TL0PICIDX
            tl0_at, tl0 = at - offset, packet[at]
            at += 1
    # B, of the lowest spatial layer: the others are of the same picture
    begins = bool(descriptor & 0x08) and spatial == 0
    keyframe = begins and not descriptor & 0x40  # P: predicted from other pictures
    size = None
    if keyframe:
        # F and P would be followed by references; a keyframe has none
        told, at = _structure(packet, at) if descriptor & 0x02 else (None, at)
        size = told or _size(packet[at : at + _HEADER])
    return Picture(begins, keyframe, size, picture_at, bits, picture, tl0_at, tl0, layer, False, up)


def _structure(packet: bytes, at: int) -> tuple[tuple[int, int] | None, int]:
    """Read the scalability structure (section 4.2.1): the size of its largest layer, and where it ends."""
    head = packet[at]
    at += 1
    size = None
    if head & 0x10:  # Y: sizes
        at += 4 * (head >> 5) + 4
        size = (packet[at - 4] << 8 | packet[at - 3], packet[at - 2] << 8 | packet[at - 1])
    if head & 0x08:  # G: a group of pictures, each with its references
        pictures = packet[at]
        at += 1
        for _ in range(pictures):
            at += 1 + (packet[at] >> 2 & 0x03)
    return size, at


def _size(header: bytes) -> tuple[int, int] | None:
    """Return what the frame itself says (VP9 bitstream specification, section 6.2), for profile 0."""
    bits = Bits(header)
    try:
        # frame_marker, the profile, no show_existing_frame, and frame_type: a keyframe
        if bits.read(6) != 0b100000:
            return None
        bits.read(2)  # show_frame, error_resilient_mode
        if bits.read(24) != _SYNC_CODE:
            return None
        bits.read(4)  # color_space, color_range
        return bits.read(16) + 1, bits.read(16) + 1
    except IndexError:
        return None
