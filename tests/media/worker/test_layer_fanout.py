"""Layers through either fan-out: to each subscriber what is its own, by sockets and SRTP."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from media.worker.codecs import VP8
from media.worker.consumer import Consumer
from media.worker.fanout import Outgoing, Route
from media.worker.layer import Layer
from media.worker.picture import Picture
from media.worker.rtp import RtpPacket
from media.worker.vp8 import read_picture
from tests.media.worker.fanout_rig import Rig
from tests.media.worker.kernel import FANOUTS
from tests.media.worker.streams import Stream

#: As Chromium has temporal layers in L1T3.
PATTERN = (0, 2, 1, 2)


class Publisher:
    """The transport of the publisher."""

    def __init__(self, rig: Rig) -> None:
        self.fanout = rig.fanout

    def send_rtcp(self, packet: bytes) -> None:
        pass


class Subscriber:
    """The transport of receiver number so and so of a rig, and its consumer."""

    def __init__(self, rig: Rig, number: int) -> None:
        self.rig = rig
        self.number = number
        self.route: Route = rig.routes[number]
        self.packets: list[RtpPacket] = []
        self.datagrams: list[bytes] = []
        self.consumer = Consumer(self, VP8, number + 1, "0", "alice")

    def outgoing(self, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        return self.rig.fanout.outgoing(self.route, payload_type, ssrc, extensions)

    def send_rtp(self, packet: bytes) -> bool:
        assert self.route.protect is not None
        assert self.route.path is not None
        return self.route.path.endpoint.send(self.route.protect(packet), self.route.path.address)

    def send_rtcp(self, packet: bytes) -> None:
        pass

    def watch(self, layer: Layer, temporal: int) -> None:
        self.consumer.temporal = self.consumer.temporal_target = temporal
        self.consumer.select(layer)
        self.consumer.resume()

    def collect(self) -> None:
        while self.consumer.outgoing.packets > len(self.datagrams):
            self.datagrams.append(self.rig.receive(self.number))
            self.packets.append(self.rig.unprotect(self.number, self.datagrams[-1]))

    @property
    def steps(self) -> list[int]:
        return [(packet.sequence - self.packets[0].sequence) & 0xFFFF for packet in self.packets]

    @property
    def pictures(self) -> list[Picture]:
        pictures = [read_picture(packet.data, packet.payload_at) for packet in self.packets]
        return [picture for picture in pictures if picture is not None]

    @property
    def picture_steps(self) -> list[int]:
        return [(picture.picture - self.pictures[0].picture) & 0x7FFF for picture in self.pictures]


@pytest.fixture
def rigs() -> Iterator[list[Rig]]:
    rigs = [Rig(name) for name in FANOUTS]
    yield rigs
    for rig in rigs:
        rig.close()


def call(rig: Rig) -> list[Subscriber]:
    """Have three watch a camera: all of it, every fourth picture, and one who changes to a larger layer."""
    random.seed(5)  # where streams begin
    subscribers = [Subscriber(rig, number) for number in range(3)]
    low, high = (Layer(Publisher(rig), 1, VP8, rid) for rid in ("q", "f"))
    for subscriber, temporal in zip(subscribers, (2, 0, 2), strict=True):
        subscriber.watch(low, temporal)
    small = Stream(low, 5, sequence=65_530, timestamp=2**32 - 9_000, picture=0x7FFA)
    large = Stream(high, 6, sequence=7, timestamp=70_000, picture=200)
    late = None
    for number in range(16):
        temporal, now = PATTERN[number % 4], number / 30
        if number == 4:
            subscribers[2].consumer.select(high)
        for stream in (small, large):
            if stream is small and number == 9:
                late = stream.make(temporal=temporal, sync=True)
                continue
            stream.send(now, key=number in (0, 8), temporal=temporal, sync=temporal > 0)
        if number == 11:
            assert late is not None
            low.on_rtp(late, None, now)
        for subscriber in subscribers:
            subscriber.collect()
    return subscribers


def test_each_subscriber_sees_one_stream_without_a_gap(rigs: list[Rig]) -> None:
    for rig in rigs:
        everything, few, changed = call(rig)
        # The late one comes after two that were sent later, but in its place.
        assert everything.steps == [*range(9), 10, 11, 9, *range(12, 16)]
        assert everything.picture_steps == everything.steps
        # Its place was open, as nobody knew that it would be left out.
        assert few.steps == few.picture_steps == [0, 1, 2, 3, 4]
        assert [picture.layer for picture in few.pictures] == [0, 0, 0, 2, 0]
        # The ninth picture came of both layers: that of the larger one after that of the smaller one.
        assert changed.steps == changed.picture_steps == list(range(17))
        tl0 = [picture.tl0 for picture in changed.pictures if picture.layer == 0]
        assert [(number - tl0[0]) & 0xFF for number in tl0] == [0, 1, 2, 3, 4]


def test_both_fan_outs_send_the_same(rigs: list[Rig]) -> None:
    pure, kernel = (call(rig) for rig in rigs)
    for one, other in zip(pure, kernel, strict=True):
        assert one.datagrams == other.datagrams
        octets = sum(len(packet.data) - packet.payload_at for packet in one.packets)
        assert [s.consumer.outgoing.octets for s in (one, other)] == [octets] * 2
    assert [rig.counters.packets_sent for rig in rigs] == [sum(len(s.packets) for s in pure)] * 2
