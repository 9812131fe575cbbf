from __future__ import annotations

from media.worker.codecs import VP8
from media.worker.consumer import Consumer
from media.worker.keyframes import REPEAT
from tests.media.worker.streams import Sink, Stream, video_layer


def watched(publisher: Sink) -> tuple[Stream, Sink]:
    """Return a stream of which a keyframe was forwarded, and the sink of whom it was forwarded to."""
    layer, subscriber = video_layer(publisher), Sink()
    consumer = Consumer(subscriber, VP8, 9, "0", "alice")
    consumer.select(layer)
    consumer.resume()
    stream = Stream(layer)
    stream.send(key=True)
    return stream, subscriber


def test_a_waiting_consumer_has_a_keyframe_asked_for_until_it_comes() -> None:
    publisher, subscriber = Sink(), Sink()
    layer = video_layer(publisher)
    consumer = Consumer(subscriber, VP8, 9, "0", "alice")
    consumer.select(layer)
    consumer.resume()
    consumer.ask_keyframe(0.0)
    assert publisher.asked_keyframes == [], "a stream that has not begun begins with a keyframe"
    stream = Stream(layer)
    stream.send(0.0)
    stream.send(0.1)
    assert publisher.asked_keyframes == [5]
    layer.tick(1.0)
    assert publisher.asked_keyframes == [5, 5]
    stream.send(1.1, key=True)
    layer.tick(5.0)
    assert publisher.asked_keyframes == [5, 5]
    assert len(subscriber.packets) == 1
    consumer.close()
    stream.send(5.0)
    assert len(subscriber.packets) == 1


def test_a_lost_packet_is_asked_for_and_goes_out_in_its_place() -> None:
    publisher = Sink()
    stream, subscriber = watched(publisher)
    lost = stream.make()
    stream.send(0.0)
    assert publisher.nacks == [lost.sequence]
    assert stream.layer.on_repeated(lost, 0.1)
    assert subscriber.steps() == [0, 2, 1]
    stream.layer.tick(1.0)
    assert publisher.nacks == [lost.sequence]


def test_old_packets_that_were_not_lost_are_probes_and_go_nowhere() -> None:
    publisher = Sink()
    stream, subscriber = watched(publisher)
    old = stream.send(0.0)
    assert not stream.layer.on_repeated(old, 0.1)
    assert not stream.layer.on_repeated(stream.make(), 0.1)
    assert subscriber.steps() == [0, 1]


def test_what_stays_lost_ends_in_a_keyframe() -> None:
    publisher = Sink()
    stream, _ = watched(publisher)
    lost = stream.make()
    for step in range(1, 30):
        stream.send(step / 20)
        stream.layer.tick(step / 20)
    assert publisher.nacks == [lost.sequence] * 3
    assert publisher.asked_keyframes == [5]


def test_what_was_before_a_keyframe_is_not_asked_for_again() -> None:
    publisher = Sink()
    stream, _ = watched(publisher)
    stream.make()
    stream.send(0.0)
    stream.send(0.1, key=True)
    stream.layer.tick(1.0)
    stream.layer.tick(2.0)
    assert len(publisher.nacks) == 1
    assert publisher.asked_keyframes == []


def test_a_publisher_that_repeats_nothing_is_not_asked() -> None:
    publisher = Sink()
    stream, _ = watched(publisher)
    stream.layer.repeats = False
    stream.make()
    stream.send(0.0)
    assert publisher.nacks == []


def test_the_reports_say_what_was_lost_whether_or_not_it_came_again() -> None:
    stream, _ = watched(Sink())
    stream.layer.on_repeated(lost := stream.make(), 0.0)
    stream.send(0.0)
    stream.layer.on_repeated(lost, 0.1)
    block = stream.layer.block(0.1)
    assert block is not None
    assert block.packets_lost == 1
    # where there is no stream of repetitions it is the packet itself that comes again
    stream.layer.has_repair_stream = False
    again = stream.make()
    stream.send(0.2)
    stream.layer.on_rtp(again, None, 0.3)
    block = stream.layer.block(0.3)
    assert block is not None
    assert block.packets_lost == 2


def test_a_keyframe_request_is_repeated_with_growing_pauses() -> None:
    publisher = Sink()
    stream, _ = watched(publisher)
    stream.layer.ask_keyframe(0.0)
    stream.layer.tick(0.1)
    assert publisher.asked_keyframes == [5]
    stream.layer.tick(REPEAT)
    assert publisher.asked_keyframes == [5, 5]
