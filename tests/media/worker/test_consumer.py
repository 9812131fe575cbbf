from __future__ import annotations

from media.worker.codecs import OPUS, VP8
from media.worker.consumer import Consumer
from media.worker.layer import Layer
from media.worker.rtcp import ReportBlock, SenderReport
from media.worker.rtp import RtpPacket
from media.worker.vp8 import Picture, read_picture
from tests.media.worker.streams import Sink, Stream, audio_layer, video_layer


def consumer_of(layer: Layer, sink: Sink, *, video: bool = True, repairs: bool = True) -> Consumer:
    consumer = Consumer(sink, VP8 if video else OPUS, 9, "0", "alice", repair_ssrc=10 if video else None)
    if repairs and video:
        consumer.repair_payload_type = 97
    consumer.select(layer)
    return consumer


def picture_of(packet: RtpPacket) -> Picture:
    picture = read_picture(packet.data, packet.payload_at)
    assert picture is not None
    return picture


def test_silent_until_the_subscriber_agreed() -> None:
    layer, sink = audio_layer(), Sink()
    stream = Stream(layer)
    consumer = consumer_of(layer, sink, video=False)
    stream.send()
    consumer.resume()
    stream.send()
    consumer.pause()
    stream.send()
    assert len(sink.packets) == 1
    assert (sink.packets[0].ssrc, sink.packets[0].payload_type) == (9, 111)


def test_video_waits_for_a_keyframe_and_says_so() -> None:
    publisher, sink = Sink(), Sink()
    layer = video_layer(publisher)
    stream = Stream(layer)
    consumer_of(layer, sink).resume()
    stream.send()
    assert publisher.asked_keyframes == [5]
    late = stream.make()
    stream.send(key=True)
    layer.on_rtp(late, None, 0.0)  # of no use, but nothing to ask for
    later = stream.make()
    stream.send()
    layer.on_rtp(later, None, 0.0)
    assert sink.steps() == [0, 2, 1]
    assert publisher.asked_keyframes == [5]


def test_padding_alone_begins_nothing() -> None:
    layer, sink = audio_layer(), Sink()
    stream = Stream(layer)
    consumer_of(layer, sink, video=False).resume()
    layer.on_rtp(stream.make(payload=b""), None, 0.0)
    assert sink.packets == []


def test_another_stream_goes_on_from_where_the_last_one_was() -> None:
    layer, sink = video_layer(), Sink()
    consumer_of(layer, sink).resume()
    first = Stream(layer, picture=7)
    first.send(1.0, key=True)
    first.send(1.1)
    second = Stream(layer, 6, sequence=65_535, timestamp=5, picture=30_000)
    second.send(1.5)
    second.send(2.1, key=True)
    second.send(2.2)
    assert sink.steps() == [0, 1, 2, 3]
    start = sink.packets[0].timestamp
    assert [(p.timestamp - start) & 0xFFFFFFFF for p in sink.packets] == [0, 3_000, 93_000, 96_000]
    pictures = [picture_of(p) for p in sink.packets]
    assert [p.picture for p in pictures] == [8, 9, 10, 11]
    assert [p.tl0 for p in pictures] == [8, 9, 10, 11]


def test_reports_have_the_numbers_of_what_goes_out() -> None:
    layer, sink = audio_layer(), Sink()
    stream = Stream(layer)
    consumer = consumer_of(layer, sink, video=False)
    layer.on_sender_report(SenderReport(5, 77, 4_000), 0.0)
    consumer.resume()
    layer.on_sender_report(SenderReport(5, 77, 4_000), 0.0)
    assert sink.reports == []
    layer.on_rtp(stream.make(), b"\x05", 0.0)
    assert [r.ntp_timestamp for r in sink.reports] == [77]
    assert (sink.reports[0].rtp_timestamp - sink.packets[0].timestamp) & 0xFFFFFFFF == 1_000
    assert sink.packets[0].extensions() == {4: b"0", 1: b"\x05", 2: bytes(3)}


def test_when_a_packet_was_sent_is_in_it() -> None:
    layer, sink = video_layer(), Sink()
    consumer_of(layer, sink).resume()
    Stream(layer).send(64.0 + 2.5, key=True)
    assert sink.packets[0].extensions() == {4: b"0", 2: (5 << 17).to_bytes(3)}


def test_the_round_trip_is_that_of_a_sender_report() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.resume()
    Stream(layer).send(key=True)
    layer.on_sender_report(SenderReport(5, 0x1111_2222_3334_4444, 0), 10.0)
    layer.on_sender_report(SenderReport(5, 0x1112_2222_3333_4444, 0), 11.0)
    consumer.on_report_block(ReportBlock(9, 0, 0, 0, 0, 0x9999_9999, 0), 11.0)
    assert consumer.round_trip is None
    consumer.on_report_block(ReportBlock(9, 0, 0, 0, 0, 0x2222_3333, 65_536), 12.25)
    assert consumer.round_trip == 0.25


# ---- loss


def test_what_is_lost_is_sent_again_on_a_stream_of_its_own() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.resume()
    stream = Stream(layer, sequence=65_530)
    sent = [stream.send(key=number == 0) for number in range(20)]
    numbers = [p.sequence for p in sink.packets]
    consumer.on_nack([numbers[3], numbers[8]], 0.1)
    first, second = sink.packets[20:]
    assert (first.ssrc, first.payload_type, first.timestamp) == (10, 97, sink.packets[3].timestamp)
    assert sink.repeated() == [numbers[3], numbers[8]]
    assert first.data[first.payload_at + 2 :] == sent[3].data[sent[3].payload_at :]
    assert (second.sequence - first.sequence) & 0xFFFF == 1
    assert first.extensions()[4] == b"0"


def test_where_repetitions_are_not_taken_the_packet_itself_goes_out_again() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink, repairs=False)
    consumer.resume()
    stream = Stream(layer)
    for number in range(5):
        stream.send(key=number == 0)
    consumer.on_nack([sink.packets[2].sequence], 0.1)
    again, original = sink.packets[-1], sink.packets[2]
    assert (again.ssrc, again.sequence, again.timestamp) == (9, original.sequence, original.timestamp)
    assert again.data[again.payload_at :] == original.data[original.payload_at :]


def test_what_went_out_before_a_change_of_streams_is_sent_again_as_it_was() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.resume()
    Stream(layer, picture=7).send(1.0, key=True)
    second = Stream(layer, 6, sequence=9, timestamp=5, picture=30_000)
    second.send(2.0, key=True)
    second.send(2.1)
    consumer.on_nack([p.sequence for p in sink.packets[:3]], 2.2)
    for original, again in zip(sink.packets[:3], sink.packets[3:], strict=True):
        assert again.data[again.payload_at + 2 :] == original.data[original.payload_at :]
        assert again.timestamp == original.timestamp


def test_the_same_packet_is_not_sent_again_within_a_round_trip() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.resume()
    Stream(layer).send(key=True)
    number = sink.packets[0].sequence
    for now in (0.01, 0.05, 0.1):  # a round trip is taken for 100 ms
        consumer.on_nack([number, number], now)
    assert len(sink.repeated()) == 1
    consumer.on_nack([number], 0.12)
    assert len(sink.repeated()) == 2


def test_what_is_not_there_is_not_sent() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.on_nack([1], 0.0)
    consumer.resume()
    Stream(layer).send(key=True)
    number = sink.packets[0].sequence
    consumer.on_nack([(number + step) & 0xFFFF for step in (-1, 1, -30_000, 30_000)], 0.1)
    assert len(sink.packets) == 1
