"""A text frame to pages, encoded once however many get it."""

from __future__ import annotations

from collections.abc import Hashable

#: The first octet of a text message that is one frame (RFC 6455, section 5.2): FIN, opcode 1.
_TEXT = 0x81


class Frame:
    """What goes to pages: as text, and as the octets of an unmasked websocket frame with that text.

    Where frames pile up, one with a ``key`` overtakes an older one with the same; ``seq`` is the number of the room's
    event that it tells, for those that may be overtaken.
    """

    __slots__ = ("key", "seq", "size", "wire")

    def __init__(self, text: str, key: Hashable | None = None, seq: int = 0) -> None:
        payload = text.encode()
        #: Octets of the text.
        self.size = len(payload)
        self.wire = _header(self.size) + payload
        self.key = key
        self.seq = seq

    @property
    def text(self) -> str:
        """The text, made anew each time: frames are kept, and a string may take four times the octets."""
        return self.wire[len(self.wire) - self.size :].decode()


def _header(length: int) -> bytes:
    if length < 126:
        return bytes((_TEXT, length))
    if length < 1 << 16:
        return bytes((_TEXT, 126)) + length.to_bytes(2)
    return bytes((_TEXT, 127)) + length.to_bytes(8)
