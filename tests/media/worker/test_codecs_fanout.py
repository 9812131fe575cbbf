"""Layers and temporal layers of each codec through either fan-out: one stream without a gap for each subscriber."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import attrs
import pytest

from media.worker import vp9
from media.worker.codecs import AV1, H264, VP9, Codec
from media.worker.consumer import Consumer
from media.worker.layer import Layer
from media.worker.rtp import RtpPacket
from tests.media.worker.bitstreams import av1_sequence_header, h264_parameters, vp9_frame
from tests.media.worker.fanout_rig import Rig
from tests.media.worker.kernel import FANOUTS
from tests.media.worker.test_av1 import structure
from tests.media.worker.test_layer_fanout import PATTERN, Publisher, Subscriber


@attrs.define
class Camera:
    """A stream of one layer, of pictures of one packet each, as Chromium writes them."""

    layer: Layer
    codec: Codec
    flexible: bool
    size: tuple[int, int]
    ssrc: int
    sequence: int
    timestamp: int
    picture: int = 0x7FFA
    tl0: int = 250

    def __attrs_post_init__(self) -> None:
        self.layer.begin(self.ssrc)

    def send(self, now: float, *, key: bool, temporal: int) -> None:
        self.picture = self.picture + 1 & 0x7FFF
        self.tl0 = self.tl0 + (temporal == 0) & 0xFF
        payload, told = self._payload(key=key, temporal=temporal)
        header = struct.pack("!BBHII", 0x80, 0x80 | 100, self.sequence & 0xFFFF, self.timestamp, self.ssrc)
        self.layer.on_rtp(RtpPacket(header + payload + b"rest"), told, now)
        self.sequence += 1
        self.timestamp = self.timestamp + 3_000 & 0xFFFFFFFF

    def _payload(self, *, key: bool, temporal: int) -> tuple[bytes, bytes | None]:
        if self.codec == VP9:
            first = 0x80 | 0x20 | 0x08 | (0 if key else 0x40) | (0x10 if self.flexible else 0)
            descriptor = struct.pack("!BHB", first, 0x8000 | self.picture, temporal << 5 | 0x10)
            more = bytes([1 << 1]) if self.flexible and not key else b""
            return descriptor + (more if self.flexible else bytes([self.tl0])) + vp9_frame(*self.size, key=key), None
        if self.codec == H264:
            return (h264_parameters(*self.size) if key else b"\x41slice"), None
        number = 0 if key else (1, 2, 3)[temporal]  # of the templates of `structure`
        descriptor = bytes([0xC0 | number]) + self.picture.to_bytes(2) + (structure(0, flags=0x10) if key else b"")
        return (b"\x18" + av1_sequence_header(*self.size) if key else b"\x10\x30frame"), descriptor


Case = tuple[Codec, bool]
CASES: list[Case] = [(VP9, False), (VP9, True), (H264, False), (AV1, False)]


@pytest.fixture(params=CASES, ids=["VP9", "VP9 in flexible mode", "H264", "AV1"])
def case(request: pytest.FixtureRequest) -> Case:
    value: Case = request.param
    return value


@pytest.fixture
def rigs() -> Iterator[list[Rig]]:
    rigs = [Rig(name, 4) for name in FANOUTS]
    yield rigs
    for rig in rigs:
        rig.close()


def call(rig: Rig, case: Case) -> list[Subscriber]:
    """Have four watch: all, every fourth picture, a larger layer after a while, and more pictures after a while."""
    random.seed(5)  # where streams begin
    codec, flexible = case
    subscribers = [Subscriber(rig, number) for number in range(4)]
    low, high = (Layer(Publisher(rig), 1, codec, rid) for rid in ("q", "f"))
    for subscriber, temporal in zip(subscribers, (2, 0, 2, 0), strict=True):
        subscriber.consumer = Consumer(subscriber, codec, subscriber.number + 1, "0", "alice")
        subscriber.watch(low, temporal)
    small = Camera(low, codec, flexible, (320, 180), 5, 65_530, 2**32 - 9_000)
    large = Camera(high, codec, flexible, (640, 360), 6, 7, 70_000, 200, 30)
    for number in range(16):
        if number == 4:
            subscribers[2].consumer.select(high)
        if number == 6:
            subscribers[3].consumer.temporal_target = 3
        for camera in (small, large):
            camera.send(number / 30, key=number in (0, 8), temporal=PATTERN[number % 4])
        for subscriber in subscribers:
            subscriber.collect()
    assert (low.size, high.size) == ((320, 180), (640, 360))
    assert low.picture == (small.picture if codec == VP9 else 16), "each is counted, where they have no numbers"
    return subscribers


def test_each_subscriber_sees_one_stream_without_a_gap(rigs: list[Rig], case: Case) -> None:
    codec, flexible = case
    for rig in rigs:
        everything, few, changed, rising = call(rig, case)
        assert everything.steps == list(range(16))
        # H.264 does not say of which temporal layer it is, so all goes out
        assert few.steps == list(range(16 if codec == H264 else 4))
        # up again from the next picture of the lowest layer on
        assert rising.steps == list(range(16 if codec == H264 else 2 + 8))
        # the ninth picture came of both layers: that of the larger one after that of the smaller one
        assert changed.steps == list(range(17))
        times = [(packet.timestamp - changed.packets[0].timestamp) & 0xFFFFFFFF for packet in changed.packets]
        assert times == sorted(times)
        if codec != VP9:
            continue
        assert numbers(everything) == list(range(16))
        assert numbers(few) == [0, 4, 8, 12], "pictures refer to each other by the differences of their numbers"
        assert numbers(changed) == list(range(17))
        if not flexible:
            pictures = [vp9.read_picture(packet.data, packet.payload_at) for packet in changed.packets]
            tl0 = [picture.tl0 for picture in pictures if picture is not None and picture.layer == 0]
            assert [(number - tl0[0]) & 0xFF for number in tl0] == [0, 1, 2, 3, 4]


def numbers(subscriber: Subscriber) -> list[int]:
    """The picture numbers that it got, as differences to the first."""
    pictures = [vp9.read_picture(packet.data, packet.payload_at) for packet in subscriber.packets]
    found = [picture.picture for picture in pictures if picture is not None]
    return [(number - found[0]) & 0x7FFF for number in found]


def test_both_fan_outs_send_the_same(rigs: list[Rig], case: Case) -> None:
    pure, kernel = (call(rig, case) for rig in rigs)
    for one, other in zip(pure, kernel, strict=True):
        assert one.datagrams == other.datagrams
