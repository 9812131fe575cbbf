"""The figures of a room: what flows, what was lost and what became of it."""

from __future__ import annotations

import json

import attrs
import pytest

from media.messages import GetMediaStatistics, MediaStatistics, encode_result, structure_result
from media.worker import rtcp
from media.worker.cost import MEASURED
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.test_loss import call

PICTURE = b"\x90\x80\x02\x11" + bytes(996)


def ask(memory: MemoryWorker, participant: str | None = None, router: str = "room") -> MediaStatistics:
    """Ask as the bridge does: through JSON."""
    result = memory.worker.handle(GetMediaStatistics(router, participant))
    return structure_result(json.loads(encode_result(1, result))["result"], MediaStatistics)


def test_what_flows_is_told() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, bob = await call(memory)
        ssrc = bob.packets[0].ssrc
        for _ in range(round(20 * (MEASURED + 3))):
            alice.send_frame("1", payload=PICTURE)
            memory.tick(0.05)
        lost = alice.send_frame("1", lost=True)
        alice.send_frame("1")
        alice.repeat(lost)
        alice.repeat(lost)
        alice.send_rtcp(rtcp.pack_sender_report(alice.streams["1"].ssrc, 5 << 32, 7, 1, 1))
        memory.now += 0.25
        last = bob.packets[-1].sequence
        bob.send_rtcp(2 * rtcp.pack_nacks(1, ssrc, [last])[0] + rtcp.pack_estimate(1, 500_000, [ssrc]))
        bob.send_rtcp(rtcp.pack_receiver_report(1, [rtcp.ReportBlock(ssrc, 64, 1, last, 900, 5 << 16, 0)]))
        bob.ask_keyframe(ssrc)
        alice.send_raw(b"\x80" * 40)

        figures = ask(memory)
        publish, subscribe = figures.transports
        assert (publish.participant, publish.leg, publish.state) == ("alice", "publish", "connected")
        assert publish.drops == {"not_authentic": 1}
        assert 150_000 < publish.bitrate < 180_000
        assert publish.round_trip is None
        assert (subscribe.participant, subscribe.leg, subscribe.estimate) == ("bob", "subscribe", 500_000.0)
        assert subscribe.round_trip == 0.25
        assert 150_000 < subscribe.bitrate < 180_000
        (producer,) = figures.producers
        assert (producer.participant, producer.mid, producer.source) == ("alice", "1", "camera")
        (layer,) = producer.layers
        assert layer.ssrc == alice.streams["1"].ssrc
        assert (layer.lost, layer.recovered, layer.nacks, layer.repeated, layer.probes) == (1, 1, 1, 2, 1)
        assert layer.used
        (consumer,) = figures.consumers
        assert (consumer.participant, consumer.of, consumer.ssrc) == ("bob", "alice", ssrc)
        assert (consumer.nacks, consumer.repeated, consumer.too_soon, consumer.plis) == (2, 1, 1, 1)
        assert consumer.packets == layer.packets + 1, "with the one that was repeated"
        assert (consumer.loss, consumer.jitter, consumer.round_trip) == (0.25, 0.01, 0.25)
        assert figures.complete

        assert ask(memory, "alice").consumers == []
        assert [t.participant for t in ask(memory, "bob").transports] == ["bob"]
        assert ask(memory, "carol") == ask(memory, router="elsewhere") == MediaStatistics([], [], [], True)

    play(scenario)


def test_the_way_is_as_long_as_it_was_last_and_not_as_what_is_answered_late_found_it() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, bob = await call(memory)
        ssrc = bob.packets[0].ssrc
        for stamp, ticks in ((5, 50), (6, 20)):
            alice.send_rtcp(rtcp.pack_sender_report(alice.streams["1"].ssrc, stamp << 32, 7, 1, 1))
            for _ in range(ticks):
                memory.tick(0.05)
        for stamp in (6, 5):
            bob.send_rtcp(rtcp.pack_receiver_report(1, [rtcp.ReportBlock(ssrc, 0, 0, 1, 0, stamp << 16, 1 << 15)]))
        figures = ask(memory)
        assert figures.transports[1].round_trip == pytest.approx(0.5)
        assert figures.consumers[0].round_trip == pytest.approx(3.0)

    play(scenario)


def test_nothing_was_measured_yet() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        memory.join("alice")
        assert ask(memory) == MediaStatistics([], [], [], True)
        await call(memory)
        figures = ask(memory)
        assert figures.transports[1].budget is None
        assert figures.consumers[0].loss is None

    play(scenario)


def test_how_far_a_connection_is() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        memory.join("alice")
        peer = memory.peer("alice")
        answer = memory.publish("alice", peer.offer({"1": "video"}), {"1": "video"})
        memory.now += 2.5
        (before,) = ask(memory).transports
        assert (before.age, before.checks, before.carrier, before.dtls, before.silent) == (
            2.5,
            0,
            None,
            "waiting",
            None,
        )
        peer.remote(answer)
        right = peer._remote
        assert right is not None
        peer._remote = attrs.evolve(right, password="not the one that was told")
        peer.send_check()
        (refused,) = ask(memory).transports
        assert (refused.checks, refused.checks_refused, refused.carrier) == (0, 1, None)
        peer._remote = right
        peer.send_check()
        (checked,) = ask(memory).transports
        assert (checked.checks, checked.checks_refused, checked.carrier) == (1, 1, "udp")
        assert (checked.dtls, checked.silent) == ("waiting", 0.0)
        await peer.shake_hands()
        await memory.settle()
        memory.now += 1.0
        (secure,) = ask(memory).transports
        assert (secure.state, secure.dtls, secure.silent) == ("connected", "secure", 1.0)

    play(scenario)


def test_what_a_consumer_waits_for() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"1": "video"})
        memory.join("bob")
        bob = memory.peer("bob")
        offer = memory.offer("bob")
        memory.now += 1.5
        (figures,) = ask(memory, "bob").transports
        assert figures.unanswered == 1.5
        (consumer,) = ask(memory, "bob").consumers
        assert (consumer.agreement, consumer.forwarding, consumer.waits) == ("offered", False, False)

        memory.accept(offer, bob.answer(offer.sdp))
        await memory.connect(bob, offer.sdp)
        alice.send_frame("1")
        memory.tick(0.75)
        (figures,) = ask(memory, "bob").transports
        assert figures.unanswered is None
        (consumer,) = ask(memory, "bob").consumers
        assert (consumer.agreement, consumer.forwarding, consumer.waits) == ("accepted", False, True)
        (layer,) = ask(memory, "alice").producers[0].layers
        assert (layer.silent, layer.keyframe, layer.keyframe_wanted) == (0.75, None, 0.75)

        alice.send_frame("1", key=True)
        memory.tick(0.5)
        (consumer,) = ask(memory, "bob").consumers
        assert (consumer.forwarding, consumer.waits) == (True, False)
        (producer,) = ask(memory, "alice").producers
        assert (producer.codec, producer.level, producer.heard) == ("VP8", None, True)
        (layer,) = producer.layers
        assert (layer.silent, layer.keyframe, layer.keyframe_wanted) == (0.5, 0.5, None)

    play(scenario)


def test_how_loud_a_microphone_is_and_what_a_page_refuses() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"0": "audio"})
        memory.join("bob")
        offer = memory.offer("bob")
        bob = memory.peer("bob")
        memory.accept(offer, bob.answer(offer.sdp).replace("a=recvonly", "a=inactive"))
        (consumer,) = ask(memory, "bob").consumers
        assert consumer.agreement == "refused"
        for _ in range(5):
            alice.send_frame("0", level=42)
        memory.tick(0.1)
        (producer,) = ask(memory, "alice").producers
        assert (producer.codec, producer.level) == ("opus", 42.0)

    play(scenario)
