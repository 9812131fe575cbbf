from __future__ import annotations

import struct

from media.worker.codecs import MID, VP8
from media.worker.consumer import Consumer
from media.worker.producer import Producer
from media.worker.rtp import RtpPacket
from media.worker.sdp import MediaLine
from tests.media.worker.streams import Sink

LINE = MediaLine(
    *("video", "100 101", "UDP/TLS/RTP/SAVPF", "1", False, "sendonly", VP8, 100, {MID: 4}, frozenset({"nack"})),
    repair_payload_type=101,
)


def frame(
    sequence: int, *, key: bool = False, payload_type: int = 100, ssrc: int = 5, original: bytes = b""
) -> RtpPacket:
    payload = original + (b"\x10\x00" if key else b"\x10\x01")
    return RtpPacket(struct.pack("!BBHII", 0x80, payload_type, sequence, 0, ssrc) + payload)


def producer_and_subscriber(publisher: Sink) -> tuple[Producer, Sink]:
    producer, subscriber = Producer(publisher, 1, "alice", "camera", LINE, VP8), Sink()
    consumer = Consumer(subscriber, VP8, 9, "0", "alice")
    producer.add(consumer)
    consumer.resume()
    return producer, subscriber


def test_packets_and_what_repeats_them_are_told_apart() -> None:
    publisher = Sink()
    producer, subscriber = producer_and_subscriber(publisher)
    repeats = frame(7, payload_type=101, ssrc=6, original=b"\x00\x02")
    assert producer.learn(repeats) is None, "nothing was lost yet of a stream that was not seen"
    (layer,) = producer.layers
    assert producer.learn(frame(1)) is layer
    assert producer.on_rtp(layer, frame(1, key=True), {}, 0.0)
    assert producer.on_rtp(layer, frame(3), {}, 0.0)
    assert publisher.nacks == [2]
    assert producer.learn(repeats) is layer
    assert producer.on_rtp(layer, repeats, {}, 0.1)
    assert subscriber.steps() == [0, 2, 1]
    assert subscriber.packets[2].data[-2:] == b"\x10\x01"
    assert producer.on_rtp(layer, frame(8, payload_type=101, ssrc=6), {}, 0.1), "a probe is no mistake"
    assert producer.on_rtp(layer, repeats, {}, 0.2)
    assert len(subscriber.packets) == 3
    assert [block.ssrc for block in producer.blocks(0.2)] == [5]


def test_what_fits_no_stream_is_refused() -> None:
    producer, subscriber = producer_and_subscriber(Sink())
    layer = producer.learn(frame(1))
    assert layer is not None
    assert not producer.on_rtp(layer, frame(1, payload_type=99), {}, 0.0)
    assert not producer.on_rtp(layer, frame(1, ssrc=6), {}, 0.0)
    assert not producer.on_rtp(layer, frame(1, payload_type=101), {}, 0.0)
    assert subscriber.packets == []


def test_a_consumer_that_was_removed_gets_nothing() -> None:
    producer, subscriber = producer_and_subscriber(Sink())
    layer = producer.learn(frame(1))
    assert layer is not None
    producer.on_rtp(layer, frame(1, key=True), {}, 0.0)
    producer.remove(producer.consumers[0])
    producer.on_rtp(layer, frame(2, key=True), {}, 0.0)
    assert len(subscriber.packets) == 1
