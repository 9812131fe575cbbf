"""Which module reads the payload of which codec."""

from __future__ import annotations

from collections.abc import Callable

from media.worker import av1, h264, vp8, vp9
from media.worker.picture import Picture

#: Reads what is at an offset into a packet, None if it is cut off; by the name of the codec.
READERS: dict[str, Callable[[bytes, int], Picture | None]] = {
    "VP8": vp8.read_picture,
    "VP9": vp9.read_picture,
    "H264": h264.read_picture,
    "AV1": av1.read_picture,
}
#: Codecs with picture numbers in their payloads. VP9 refers to pictures by the difference of their numbers, so where
#: pictures are left out the gaps stay (RFC 9628, section 4.2).
NUMBERED = frozenset({"VP8", "VP9"})
CLOSES_GAPS = frozenset({"VP8"})
