"""Codecs of pictures: what is answered, offered and forwarded where not everyone has the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from media.messages import Join, Layout, Offer, Republish, VideoPaused, VideoResumed
from media.terms import VideoCodec
from media.worker.errors import RequestError
from media.worker.forwarding import INTERVAL
from tests.media.worker.bitstreams import av1_sequence_header, h264_parameters, vp9_frame
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import Peer

KEYFRAMES = {
    "VP8": bytes([0x90, 0x80, 0x01, 0x10, 0x00]) + b"key" * 30,
    "VP9": bytes([0x88, 0x01]) + vp9_frame(640, 360),
    "H264": h264_parameters(640, 360),
    "AV1": b"\x18" + av1_sequence_header(640, 360),
}


def join(worker: MemoryWorker, participant: str, codecs: Sequence[VideoCodec]) -> None:
    worker.worker.handle(Join("room", participant, 1, list(codecs)))


async def publishes(worker: MemoryWorker, participant: str, *video: str) -> Peer:
    peer = worker.peer(participant)
    peer.video = video
    await worker.connect(peer, worker.publish(participant, peer.offer({"1": "video"}), {"1": "video"}))
    return peer


def answered(worker: MemoryWorker, participant: str, peer: Peer) -> list[str]:
    """Offer once more, and return which codecs are answered."""
    answer = worker.publish(participant, peer.offer({"1": "video"}), {"1": "video"})
    return re.findall(r"a=rtpmap:\d+ (\w+)/90000", answer)


async def subscribes(worker: MemoryWorker, participant: str, *video: str) -> Peer:
    peer = worker.peer(participant)
    peer.video = video
    offer = worker.offer(participant)
    worker.accept(offer, peer.answer(offer.sdp))
    await worker.connect(peer, offer.sdp)
    return peer


def agree(worker: MemoryWorker, participant: str, peer: Peer) -> list[Offer]:
    """Answer all offers, those that come meanwhile too, and return them."""
    offers: list[Offer] = []
    while new := worker.offers(participant):
        for offer in new:
            worker.accept(offer, peer.answer(offer.sdp))
        offers += new
    return offers


def asked(worker: MemoryWorker) -> list[str]:
    """Take the names of those who are to publish anew."""
    taken = [event for event in worker.events if isinstance(event, Republish)]
    worker.events[:] = [event for event in worker.events if event not in taken]
    return [event.participant for event in taken]


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264", "AV1"])
def test_each_codec_is_answered_offered_and_forwarded_from_a_keyframe(codec: str) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        name: VideoCodec = codec.lower()  # type: ignore[assignment]
        for participant in ("alice", "bob"):
            join(worker, participant, [name, "vp8"] if name != "vp8" else ["vp8"])
        alice = await publishes(worker, "alice", codec, "VP8")
        assert answered(worker, "alice", alice) == [codec]
        bob = await subscribes(worker, "bob", codec, "VP8")
        alice.send_frame("1", payload=b"\x41\x01" if codec == "H264" else b"\x10\x01")
        await worker.settle()
        assert not bob.packets
        sent = alice.send_frame("1", payload=KEYFRAMES[codec])
        await worker.settle()
        (packet,) = bob.packets
        assert packet.payload_type == {"VP8": 96, "VP9": 98, "H264": 102, "AV1": 104}[codec]
        assert packet.data[-8:] == sent.data[-8:]
        (producer,) = worker.worker._routers["room"].participants["alice"].producers
        if codec != "VP8":
            assert producer.layers[0].size == (640, 360)

    play(scenario)


def test_who_comes_and_cannot_decode_has_it_published_anew() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        for participant in ("alice", "bob", "eve"):
            join(worker, participant, ["vp9", "vp8"])
        alice = await publishes(worker, "alice", "VP9", "VP8")
        bob = await subscribes(worker, "bob", "VP9", "VP8")
        alice.send_frame("1", payload=KEYFRAMES["VP9"])
        await worker.settle()
        assert [packet.payload_type for packet in bob.packets] == [98]
        assert asked(worker) == []

        eve = await subscribes(worker, "eve", "VP8")
        assert asked(worker) == ["alice"]
        assert [(e.participant, e.of, e.reason) for e in worker.events if isinstance(e, VideoPaused)] == [
            ("eve", "alice", "codec")
        ]
        worker.worker.handle(Layout("room", "bob", 1, {"alice": 100}))
        assert asked(worker) == []  # once is enough

        # On the same connection, with the same SSRC, which is not named again.
        assert answered(worker, "alice", alice) == ["VP8"]
        assert [e.participant for e in worker.events if isinstance(e, VideoResumed)] == ["eve"]
        alice.video = ("VP8",)
        (offer,) = agree(worker, "bob", bob)
        assert list(offer.tracks) == ["0"], "the page goes on with its track"
        assert [len(offer.tracks) for offer in agree(worker, "eve", eve)] == [0, 1]
        packet = alice.send_frame("1", payload=KEYFRAMES["VP8"])
        assert packet.ssrc == alice.streams["1"].ssrc
        await worker.settle()
        assert [packet.payload_type for packet in bob.packets] == [98, 96]
        assert [packet.payload_type for packet in eve.packets] == [96]
        assert asked(worker) == []

        worker.worker._routers["room"].leave("eve")
        assert asked(worker) == []
        assert answered(worker, "alice", alice) == ["VP8"]  # a break would be for nothing

    play(scenario)


def test_what_a_page_could_send_says_what_it_can_decode_until_it_answers() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        for participant in ("alice", "bob"):
            join(worker, participant, ["vp9", "vp8"])
        await publishes(worker, "alice", "VP8")
        bob = worker.peer("bob")
        bob.video = ("VP9", "VP8")
        assert "VP8/90000" in worker.publish("bob", bob.offer({"1": "video"}), {"1": "video"})
        assert asked(worker) == []

    play(scenario)


def test_a_codec_that_nobody_else_has_is_honestly_not_sent() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        for participant in ("alice", "bob"):
            join(worker, participant, ["vp8", "h264"])
        await publishes(worker, "alice", "H264")
        await subscribes(worker, "bob", "VP8")
        assert asked(worker) == []
        (paused,) = [event for event in worker.events if isinstance(event, VideoPaused)]
        assert (paused.participant, paused.of, paused.source, paused.reason) == ("bob", "alice", "camera", "codec")
        (offer,) = worker.offers("bob")
        assert offer.tracks == {}
        worker.worker._routers["room"].leave("alice")
        assert [e.participant for e in worker.events if isinstance(e, VideoResumed)] == ["bob"]

    play(scenario)


def test_a_line_that_was_refused_is_begun_anew_by_another_name() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        for participant in ("alice", "eve"):
            join(worker, participant, ["h264", "vp8"])
        await publishes(worker, "alice", "VP8")
        await publishes(worker, "eve", "H264")
        join(worker, "bob", ["h264", "vp8"])
        bob = worker.peer("bob")
        bob.video = ("VP8",)
        offers = agree(worker, "bob", bob)  # the second line is of eve, in what bob has not
        assert [re.findall(r"m=video (\d)", offer.sdp) for offer in offers] == [["9", "9"], ["9", "0"]]
        assert "a=group:BUNDLE 0\r\n" in offers[-1].sdp
        join(worker, "zoe", ["h264", "vp8"])
        await publishes(worker, "zoe", "VP8")
        (anew,) = agree(worker, "bob", bob)
        assert re.findall(r"m=video (\d)", anew.sdp) == ["9", "9"]
        assert anew.tracks["2"].participant == "zoe"

    play(scenario)


def test_a_line_that_is_refused_while_something_else_came_on_it_is_begun_anew() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        for participant in ("alice", "bob", "eve"):
            join(worker, participant, ["vp9", "vp8"])
        alice, bob = [await publishes(worker, name, "VP9", "VP8") for name in ("alice", "bob")]
        worker.offers("eve")
        join(worker, "zoe", ["vp9", "vp8"])
        await publishes(worker, "zoe", "VP8")
        assert asked(worker) == ["alice", "bob"]
        (first,) = worker.offers("zoe")
        assert [answered(worker, name, peer) for name, peer in (("alice", alice), ("bob", bob))] == [["VP8"], ["VP8"]]
        zoe = worker.peer("zoe")
        zoe.video = ("VP8",)
        worker.accept(first, zoe.answer(first.sdp))  # its second line is in VP9 alone
        await worker.connect(zoe, first.sdp)
        (second,) = agree(worker, "zoe", zoe)
        assert {track.participant for track in second.tracks.values()} == {"alice", "bob"}
        assert re.findall(r"m=video (\d)", second.sdp) == ["9", "9"]
        alice.video = bob.video = ("VP8",)
        worker.tick(INTERVAL)
        for peer in (alice, bob):
            peer.send_frame("1", payload=KEYFRAMES["VP8"])
        await worker.settle()
        assert [packet.payload_type for packet in zoe.packets] == [96, 96]

    play(scenario)


def test_what_the_server_does_not_want_is_refused() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        join(worker, "alice", ["vp8"])
        peer = worker.peer("alice")
        peer.video = ("AV1",)
        with pytest.raises(RequestError, match="no codec that is forwarded here"):
            worker.publish("alice", peer.offer({"1": "video"}), {"1": "video"})

    play(scenario)
