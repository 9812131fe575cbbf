"""Packets that are lost on the way to the worker, and on the way from it."""

from __future__ import annotations

from media.worker import rtcp
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import Peer

CAMERA = {"1": "video"}


async def call(worker: MemoryWorker, *, repairs: bool = True) -> tuple[Peer, Peer]:
    """Have alice publish her camera, and bob see a keyframe of it."""
    worker.join("alice")
    alice = worker.peer("alice")
    alice.repairs = repairs
    await worker.connect(alice, worker.publish("alice", alice.offer(CAMERA), CAMERA))
    worker.join("bob")
    bob = worker.peer("bob")
    bob.repairs = repairs
    offer = worker.offer("bob")
    worker.accept(offer, bob.answer(offer.sdp))
    await worker.connect(bob, offer.sdp)
    alice.send_frame("1", key=True)
    assert len(bob.packets) == 1
    return alice, bob


def nacked(peer: Peer) -> list[int]:
    return [number for p in peer.rtcp if (nack := rtcp.read_nack(p)) is not None for number in nack[1]]


def test_a_packet_lost_before_the_worker_is_fetched_and_forwarded() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        lost = alice.send_frame("1", lost=True)
        alice.send_frame("1")
        assert nacked(alice) == [lost.sequence]
        alice.repeat(lost)
        first = bob.packets[0].sequence
        assert [(p.sequence - first) & 0xFFFF for p in bob.packets] == [0, 2, 1]
        packets = worker.counters.packets_sent
        alice.repeat(lost)
        assert worker.counters.packets_sent == packets, "a probe"
        worker.tick(2.0)
        assert nacked(alice) == [lost.sequence]
        blocks = [block for p in alice.rtcp for block in rtcp.read_report_blocks(p)]
        assert [block.packets_lost for block in blocks] == [1]

    play(scenario)


def test_a_publisher_without_a_stream_of_repetitions_is_not_asked_for_any() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, _ = await call(worker, repairs=False)
        alice.send_frame("1", lost=True)
        alice.send_frame("1")
        assert nacked(alice) == []

    play(scenario)


def test_a_packet_lost_after_the_worker_is_sent_again() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        for repairs in (True, False):
            alice, bob = await call(worker, repairs=repairs)
            bob.ignore_packets = True
            lost = alice.send_frame("1")
            bob.ignore_packets = False
            alice.send_frame("1")
            before, after = bob.packets
            number = (before.sequence + 1) & 0xFFFF
            assert after.sequence == (before.sequence + 2) & 0xFFFF
            for _ in range(2):
                bob.send_rtcp(rtcp.pack_nacks(1, before.ssrc, [number])[0])
            assert len(bob.packets) == 3, "once in a round trip"
            again = bob.packets[-1]
            assert (again.ssrc != before.ssrc) is repairs
            payload = lost.data[lost.payload_at :]
            assert again.data[again.payload_at :] == (number.to_bytes(2) if repairs else b"") + payload
            worker.worker.close()
            worker.worker._routers.clear()
            worker.events.clear()

    play(scenario)


def test_a_storm_of_requests_costs_no_more_than_a_budget() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        for _ in range(200):
            alice.send_frame("1", payload=b"\x90\x80\x02\x11" + bytes(1_000))
        numbers = sorted((p.sequence - bob.packets[0].sequence) & 0xFFFF for p in bob.packets)
        first, ssrc = bob.packets[0].sequence, bob.packets[0].ssrc
        sent = sum(len(p.data) for p in bob.packets)
        bob.packets.clear()
        for _ in range(20):
            worker.now += 0.11
            for message in rtcp.pack_nacks(1, ssrc, [first + n for n in numbers]):
                bob.send_rtcp(message)
        again = sum(len(p.data) for p in bob.packets)
        assert 50_000 < again < sent

    play(scenario)
