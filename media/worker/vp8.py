"""As much of the VP8 payload format (RFC 7741) as forwarding needs."""

from __future__ import annotations

from media.worker.picture import Picture


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
