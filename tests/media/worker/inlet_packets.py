"""Packets for an inlet, and what a receiver sees of those that come out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from media.worker.codecs import VP8
from media.worker.rtp import RtpPacket
from tests.media.worker.inlet_rig import PAYLOAD_TYPE, STREAM, LayerRig
from tests.media.worker.streams import descriptor


def rtp(
    sequence: int,
    payload: bytes,
    *,
    timestamp: int = 1_000,
    extensions: bytes = b"",
    payload_type: int = PAYLOAD_TYPE,
    ssrc: int = STREAM,
    marker: bool = False,
    sources: int = 0,
    padding: int = 0,
) -> bytes:
    first = 0x80 | (0x10 if extensions else 0) | sources | (0x20 if padding else 0)
    head = struct.pack(
        "!BBHII", first, payload_type | (0x80 if marker else 0), sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    pad = bytes(padding - 1) + bytes([padding]) if padding else b""
    return head + bytes(4 * sources) + extensions + payload + pad


def picture(number: int, *, key: bool = False, layer: int = 0, rest: bytes = b"rest", sync: bool = False) -> bytes:
    return descriptor(key=key, picture=number, tl0=number // 2, layer=layer, sync=sync) + rest


def video(sequence: int, *, key: bool = False, layer: int = 0, **more: Any) -> bytes:
    return rtp(sequence, picture(sequence, key=key, layer=layer), timestamp=3_000 * sequence, **more)


def two_bytes(*values: tuple[int, bytes]) -> bytes:
    block = b"".join(bytes([number, len(value)]) + value for number, value in values)
    block += bytes(-len(block) % 4)
    return b"\x10\x00" + (len(block) // 4).to_bytes(2) + block


def shown(packets: list[RtpPacket]) -> list[tuple[object, ...]]:
    """What a receiver sees, but for when it was sent."""
    seen = list[tuple[object, ...]]()
    for packet in packets:
        extensions = packet.extensions()
        extensions.pop(2, None)
        head = (packet.sequence, packet.timestamp, packet.payload_type, packet.marker, packet.ssrc)
        seen.append((*head, extensions, packet.data[packet.payload_at :]))
    return seen


def begun() -> Iterator[LayerRig]:
    """Make a layer of pictures with three receivers, that has begun with a keyframe; for a fixture."""
    with closing(LayerRig(VP8, inlet=True)) as made:
        made.play()
        made.send(video(1, key=True))
        assert (made.slow, made.ahead()) == (1, 0)
        yield made
