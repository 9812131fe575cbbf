"""The header extensions of what goes out: a part of each consumer's own, and a part that all of a packet's share.

Both are made of one-byte elements (RFC 8285) and padded to whole words, so that what is shared can be put in front of
the payload once for all consumers. In between is nothing to count, search or copy per consumer.
"""

from __future__ import annotations

import struct

from media.worker.codecs import ABS_SEND_TIME_ID, AUDIO_LEVEL_ID, MID_ID, Kind

_BLOCK = struct.Struct("!HH")
_ONE_BYTE = 0xBEDE
#: How those elements begin that are shared; the first is a word, in whose other octets the time is.
STAMP = (ABS_SEND_TIME_ID << 4 | 2) << 24
LEVEL = AUDIO_LEVEL_ID << 4
_SHARED_WORDS: dict[Kind, int] = {"audio": 2, "video": 1}


def own_part(kind: Kind, mid: str) -> bytes:
    """Write the beginning of the block, with the MID; its length counts the shared part, which must follow."""
    value = mid.encode()
    element = bytes([MID_ID << 4 | len(value) - 1]) + value
    element += bytes(-len(element) % 4)
    return _BLOCK.pack(_ONE_BYTE, len(element) // 4 + _SHARED_WORDS[kind]) + element


def shared_part(kind: Kind, level: bytes | None, now: float) -> bytes:
    """Write the end of the block: for sound its level, if it is known, and for all when they were sent.

    The latter is by abs-send-time, seconds in 24 bits with 18 of them after the point.
    """
    stamp = (STAMP | int(now * 262_144) & 0xFFFFFF).to_bytes(4)
    if kind == "video":
        return stamp
    return (bytes(4) if level is None else bytes([LEVEL, level[0], 0, 0])) + stamp
