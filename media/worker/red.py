"""Redundant sound (RFC 2198): each packet has a block of its own time, and before it older ones once more."""

from __future__ import annotations

#: Blocks of a packet that are looked at; browsers write two or three.
_MAX_BLOCKS = 32


def primary(packet: bytes, at: int) -> int | None:
    """Return where the block of the packet's own time begins, in a payload at ``at``; None if it is cut off."""
    older = 0
    for _ in range(_MAX_BLOCKS):
        if at >= len(packet):
            return None
        if not packet[at] & 0x80:
            begin = at + 1 + older
            return begin if begin <= len(packet) else None
        if at + 4 > len(packet):
            return None
        older += (packet[at + 2] & 0x03) << 8 | packet[at + 3]
        at += 4
    return None


def relabel(payload: bytes, payload_type: int) -> bytes | None:
    """Return a payload whose blocks all are of this type; None if it is cut off."""
    if primary(payload, 0) is None:
        return None
    at = 0
    while payload[at] & 0x80:
        at += 4
    if all(payload[head] & 0x7F == payload_type for head in range(0, at + 1, 4)):
        return payload
    changed = bytearray(payload)
    for head in range(0, at + 1, 4):
        changed[head] = payload[head] & 0x80 | payload_type
    return bytes(changed)


def wrap(payload: bytes, payload_type: int) -> bytes:
    """Return a payload with its own block alone."""
    return bytes([payload_type]) + payload
