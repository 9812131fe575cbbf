from __future__ import annotations

import struct

import attrs

from media.worker.codecs import MID, REPAIRED_RID, RID, VP8
from media.worker.consumer import Consumer
from media.worker.demand import PATIENCE
from media.worker.keyframes import THROTTLE
from media.worker.layer import LIVE, Layer
from media.worker.producer import Producer
from media.worker.rtp import RtpPacket
from media.worker.sdp import Format, MediaLine
from tests.media.worker.streams import Sink

LINE = MediaLine(
    *("video", "100 101", "UDP/TLS/RTP/SAVPF", "1", False, "sendonly"),
    codecs=(Format(VP8, 100, feedback=frozenset({"nack"}), repair_payload_type=101),),
    extensions={MID: 4},
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
    consumer.select(producer.layers[0])
    consumer.resume()
    return producer, subscriber


def test_packets_and_what_repeats_them_are_told_apart() -> None:
    publisher = Sink()
    producer, subscriber = producer_and_subscriber(publisher)
    repeats = frame(7, payload_type=101, ssrc=6, original=b"\x00\x02")
    assert producer.learn(repeats, {}) is None, "nothing was lost yet of a stream that was not seen"
    (layer,) = producer.layers
    assert producer.learn(frame(1), {}) is layer
    assert producer.on_rtp(layer, frame(1, key=True), {}, 0.0)
    assert producer.on_rtp(layer, frame(3), {}, 0.0)
    assert publisher.nacks == [2]
    assert producer.learn(repeats, {}) is layer
    assert producer.on_rtp(layer, repeats, {}, 0.1)
    assert subscriber.steps() == [0, 2, 1]
    assert subscriber.packets[2].data[-2:] == b"\x10\x01"
    assert producer.on_rtp(layer, frame(8, payload_type=101, ssrc=6), {}, 0.1), "a probe is no mistake"
    assert producer.on_rtp(layer, repeats, {}, 0.2)
    assert len(subscriber.packets) == 3
    assert [block.ssrc for block in producer.blocks(0.2)] == [5]


def test_what_fits_no_stream_is_refused() -> None:
    producer, subscriber = producer_and_subscriber(Sink())
    layer = producer.learn(frame(1), {})
    assert layer is not None
    assert not producer.on_rtp(layer, frame(1, payload_type=99), {}, 0.0)
    assert not producer.on_rtp(layer, frame(1, ssrc=6), {}, 0.0)
    assert not producer.on_rtp(layer, frame(1, payload_type=101), {}, 0.0)
    assert subscriber.packets == []


def test_a_consumer_that_was_removed_gets_nothing() -> None:
    producer, subscriber = producer_and_subscriber(Sink())
    layer = producer.learn(frame(1), {})
    assert layer is not None
    producer.on_rtp(layer, frame(1, key=True), {}, 0.0)
    producer.remove(producer.consumers[0])
    producer.on_rtp(layer, frame(2, key=True), {}, 0.0)
    assert len(subscriber.packets) == 1


# ---- several layers

LAYERS = attrs.evolve(LINE, rids=("q", "h", "f"), extensions={MID: 4, RID: 10, REPAIRED_RID: 11})


def test_layers_are_learned_by_their_names_as_they_come() -> None:
    producer = Producer(Sink(), 1, "alice", "camera", LAYERS, VP8)
    assert producer.learn(frame(1, ssrc=5), {}) is None, "it is of one of three"
    assert producer.learn(frame(1, ssrc=5), {10: b"x"}) is None
    full, quarter = producer.learn(frame(1, ssrc=5), {10: b"f"}), producer.learn(frame(1, ssrc=6), {10: b"q"})
    assert full is producer.layers[2]
    assert quarter is producer.layers[0]
    assert producer.on_rtp(full, frame(1, key=True, ssrc=5), {}, 0.0)
    assert producer.on_rtp(full, frame(3, ssrc=5), {}, 0.0)
    repeats = frame(1, payload_type=101, ssrc=7, original=b"\x00\x02")
    assert producer.learn(repeats, {}) is None
    assert producer.learn(repeats, {10: b"q"}) is None, "that is what others are called"
    assert producer.learn(repeats, {11: b"f"}) is full
    assert producer.on_rtp(full, repeats, {}, 0.0)
    assert full.missing.statistics().recovered == 1
    assert [block.ssrc for block in producer.blocks(0.5)] == [5]


def test_layers_stay_what_they_were_in_another_offer() -> None:
    producer = Producer(Sink(), 1, "alice", "camera", LAYERS, VP8)
    layer = producer.learn(frame(1), {10: b"h"})
    producer.update(attrs.evolve(LAYERS, rids=("h", "f")))
    assert [known.rid for known in producer.layers] == ["h", "f"]
    assert producer.layers[0] is layer


def test_layers_are_in_the_order_of_their_sizes_if_those_are_known() -> None:
    producer = Producer(Sink(), 1, "alice", "camera", LAYERS, VP8)
    assert [layer.rid for layer in producer.ordered] == ["q", "h", "f"]
    for ssrc, (layer, width) in enumerate(zip(producer.layers, (1280, 640, 320), strict=True)):
        layer.begin(ssrc)
        layer.size = (width, width)
    assert [layer.rid for layer in producer.ordered] == ["f", "h", "q"]


def test_a_layer_that_is_asked_for_and_does_not_come_is_of_no_use() -> None:
    producer = Producer(Sink(), 1, "alice", "camera", LAYERS, VP8)
    consumer = Consumer(Sink(), VP8, 9, "0", "bob")
    quarter, half, full = producer.layers
    sequences = {5: 0, 6: 0}

    def come(layer: Layer, ssrc: int, now: float) -> None:
        sequences[ssrc] += 1
        if layer.stream is None:
            producer.learn(frame(1, ssrc=ssrc), {10: (layer.rid or "").encode()})
        producer.on_rtp(layer, frame(sequences[ssrc], key=True, ssrc=ssrc), {}, now)

    producer.add(consumer)
    consumer.select(half)
    assert producer.take_wanted(0.0) == ["q", "h", "f"], "whatever comes, as long as nothing does"
    assert producer.take_wanted(100.0) is None
    assert producer.usable(100.0) == (quarter, half, full)
    come(quarter, 5, 100.0)
    assert producer.take_wanted(100.0) == ["h"]
    for step in range(1, 100):
        now = 100.0 + step / 10
        come(quarter, 5, now)
        assert producer.take_wanted(now) is None
        assert (half in producer.usable(now)) is (now - 100.0 < PATIENCE)
        assert full in producer.usable(now), "that was not asked for"
    for step in range(1, 20):
        now = 110.0 + step / 10
        come(quarter, 5, now)
        if step < 10:
            come(half, 6, now)
        producer.take_wanted(now)
        if step == 15:
            continue  # that very moment
        assert (half in producer.usable(now)) is (step / 10 < 0.9 + LIVE), "it came, and does no more"
    consumer.select(None)
    come(quarter, 5, 112.0)
    assert producer.take_wanted(112.0) == []
    for step in range(1, 100):
        assert producer.take_wanted(112.0 + step / 10) is None, "nobody wants any, so that none comes is no wonder"


def test_a_layer_that_was_waited_for_in_vain_goes_on_to_be_asked_for_while_anybody_gets_another() -> None:
    producer = Producer(Sink(), 1, "alice", "camera", LAYERS, VP8)
    consumer = Consumer(Sink(), VP8, 9, "0", "bob")
    quarter, half, _ = producer.layers
    producer.learn(frame(1, ssrc=5), {10: b"q"})
    producer.add(consumer)
    consumer.select(half)

    def come(now: float) -> list[str] | None:
        producer.on_rtp(quarter, frame(round(10 * now), key=True, ssrc=5), {}, now)
        return producer.take_wanted(now)

    assert come(0.1) == ["h"]
    now = 0.1
    while half in producer.usable(now):
        now += 0.1
        assert come(now) is None
    consumer.select(quarter)
    assert come(now) == ["q", "h"], "it comes when its publisher has room for it again"
    told = [come(now + step / 10) for step in range(1, 60)]
    assert [rids for rids in told if rids is not None] == [["q"]], "nobody wants it any more"
    assert half in producer.usable(now + 6)


def test_a_publisher_is_asked_for_the_keyframes_of_all_layers_with_one_breath() -> None:
    publisher = Sink()
    line = attrs.evolve(LINE, rids=("q", "h"), extensions={MID: 4, RID: 10, REPAIRED_RID: 11})
    producer = Producer(publisher, 1, "alice", "camera", line, VP8)
    for layer, stream in zip(producer.layers, (5, 6), strict=True):
        layer.begin(stream)
        layer.ask_keyframe(0.0)
    assert publisher.asked_keyframes == [5], "whose encoder makes them together"
    for layer in producer.layers:
        layer.tick(THROTTLE)
    assert publisher.asked_keyframes == [5, 6], "and if not"
