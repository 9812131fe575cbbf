"""What the payload of a packet says of the picture it is of, whatever the codec."""

from __future__ import annotations

from typing import NamedTuple


class Picture(NamedTuple):
    """What a packet says of the picture it is of, and where.

    ``picture_at`` and ``tl0_at`` are offsets into the payload, 0 where there is no such field; ``picture_bits`` is 7
    or 15: the same fields in the same form in VP8 (RFC 7741) and VP9 (RFC 9628). ``layer`` is the temporal layer, 0 to
    3. ``sync`` says that the picture depends on the lowest layer only, ``up`` that what follows it in higher layers
    depends on nothing before it.
    """

    #: The first packet of the picture.
    begins: bool
    #: The first packet of a picture that can be decoded without any before.
    keyframe: bool
    #: Width and height, on the first packet of a keyframe.
    size: tuple[int, int] | None
    picture_at: int = 0
    picture_bits: int = 7
    picture: int = 0
    tl0_at: int = 0
    tl0: int = 0
    layer: int = 0
    sync: bool = False
    up: bool = False


#: No temporal layer is higher; VP9 and AV1 could count to 7, and nobody does.
HIGHEST = 3


def renumber(data: bytes, at: int, picture: Picture, picture_offset: int, tl0_offset: int) -> bytes:
    """Return ``data``, whose payload begins ``at``, with other numbers in its payload descriptor."""
    if picture.picture_at:
        start = at + picture.picture_at
        if picture.picture_bits == 15:
            number = (picture.picture + picture_offset & 0x7FFF | 0x8000).to_bytes(2)
        else:
            number = bytes([picture.picture + picture_offset & 0x7F])
        end = start + len(number)
        if picture.tl0_at == picture.picture_at + len(number):  # as VP8's always are: one copy
            return data[:start] + number + bytes([picture.tl0 + tl0_offset & 0xFF]) + data[end + 1 :]
        data = data[:start] + number + data[end:]
    if picture.tl0_at:
        start = at + picture.tl0_at
        data = data[:start] + bytes([picture.tl0 + tl0_offset & 0xFF]) + data[start + 1 :]
    return data
