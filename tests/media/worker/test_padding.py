"""What is sent to see whether it fits, and what is known of the way there."""

from __future__ import annotations

from media.worker.rtcp import ReportBlock, SenderReport
from tests.media.worker.streams import Sink, Stream, audio_layer, video_layer
from tests.media.worker.test_consumer import consumer_of


def test_padding_is_what_was_sent_last_once_more_and_no_more_than_that() -> None:
    layer, sink = video_layer(), Sink()
    stream = Stream(layer)
    consumer = consumer_of(layer, sink)
    assert consumer.pad(1_000, 0.0) == 0
    consumer.resume()
    stream.send(key=True)
    for _ in range(4):
        stream.send()
    sent = len(sink.packets)
    octets = consumer.octets
    size = consumer.pad(1, 0.0)
    assert size > 0
    padding = sink.packets[sent:]
    assert [(packet.ssrc, packet.payload_type) for packet in padding] == [(10, 97)]
    newest = sink.packets[sent - 1]
    assert int.from_bytes(padding[0].data[padding[0].payload_at :][:2]) == newest.sequence
    assert consumer.pad(1e6, 0.0) < 6 * size, "it does not go round"
    assert consumer.octets == octets
    consumer.repair_payload_type = None
    assert consumer.pad(1, 0.0) == 0


def test_padding_that_is_refused_is_none_and_nothing_that_was_asked_for() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.resume()
    Stream(layer).send(key=True)
    sink.takes = False
    assert consumer.pad(1, 0.0) == 0
    assert consumer.padded == 0
    again = consumer.retransmissions.statistics()
    assert (again.asked, again.sent, again.unsent) == (0, 0, 0)
    sink.takes = True
    assert consumer.pad(1, 0.0) > 0
    assert consumer.padded == 1


def test_the_round_trip_is_that_of_a_sender_report() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.resume()
    Stream(layer).send(key=True)
    layer.on_sender_report(SenderReport(5, 0x1111_2222_3334_4444, 0), 10.0)
    layer.on_sender_report(SenderReport(5, 0x1112_2222_3333_4444, 0), 11.0)
    consumer.on_report_block(ReportBlock(9, 0, 0, 0, 0, 0x9999_9999, 0), 11.0)
    assert consumer.reported.round_trip is None
    consumer.on_report_block(ReportBlock(9, 0, 0, 0, 0, 0x2222_3333, 65_536), 12.25)
    assert consumer.reported.round_trip == 0.25


def test_a_round_trip_is_measured_by_each_sender_report_once() -> None:
    layer, sink = audio_layer(), Sink()
    consumer = consumer_of(layer, sink, video=False)
    Stream(layer).send(0.0)
    consumer.resume()
    Stream(layer).send(0.1)
    layer.on_sender_report(SenderReport(1, 5 << 16, 0), 1.0)
    consumer.on_report_block(ReportBlock(9, 0, 0, 0, 0, 5, 0), 1.25)
    assert consumer.reported.round_trip == 0.25
    consumer.on_report_block(ReportBlock(9, 0, 0, 0, 0, 5, 65_536), 2.9)
    assert consumer.reported.round_trip == 0.25, "that is of the same moment, and of the way back"


def test_a_report_is_of_the_time_since_one_that_was_of_most_that_had_gone_out() -> None:
    layer, sink = audio_layer(), Sink()
    consumer = consumer_of(layer, sink, video=False)
    stream = Stream(layer)
    stream.send(0.0)
    consumer.resume()

    def send(count: int, now: float) -> int:
        for _ in range(count):
            stream.send(now)
        sequence: int = sink.packets[-1].sequence
        return sequence

    def report(highest: int, now: float) -> float | None:
        consumer.on_report_block(ReportBlock(9, 0, 0, highest, 0, 0, 0), now)
        return consumer.reported.since

    assert report(send(50, 1.0), 1.0) == 1.0
    before = send(25, 1.5)
    send(200, 5.5)
    assert report(before, 5.6) == 1.0, "it came until it was cut off"
    assert report(send(50, 6.5) - 5, 6.6) == 6.6
    last = send(10, 6.7)
    assert report(last - 10, 7.0) == 7.0, "so many may be on their way"
