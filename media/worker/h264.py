"""As much of the H.264 payload format (RFC 6184) as forwarding needs, and what its parameters in an SDP mean."""

from __future__ import annotations

import re

from media.worker.bits import Bits
from media.worker.picture import Picture

#: Types of NAL units (ITU-T H.264, table 7-1; RFC 6184, table 1).
_SPS = 7
_STAP_A = 24
_FU_A = 28
#: Octets of a sequence parameter set that are looked at, and NAL units of a packet.
_MAX_SPS = 128
_MAX_UNITS = 16
#: Profiles whose sequence parameter set says more of the colours (ITU-T H.264, section 7.3.2.1.1).
_HIGH = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}

_PROFILE = re.compile(r"[0-9A-Fa-f]{6}")
#: Level 3.1, which is 720 lines thirty times a second. It is what browsers offer, and what is offered to them.
LEVEL = 0x1F


def read_picture(packet: bytes, offset: int) -> Picture | None:
    """Read the payload at ``offset``; None if it is cut off.

    A keyframe is what brings its sequence parameter set along: with nothing but an IDR picture no decoder can begin.
    """
    try:
        kind = packet[offset] & 0x1F
        if kind == _SPS:
            return Picture(True, True, _size(packet[offset : offset + _MAX_SPS]))
        if kind == _STAP_A:
            return _aggregated(packet, offset + 1)
        if kind == _FU_A:
            head = packet[offset + 1]
            begins = bool(head & 0x80)
            return Picture(begins, begins and head & 0x1F == _SPS, None)
    except IndexError:
        return None
    return Picture(True, False, None)


def _aggregated(packet: bytes, at: int) -> Picture:
    """Read a single-time aggregation packet (RFC 6184, section 5.7.1): sizes and NAL units."""
    for _ in range(_MAX_UNITS):
        if at + 2 >= len(packet):
            break
        size = packet[at] << 8 | packet[at + 1]
        at += 2
        if packet[at] & 0x1F == _SPS:
            return Picture(True, True, _size(packet[at : at + min(size, _MAX_SPS)]))
        at += size
    return Picture(True, False, None)


def _size(unit: bytes) -> tuple[int, int] | None:
    """Return the width and height of a sequence parameter set (ITU-T H.264, section 7.3.2.1.1), if they are there."""
    # section 7.3.1: what would look like a start code was broken up
    bits = Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))
    try:
        return _dimensions(bits)
    except IndexError:
        return None


def _dimensions(bits: Bits) -> tuple[int, int] | None:
    profile = bits.read(8)
    bits.read(16)  # constraints, level
    bits.golomb()
    chroma = 1
    if profile in _HIGH:
        chroma = bits.golomb()
        if chroma == 3:
            bits.read(1)
        bits.golomb()
        bits.golomb()
        if bits.read(2) & 1:  # scaling matrices
            return None
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.read(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()
    bits.golomb()  # reference frames
    bits.read(1)
    width, height = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    frames = bits.read(1)
    if not frames:
        height *= 2
        bits.read(1)
    bits.read(1)
    if bits.read(1):  # cropping, in units of table 6-1
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (2 - frames)
        width -= across * (bits.golomb() + bits.golomb())
        height -= down * (bits.golomb() + bits.golomb())
    return (width, height) if width > 0 and height > 0 else None


def is_constrained_baseline(parameters: dict[str, str]) -> bool:
    """Whether an ``a=fmtp`` line is of the form of H.264 that every browser has (RFC 7742, section 6.2).

    That is Constrained Baseline (RFC 6184, section 8.1, table 5) in packetization mode 1.
    """
    profile = parameters.get("profile-level-id", "42000a")
    if not _PROFILE.fullmatch(profile) or parameters.get("packetization-mode") != "1":
        return False
    kind, constraints = int(profile[:2], 16), int(profile[2:4], 16)
    if constraints & 0x0F:
        return False
    if kind == 0x42:
        return bool(constraints & 0x40)
    if kind == 0x4D:
        return bool(constraints & 0x80)
    return kind == 0x58 and constraints & 0xC0 == 0xC0


def level_of(parameters: dict[str, str]) -> int:
    """Return the level of a line for which `is_constrained_baseline` holds, as in ``level_idc``."""
    return int(parameters["profile-level-id"][4:], 16)


def answered(parameters: dict[str, str]) -> str:
    """Return what is answered to a sender's line: no higher a level than its own, unless that does not matter to it."""
    level = LEVEL if parameters.get("level-asymmetry-allowed") == "1" else min(LEVEL, level_of(parameters))
    return f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e0{level:02x}"
