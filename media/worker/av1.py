"""As much of the AV1 payload format as forwarding needs: https://aomediacodec.github.io/av1-rtp-spec/."""

from __future__ import annotations

from media.worker.bits import Bits
from media.worker.picture import Picture

_SEQUENCE_HEADER = 1
#: Elements of a packet, and octets of a sequence header, that are looked at.
_MAX_ELEMENTS = 4
_MAX_HEADER = 64


def read_picture(packet: bytes, offset: int) -> Picture | None:
    """Read the aggregation header at ``offset`` (section 4.4); None if there is none.

    The picture of a keyframe begins a coded video sequence. Of temporal layers the payload says nothing that can be
    read at a glance; see `media.worker.dependencies`.
    """
    if offset >= len(packet):
        return None
    head = packet[offset]
    begins = not head & 0x80  # Z: the first element goes on from the packet before
    keyframe = begins and bool(head & 0x08)  # N: the first packet of a coded video sequence
    size = _find_size(packet, offset + 1, head >> 4 & 0x03) if keyframe else None
    return Picture(begins, keyframe, size)


def _find_size(packet: bytes, at: int, count: int) -> tuple[int, int] | None:
    """Look for the sequence header among the elements of a packet; of ``count`` only the last has no length."""
    try:
        for number in range(count or _MAX_ELEMENTS):
            size = len(packet) - at
            if number + 1 != count:
                size, at = _leb128(packet, at)
            if packet[at] >> 3 & 0x0F == _SEQUENCE_HEADER:
                return _size(packet, at)
            at += size
    except IndexError:
        pass
    return None


def _size(packet: bytes, at: int) -> tuple[int, int]:
    head = packet[at]
    at += 2 if head & 0x04 else 1  # an extension
    if head & 0x02:  # a size of its own
        _, at = _leb128(packet, at)
    return _dimensions(Bits(packet[at : at + _MAX_HEADER]))


def _leb128(packet: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits per octet, and return where it ends (AV1 specification, section 4.10.5)."""
    value = 0
    for shift in range(0, 56, 7):
        octet = packet[at]
        at += 1
        value |= (octet & 0x7F) << shift
        if not octet & 0x80:
            return value, at
    raise IndexError("a number of more than eight octets")


def _dimensions(bits: Bits) -> tuple[int, int]:
    """Return the largest width and height of a sequence (AV1 specification, section 5.5)."""
    bits.read(4)  # seq_profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        delays = _timing(bits) if bits.read(1) else 0
        display = bits.read(1)
        for _ in range(bits.read(5) + 1):
            bits.read(12)
            if bits.read(5) > 7:
                bits.read(1)
            if delays and bits.read(1):
                bits.read(2 * delays + 1)
            if display and bits.read(1):
                bits.read(4)
    across, down = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(across) + 1, bits.read(down) + 1


def _timing(bits: Bits) -> int:
    """Read timing_info() and what is said of the decoder model: of how many bits its delays are, 0 for none."""
    bits.read(64)
    if bits.read(1):
        bits.golomb()
    if not bits.read(1):
        return 0
    delays = bits.read(5) + 1
    bits.read(42)
    return delays
