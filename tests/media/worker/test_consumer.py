from __future__ import annotations

from media.worker.codecs import OPUS, VP8
from media.worker.consumer import ALL, Consumer
from media.worker.layer import Layer
from media.worker.picture import Picture
from media.worker.rtcp import SenderReport
from media.worker.rtp import RtpPacket
from media.worker.vp8 import read_picture
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


def test_what_was_refused_is_not_reported_as_sent() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.temporal = consumer.temporal_target = 0
    consumer.resume()
    stream = Stream(layer)
    stream.send(key=True)
    early, later = stream.make(), stream.make()
    stream.send(temporal=1)  # left out, so that what is before goes out by itself
    layer.on_repeated(early, 0.1)
    sink.takes = False
    layer.on_repeated(later, 0.1)
    stream.send()
    sink.takes = True
    went = sum(len(packet.data) - packet.payload_at for packet in sink.packets)
    assert (consumer.packets, consumer.octets, consumer.unsent) == (2, went, 2)
    layer.on_sender_report(SenderReport(5, 1 << 32, 0), 0.2)
    assert sink.counts == [(2, went)]


def test_what_was_refused_was_not_sent_again() -> None:
    layer, sink = video_layer(), Sink()
    stream = Stream(layer)
    consumer = consumer_of(layer, sink)
    consumer.resume()
    stream.send(key=True)
    (first,) = sink.packets
    sink.takes = False
    consumer.on_nack([first.sequence], 1.0)
    figures = consumer.retransmissions.statistics()
    assert (figures.asked, figures.sent, figures.unsent) == (1, 0, 1)
    assert consumer.unsent == 0, "that is of what goes out for the first time"


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


# ---- layers


def two_layers() -> tuple[Stream, Stream, Consumer, Sink, list[Sink]]:
    """Have a consumer watch the first of two layers."""
    publishers = [Sink(), Sink()]
    low, high = video_layer(publishers[0], "q"), video_layer(publishers[1], "f")
    sink = Sink()
    consumer = consumer_of(low, sink)
    consumer.resume()
    small = Stream(low, 5, sequence=65_500, timestamp=500, picture=200)
    large = Stream(high, 6, sequence=7, timestamp=70_000, picture=32_760)
    small.send(0.0, key=True)
    large.send(0.0, key=True)
    return small, large, consumer, sink, publishers


def test_the_old_layer_goes_on_until_there_is_a_keyframe_of_the_new_one() -> None:
    small, large, consumer, sink, publishers = two_layers()
    consumer.select(large.layer)
    consumer.ask_keyframe(0.0)
    assert publishers[1].asked_keyframes == [6]
    for step in range(1, 4):
        small.send(step / 30)
        large.send(step / 30)
    assert len(sink.packets) == 4, "only the old one"
    small.send(4 / 30)
    large.send(4 / 30, key=True)
    for step in range(5, 8):
        small.send(step / 30)
        large.send(step / 30)
    pictures = [picture_of(p) for p in sink.packets]
    assert sink.steps() == list(range(9))
    assert [p.picture for p in pictures] == [*range(201, 210)]
    assert [p.tl0 for p in pictures] == [number & 0xFF for number in range(201, 210)]
    times = [(p.timestamp - sink.packets[0].timestamp) & 0xFFFFFFFF for p in sink.packets]
    assert times[4] < times[5] < times[4] + 3_000
    assert times == sorted(times)


def test_a_wish_that_is_taken_back_changes_nothing() -> None:
    small, large, consumer, sink, _ = two_layers()
    consumer.select(large.layer)
    consumer.select(small.layer)
    large.send(0.1, key=True)
    small.send(0.1)
    assert sink.steps() == [0, 1]
    assert (small.layer.audience.waiting, large.layer.audience.waiting) == ((), ())


def test_without_a_layer_nothing_goes_out_and_then_it_begins_with_a_keyframe() -> None:
    small, _, consumer, sink, publishers = two_layers()
    consumer.select(None)
    small.send(0.1)
    small.send(0.2, key=True)
    consumer.select(small.layer)
    small.send(5.0)
    assert publishers[0].asked_keyframes == [5]
    small.send(5.1, key=True)
    assert sink.steps() == [0, 1]
    assert picture_of(sink.packets[1]).picture == picture_of(sink.packets[0]).picture + 1


def test_sound_and_picture_stay_in_step_through_a_change_of_layers() -> None:
    """The reports say of both layers what their clocks were at one moment; so the new one is at the right time."""
    small, large, consumer, sink, _ = two_layers()
    second = 1 << 32
    small.layer.on_sender_report(SenderReport(5, 100 * second, small.timestamp), 0.0)
    large.layer.on_sender_report(SenderReport(6, 100 * second, large.timestamp), 0.0)
    small.send(1 / 30)  # the picture taken then
    consumer.select(large.layer)
    large.timestamp += 3_000  # of the moment after that; and it comes late
    large.send(2 / 30 + 0.02, key=True)
    old, new = sink.packets[-2:]
    assert (new.timestamp - old.timestamp) & 0xFFFFFFFF == 3_000
    before, after = sink.reports[0], sink.reports[-1]
    assert before.ntp_timestamp == after.ntp_timestamp
    assert before.rtp_timestamp == after.rtp_timestamp


def test_a_stream_that_begins_again_is_of_no_use_to_who_wants_another_layer() -> None:
    small, large, consumer, sink, _ = two_layers()
    consumer.select(large.layer)
    Stream(small.layer, 50).send(0.1, key=True)
    assert len(sink.packets) == 1
    large.send(0.2, key=True)
    assert sink.steps() == [0, 1]


# ---- temporal layers

#: As Chromium has them in L1T3.
PATTERN = (0, 2, 1, 2)


def send_pattern(stream: Stream, pictures: int, *, packets: int = 2) -> None:
    for number in range(pictures):
        temporal = PATTERN[number % 4]
        for packet in range(packets):
            stream.send(number / 30, key=number == 0, temporal=temporal, sync=temporal > 0, begins=packet == 0)


def test_pictures_of_higher_temporal_layers_leave_no_gap() -> None:
    for temporal, kept in ((0, [1, 5]), (1, [1, 3, 5, 7]), (2, [1, 2, 3, 4, 5, 6, 7, 8])):
        layer, sink = video_layer(), Sink()
        consumer = consumer_of(layer, sink)
        consumer.temporal = consumer.temporal_target = temporal
        consumer.resume()
        stream = Stream(layer)
        send_pattern(stream, 8)
        pictures = [picture_of(p) for p in sink.packets]
        assert len(sink.packets) == 2 * len(kept)
        assert sink.steps() == list(range(2 * len(kept)))
        first = sink.packets[0].timestamp
        assert [(p.timestamp - first) // 3_000 + 1 & 0xFFFF for p in sink.packets[::2]] == kept
        assert [p.picture for p in pictures[::2]] == list(range(1, len(kept) + 1))
        assert [p.tl0 for p in pictures[::2]] == [1 + (number > 4) for number in kept]
        # and what was lost is found although the numbers are others
        sent = list(sink.packets)
        consumer.on_nack([p.sequence for p in sent], 1.0)
        for original, again in zip(sent, sink.packets[len(sent) :], strict=True):
            assert again.data[again.payload_at + 2 :] == original.data[original.payload_at :]
            assert again.timestamp == original.timestamp


def test_one_gets_fewer_pictures_from_the_next_on_and_others_go_on() -> None:
    layer, narrow, wide = video_layer(), Sink(), Sink()
    consumer, other = consumer_of(layer, narrow), consumer_of(layer, wide)
    consumer.resume()
    other.resume()
    stream = Stream(layer)
    stream.send(key=True)
    stream.send(temporal=1)
    assert (len(narrow.packets), len(wide.packets)) == (2, 2)
    consumer.temporal_target = 0
    stream.send()
    stream.send(temporal=1)
    stream.send()
    assert (narrow.steps(), wide.steps()) == ([0, 1, 2, 3], [0, 1, 2, 3, 4])
    consumer.temporal_target = ALL
    stream.send(key=True)
    stream.send(temporal=1)
    other.pause()
    stream.send()
    assert (len(narrow.packets), len(wide.packets)) == (7, 7)


def test_a_temporal_layer_comes_back_where_it_depends_on_nothing_that_was_left_out() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.temporal = consumer.temporal_target = 0
    consumer.resume()
    stream = Stream(layer)
    send_pattern(stream, 4)
    consumer.temporal_target = 2
    stream.send(1.0, temporal=2, sync=False)
    assert len(sink.packets) == 2
    stream.send(1.0, temporal=1, sync=True)
    stream.send(1.0, temporal=2, sync=False)
    assert len(sink.packets) == 3
    stream.send(1.0, temporal=2, sync=True)
    assert len(sink.packets) == 4
    consumer.temporal_target = 0
    stream.send(1.0, temporal=2, begins=False)
    assert len(sink.packets) == 5, "the rest of a picture that was begun"
    stream.send(1.0, temporal=2)
    assert len(sink.packets) == 5
    assert sink.steps() == list(range(5))


def test_what_came_late_has_the_place_it_had() -> None:
    layer, sink = video_layer(), Sink()
    consumer = consumer_of(layer, sink)
    consumer.temporal = consumer.temporal_target = 0
    consumer.resume()
    stream = Stream(layer)
    stream.send(key=True)
    late = stream.make()
    stream.send(temporal=1)  # left out
    stream.send()
    layer.on_repeated(late, 0.1)
    assert sink.steps() == [0, 2, 1]
    assert [picture_of(p).picture for p in sink.packets] == [1, 3, 2]
