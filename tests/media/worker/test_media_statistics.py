"""The figures of a room: what flows, what was lost and what became of it."""

from __future__ import annotations

import json

from media.messages import GetMediaStatistics, MediaStatistics, encode_result, structure_result
from media.worker import rtcp
from media.worker.layer import MEASURED
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


def test_nothing_was_measured_yet() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        memory.join("alice")
        assert ask(memory) == MediaStatistics([], [], [], True)
        await call(memory)
        figures = ask(memory)
        assert figures.transports[1].budget is None
        assert figures.consumers[0].loss is None

    play(scenario)
