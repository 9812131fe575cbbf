"""As much of the VP8 payload format (RFC 7741) as forwarding needs."""

from __future__ import annotations


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
