from __future__ import annotations

import struct

from media.worker.codecs import OPUS, VP8
from media.worker.consumer import Consumer
from media.worker.outgoing_extensions import shared_part
from media.worker.rtcp import SenderReport
from media.worker.rtp import RtpPacket
from tests.media.worker.sink import Sink


def packet(sequence: int, timestamp: int = 0, payload: bytes = b"payload", first: int = 0x80) -> RtpPacket:
    return RtpPacket(struct.pack("!BBHII", first, 100, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 5) + payload)


def forward(
    sink: Sink,
    consumer: Consumer,
    packet: RtpPacket,
    sequence: int,
    level: bytes | None,
    report: SenderReport | None,
    now: float,
    *,
    keyframe: bool,
) -> bool:
    """Return whether there was no want of a keyframe."""
    admitted = consumer.admit(packet, sequence, report, now, keyframe=keyframe)
    if admitted:
        tail = shared_part("audio" if consumer.outgoing.payload_type == 111 else "video", level)
        sink.fanout.forward(packet, tail + packet.data[packet.payload_at :], [consumer.outgoing], None)
    return admitted is not None


def feed(
    sink: Sink,
    consumer: Consumer,
    sequence: int,
    timestamp: int = 0,
    now: float = 0.0,
    *,
    keyframe: bool = False,
    first: int = 0x80,
) -> bool:
    return forward(
        sink, consumer, packet(sequence, timestamp, first=first), sequence, None, None, now, keyframe=keyframe
    )


def steps(packets: list[RtpPacket]) -> list[int]:
    return [(p.sequence - packets[0].sequence) & 0xFFFF for p in packets]


def test_silent_until_the_subscriber_agreed() -> None:
    sink = Sink()
    consumer = Consumer(sink, OPUS, 9, "0", "alice")
    assert feed(sink, consumer, 1)
    consumer.resume()
    assert feed(sink, consumer, 2)
    consumer.pause()
    assert feed(sink, consumer, 3)
    assert len(sink.packets) == 1
    assert (sink.packets[0].ssrc, sink.packets[0].payload_type) == (9, 111)


def test_video_waits_for_a_keyframe_and_says_so() -> None:
    sink = Sink()
    consumer = Consumer(sink, VP8, 9, "0", "alice")
    consumer.resume()
    assert not feed(sink, consumer, 1)
    assert feed(sink, consumer, 3, keyframe=True)
    assert feed(sink, consumer, 2), "what came late is of no use, but nothing to ask for"
    assert feed(sink, consumer, 5)
    assert feed(sink, consumer, 4)
    assert steps(sink.packets) == [0, 2, 1]


def test_padding_alone_begins_nothing() -> None:
    sink = Sink()
    consumer = Consumer(sink, VP8, 9, "0", "alice")
    consumer.resume()
    assert forward(sink, consumer, packet(1, payload=b"\0\x02", first=0xA0), 1, None, None, 0.0, keyframe=False)
    assert sink.packets == []


def test_another_stream_goes_on_from_where_the_last_one_was() -> None:
    sink = Sink()
    consumer = Consumer(sink, VP8, 9, "0", "alice")
    consumer.resume()
    feed(sink, consumer, 1_000, 90_000, 1.0, keyframe=True)
    feed(sink, consumer, 1_001, 93_000, 1.1)
    consumer.on_stream()
    assert not feed(sink, consumer, 7, 5, 1.5)
    feed(sink, consumer, 8, 10, 2.1, keyframe=True)
    assert steps(sink.packets) == [0, 1, 2]
    first, _, last = sink.packets
    assert (last.timestamp - first.timestamp) & 0xFFFFFFFF == 3_000 + 90_000


def test_reports_have_the_numbers_of_what_goes_out() -> None:
    sink = Sink()
    consumer = Consumer(sink, OPUS, 9, "0", "alice")
    consumer.on_sender_report(SenderReport(5, 77, 1_000))
    consumer.resume()
    consumer.on_sender_report(SenderReport(5, 77, 1_000))
    assert sink.reports == []
    forward(sink, consumer, packet(1, 500), 1, b"\x05", SenderReport(5, 77, 1_000), 0.0, keyframe=False)
    assert [r.ntp_timestamp for r in sink.reports] == [77]
    assert (sink.reports[0].rtp_timestamp - sink.packets[0].timestamp) & 0xFFFFFFFF == 500
    assert sink.packets[0].extensions() == {4: b"0", 1: b"\x05"}
