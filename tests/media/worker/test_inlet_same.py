"""Packets that went out before Python saw them are as if it had forwarded them, and so is what is known of them."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.worker.codecs import OPUS, VP8, Codec
from media.worker.kernel import inlet as kernel_inlet
from media.worker.red import primary
from media.worker.rtp import MalformedPacketError, RtpPacket, pack_extensions
from media.worker.vp8 import read_picture
from tests.media.worker.inlet_packets import picture, rtp, shown, two_bytes
from tests.media.worker.inlet_rig import (
    LEVEL_ID,
    PAYLOAD_TYPE,
    RED_PAYLOAD_TYPE,
    ROOM,
    STREAM,
    WIDE_ID,
    LayerRig,
    state,
)
from tests.media.worker.kernel import kernel

# ---- whatever comes, it is as without


@attrs.frozen
class Sent:
    """A packet to be made."""

    step: int = 1
    key: bool = False
    layer: int = 0
    sync: bool = False
    rest: bytes = b"rest"
    form: str = "none"
    sources: int = 0
    padding: int = 0
    payload: bytes | None = None
    payload_type: int = PAYLOAD_TYPE
    forged: bool = False
    #: What happens before it: a consumer takes fewer temporal layers, or leaves, or comes back.
    change: str = ""


SENT = st.builds(
    Sent,
    step=st.sampled_from([1] * 12 + [2, 3, 0, -1, -3, 400]),
    key=st.sampled_from([False] * 7 + [True]),
    layer=st.sampled_from([0, 0, 0, 1, 2]),
    sync=st.booleans(),
    rest=st.sampled_from([b"rest", b"", b"\x00", bytes(700)]),
    form=st.sampled_from(["none", "one byte", "two bytes"]),
    sources=st.sampled_from([0, 0, 0, 1, 15]),
    padding=st.sampled_from([0] * 9 + [1, 200]),
    payload=st.none() | st.none() | st.none() | st.binary(max_size=8),
    payload_type=st.sampled_from([PAYLOAD_TYPE] * 6 + [RED_PAYLOAD_TYPE] * 3),
    forged=st.sampled_from([False] * 15 + [True]),
    change=st.sampled_from([""] * 12 + ["fewer", "more", "leave", "come"]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(SENT, max_size=40),
    st.sampled_from([VP8, OPUS]),
    st.booleans(),
    st.integers(1, 5),
    st.sampled_from([1_000, 0xFFF0]),
)
def test_it_is_as_if_python_had_forwarded_it(
    script: list[Sent], codec: Any, red: bool, at_once: int, first: int
) -> None:
    results = []
    for inlet in (False, True):
        with closing(LayerRig(codec, inlet=inlet)) as rig:
            if codec is OPUS and red:
                rig.layer.red = RED_PAYLOAD_TYPE
                rig.layer.audience.lane.read(LEVEL_ID, WIDE_ID, RED_PAYLOAD_TYPE)
                for consumer in rig.consumers[:2]:
                    consumer.takes_redundant = True
                    consumer.choose_redundant(wanted=True)
            rig.play()
            got = [list[Any]() for _ in rig.consumers]
            number, batch, used = first, list[bytes](), set[int]()
            for place, sent in enumerate([Sent(key=True), *script]):
                if sent.change and not batch:
                    _change(rig, sent.change)
                number += sent.step
                number = max(used) + 1 if number in used else number  # SRTP takes none twice
                used.add(number)
                batch.append(_made(codec, number, sent))
                if len(batch) == at_once or place == len(script):
                    rig.send(*batch, now=place * 0.02)
                    batch.clear()
                    for each, packets in zip(got, rig.received(), strict=True):
                        each.extend(shown(packets))
            counters = rig.counters
            counted = (counters.packets_sent, counters.octets_sent, counters.sends_unprotected)
            results.append((got, state(rig.layer), rig.told, rig.asked, counted))
    assert results[0] == results[1]


def _made(codec: Any, number: int, sent: Sent) -> bytes:
    payload = sent.payload
    if payload is None:
        payload = picture(number, key=sent.key, layer=sent.layer, rest=sent.rest, sync=sent.sync)
        if codec is OPUS:
            older = sent.rest[:300]
            red = bytes([0x80 | 96]) + (5 << 10 | len(older)).to_bytes(3) + bytes([96]) + older + sent.rest
            payload = red if sent.payload_type == RED_PAYLOAD_TYPE else b"sound" + sent.rest
    values = [(LEVEL_ID, bytes([number & 0xFF])), (WIDE_ID, (number & 0xFFFF).to_bytes(2)), (9, b"other")]
    extensions = {"none": b"", "one byte": pack_extensions(values), "two bytes": two_bytes(*values)}[sent.form]
    return rtp(
        number,
        payload,
        timestamp=3_000 * number,
        extensions=extensions,
        sources=sent.sources,
        padding=sent.padding,
        payload_type=sent.payload_type,
        marker=sent.sync,
    )


def _change(rig: LayerRig, change: str) -> None:
    consumer = rig.consumers[0]
    if change == "fewer":
        consumer.temporal_target = 0
    elif change == "more":
        consumer.temporal_target = 3
    elif change == "leave":
        consumer.select(None)
    else:
        consumer.select(rig.layer)


# ---- whatever comes, C reads in it what Python does


@st.composite
def anything(draw: st.DrawFn) -> bytes:
    """Datagrams that may be RTP of the stream, cut off anywhere."""
    first = 0x80 | draw(st.sampled_from([0, 0, 0, 1, 15])) | draw(st.sampled_from([0x00, 0x10, 0x10]))
    kind = draw(st.sampled_from([PAYLOAD_TYPE] * 3 + [RED_PAYLOAD_TYPE, 72])) | draw(st.sampled_from([0, 0x80]))
    head = bytes([first, kind, 0, 7]) + (90_000).to_bytes(4) + STREAM.to_bytes(4) + bytes(4 * (first & 15))
    if first & 0x10:
        profile = draw(st.sampled_from([b"\xbe\xde", b"\x10\x00", b"\x10\x0f", b"\x00\x00"]))
        block = draw(
            st.binary(max_size=24) | st.lists(st.sampled_from([0, 1, 3, 0x10, 0x30, 0x31, 0x32, 0xF0])).map(bytes)
        )
        words = draw(st.sampled_from([(len(block) + 3) // 4] * 5 + [0, 1, 400, 0xFFFF]))
        head += profile + words.to_bytes(2) + block + bytes(-len(block) % 4)
    payload = draw(st.binary(max_size=12) | st.just(bytes(1_200)))
    whole = head + draw(st.sampled_from([b"", b"\x90", b"\x90\xf0", b"\x80\xff", b"\xe6", b"\x6f"])) + payload
    return whole[: draw(st.sampled_from([len(whole)] * 4 + [0, 1, 2, 11, 12, 13, 17]))]


@settings(max_examples=400, deadline=None)
@given(st.lists(anything(), max_size=8), st.sampled_from([VP8, OPUS]), st.booleans(), st.integers(0, 3))
def test_it_reads_what_python_reads(datagrams: list[bytes], codec: Codec, red: bool, up_to: int) -> None:
    """With nothing encrypted, so that all of it can be anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_inlet, "srtp_unprotect_address", lambda: _NOT_ENCRYPTED)
        with closing(LayerRig(codec, inlet=True, receivers=1)) as rig:
            _SERVING[:] = [rig.serving]
            took: list[tuple[Any, ...]] = []
            arrived: list[bytes] = []
            rig.door.arrived = lambda data, now: arrived.append(data or b"")
            rig.endpoint.take = lambda data, *_: arrived.append(data)  # type: ignore[method-assign]
            lane = rig.door.lane(STREAM, codec, lambda data, _, *read: took.append((data, *read)))
            redundant = RED_PAYLOAD_TYPE if red and codec is OPUS else None
            lane.read(LEVEL_ID, WIDE_ID, redundant or 0)
            for datagram in datagrams:
                number = datagram[1] & 0x7F if len(datagram) > 1 else 0
                lane.arm(number, 7, [consumer.outgoing for consumer in rig.consumers], up_to, 0)
                rig.send_raw(datagram)
                rig.wait()
                expected = _read(datagram, codec, up_to, redundant)
                assert (took, arrived) == (([], [datagram]) if expected is None else ([expected], []))
                assert set(_SERVED) <= {ROOM}
                assert len(_SERVED) >= len(took)
                _SERVED.clear()
                took.clear()
                arrived.clear()


def _leave(session: Any, packet: Any, length: Any) -> int:
    _SERVED.append(_SERVING[0][0])
    return 0


#: What was said to be served while C was at a packet, and where that is said.
_SERVED: list[int] = []
_SERVING: list[Any] = []
_CALLBACK = kernel().ffi.callback("int(void *, void *, int *)", _leave)
_NOT_ENCRYPTED = int(kernel().ffi.cast("uintptr_t", _CALLBACK))


def _read(datagram: bytes, codec: Codec, up_to: int, red: int | None) -> tuple[Any, ...] | None:
    """What is known of a packet that goes ahead; None for one that does not."""
    try:
        packet = RtpPacket(datagram)
    except MalformedPacketError:
        return None
    if 192 <= datagram[1] <= 223 or not packet.has_media:
        return None
    extensions = packet.extensions()
    wide, level = extensions.get(WIDE_ID), extensions.get(LEVEL_ID)
    number, tl0, layer = -1, 0, 0
    if codec is VP8:
        seen = read_picture(datagram, packet.payload_at)
        payload = datagram[packet.payload_at :]
        if seen is None or seen.keyframe or seen.layer > up_to or _is_short(payload):
            return None
        number, tl0, layer = (seen.picture if seen.picture_at else -1), seen.tl0, seen.layer
    elif packet.payload_type == red and primary(datagram[packet.payload_at :], 0) is None:
        return None
    return (
        datagram,
        packet.timestamp,
        -1 if wide is None else int.from_bytes(wide[:2]),
        -1 if level is None or len(level) != 1 else level[0],
        number,
        tl0,
        layer,
    )


def _is_short(payload: bytes) -> bool:
    """C leaves to Python what may be cut off."""
    if not payload[0] & 0x80:
        return len(payload) < 2
    present = payload[1]
    fields = 2 + (1 + (payload[2] >> 7) if present & 0x80 else 0) + bool(present & 0x40) + bool(present & 0x30)
    return len(payload) < max(6, fields + 1)
