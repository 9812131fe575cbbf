"""What is done with each tick, and what cannot wait for the next."""

from __future__ import annotations

import pytest

from media.worker import rtcp
from media.worker.worker import HURRIED, TICK
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import Peer

BOTH = {"0": "audio", "1": "video"}


async def call(worker: MemoryWorker) -> tuple[Peer, Peer]:
    """Have alice publish, and bob see and hear her."""
    worker.join("alice")
    alice = worker.peer("alice")
    alice.repairs = True
    await worker.connect(alice, worker.publish("alice", alice.offer(BOTH), BOTH))
    bob, _ = await worker.subscriber("bob")
    alice.send_frame("0")
    alice.send_frame("1", key=True)
    return alice, bob


def hurries(worker: MemoryWorker) -> bool:
    return worker.worker.hurries


def nacks(peer: Peer) -> list[int]:
    return [number for p in peer.rtcp if (nack := rtcp.read_nack(p)) is not None for number in nack[1]]


def test_it_hurries_while_something_is_missing() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, _ = await call(worker)
        worker.tick(TICK)
        assert not hurries(worker)
        lost = alice.send_frame("1", lost=True)
        alice.send_frame("1")
        assert hurries(worker)
        assert nacks(alice) == [lost.sequence]
        for _ in range(4):
            worker.tick(HURRIED)
        assert nacks(alice) == [lost.sequence] * 2, "again after 0.15 s"
        alice.repeat(lost)
        assert not hurries(worker)

    play(scenario)


def test_it_hurries_while_a_keyframe_is_wanted() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        worker.tick(TICK)
        bob.ask_keyframe(next(packet.ssrc for packet in bob.packets if packet.payload_type == 96))
        assert hurries(worker)
        alice.send_frame("1", key=True)
        assert not hurries(worker)

    play(scenario)


def test_it_hurries_no_longer_than_a_keyframe_is_asked_for() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        _, bob = await call(worker)
        bob.ask_keyframe(next(packet.ssrc for packet in bob.packets if packet.payload_type == 96))
        for _ in range(200):
            worker.tick(TICK)
        assert not hurries(worker), "it is given up"
        bob.ask_keyframe(next(packet.ssrc for packet in bob.packets if packet.payload_type == 96))
        assert hurries(worker)

    play(scenario)


def test_a_hurried_tick_sends_no_reports() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, _ = await call(worker)
        worker.tick(TICK)
        alice.send_frame("1")
        alice.rtcp.clear()
        worker.tick(HURRIED)
        assert alice.rtcp == []
        worker.tick(HURRIED)
        assert [packet.type for packet in alice.rtcp] == [rtcp.TRANSPORT_FEEDBACK]

    play(scenario)


@pytest.mark.parametrize("compiled", [False, True])
def test_nothing_is_left_of_a_call(compiled: bool) -> None:
    """Not even for the garbage collector: see `play`."""

    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        for _ in range(10):
            alice.send_frame("0")
            alice.send_frame("1")
        assert len(bob.packets) == 22
        assert worker.factory.inlet.statistics().compiled is compiled
        assert worker.factory.inlet.statistics().lanes == (2 if compiled else 0)

    play(scenario, compiled=compiled)
