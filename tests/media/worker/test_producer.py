from __future__ import annotations

import struct

from media.worker.codecs import VP8
from media.worker.consumer import Consumer
from media.worker.producer import Producer
from media.worker.rtp import RtpPacket
from media.worker.sdp import MediaLine
from tests.media.worker.sink import Sink

LINE = MediaLine("video", "100", "UDP/TLS/RTP/SAVPF", "1", False, "sendonly", VP8, 100, {}, frozenset())


def frame(sequence: int, *, key: bool) -> RtpPacket:
    payload = b"\x10\x00" if key else b"\x10\x01"
    return RtpPacket(struct.pack("!BBHII", 0x80, 100, sequence, 0, 5) + payload)


def test_a_waiting_consumer_has_a_keyframe_asked_for_until_it_comes() -> None:
    publisher, subscriber = Sink(), Sink()
    producer = Producer(publisher, subscriber.fanout, 1, "alice", "camera", LINE, VP8)
    consumer = Consumer(subscriber, VP8, 9, "0", "alice")
    producer.add(consumer)
    consumer.resume()
    producer.ask_keyframe(0.0)
    assert publisher.asked == [], "a stream that has not begun begins with a keyframe"
    producer.begin(5)
    producer.on_rtp(frame(1, key=False), {}, 0.0)
    producer.on_rtp(frame(2, key=False), {}, 0.1)
    assert publisher.asked == [5]
    producer.tick(1.0)
    assert publisher.asked == [5, 5]
    producer.on_rtp(frame(3, key=True), {}, 1.1)
    producer.tick(5.0)
    assert publisher.asked == [5, 5]
    assert len(subscriber.packets) == 1
    producer.remove(consumer)
    producer.on_rtp(frame(4, key=False), {}, 5.0)
    assert len(subscriber.packets) == 1
