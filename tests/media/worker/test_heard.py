"""Who is heard: what counts as a sign of someone, and how it is told."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from aioice import stun

from media.messages import MAX_FRAME, MAX_HEARD, BadMessage, Heard, Join, Leave, decode_reply, encode_event
from media.worker import rtcp, worker
from media.worker.worker import HEARD_INTERVAL
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import Peer

BOTH = {"0": "audio", "1": "video"}


def heard(memory: MemoryWorker, after: float = HEARD_INTERVAL) -> list[tuple[str, int, float]]:
    """Let time pass until it is told, and return who was heard: (participant, epoch, age)."""
    memory.events[:] = [event for event in memory.events if not isinstance(event, Heard)]
    memory.tick(after)
    events = [event for event in memory.events if isinstance(event, Heard)]
    assert {router for event in events for router, _, _, _ in event.participants} <= {"room"}
    return [(participant, epoch, age) for event in events for _, participant, epoch, age in event.participants]


async def quiet_call(memory: MemoryWorker) -> tuple[Peer, Peer]:
    """Have alice publish and bob receive, and have been told of it."""
    alice = await memory.publisher("alice", BOTH)
    bob, _ = await memory.subscriber("bob")
    assert [name for name, _, _ in heard(memory)] == ["alice", "bob"]
    assert heard(memory) == []
    return alice, bob


def test_a_check_on_either_leg_is_a_sign_and_is_told_once() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, bob = await quiet_call(memory)
        memory.tick(0.125)
        alice.send_check()
        memory.tick(0.125)
        bob.send_check()
        assert heard(memory, 0.25) == [("alice", 1, 0.375), ("bob", 1, 0.25)]
        for _ in range(4):
            assert heard(memory) == []
        assert not [event for event in memory.events if isinstance(event, Heard)], "no frame, not an empty one"

    play(scenario)


def test_a_check_counts_before_there_is_an_answer_and_after_the_leg_has_failed() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, _ = await quiet_call(memory)
        memory.tick(20.0)
        assert memory.states("alice", "publish")[-1] == "failed"
        alice.send_check()
        assert heard(memory) == [("alice", 1, 0.5)]
        memory.join("carol")
        carol = memory.peer("carol")
        carol.remote(memory.offer("carol").sdp)
        carol.send_check()
        assert heard(memory) == [("carol", 1, 0.5)]

    play(scenario)


def test_packets_that_can_be_decrypted_are_signs() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, bob = await quiet_call(memory)
        alice.send_frame("0")
        assert heard(memory) == [("alice", 1, 0.5)]
        alice.send_rtcp(rtcp.pack_sender_report(alice.streams["0"].ssrc, 1, 2, 3, 4))
        assert heard(memory) == [("alice", 1, 0.5)]
        bob.send_rtcp(rtcp.pack_receiver_report(1, []))
        assert heard(memory) == [("bob", 1, 0.5)]
        # of use or not: whoever could encrypt it is there
        bob.send_rtcp(rtcp.pack_receiver_report(1, []) + bytes(4))
        assert heard(memory) == [("bob", 1, 0.5)]

    play(scenario)


def test_what_anyone_could_have_sent_is_no_sign() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, bob = await quiet_call(memory)
        sent: list[bytes] = []
        deliver = memory.hold(alice)
        alice.send_frame("0")
        alice.send_rtcp(rtcp.pack_receiver_report(1, []))
        deliver()
        assert heard(memory) == [("alice", 1, 0.5)]

        packets = memory.counters.packets_received
        deliver()  # a replay
        assert alice._remote is not None
        forged = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        forged.attributes["USERNAME"] = f"{alice._remote.ufrag}:{alice.ufrag}"
        sent.append(bytes(forged))
        forged.add_message_integrity(b"guessed")
        sent.append(bytes(forged))
        sent += [b"", b"\x16\xfe\xfd" + bytes(40), b"\x80\x6f" + bytes(40), b"\x80\xc9\x00\x01" + bytes(40)]
        for data in sent:
            bob.send_raw(data)  # from a path that is known
            memory.receive(data)
        await memory.settle()
        assert memory.counters.packets_received - packets == 2 + 2 * len(sent)
        assert heard(memory) == []

    play(scenario)


def test_the_age_is_that_of_the_arrival_on_whichever_leg_was_later() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        await quiet_call(memory)
        memory.join("carol", epoch=7)
        publishing, receiving = memory.peer("carol/publish"), memory.peer("carol/subscribe")
        receiving.remote(memory.offer("carol").sdp)
        memory.join("dave")
        publishing.remote(memory.publish("dave", publishing.offer(BOTH), BOTH))
        later = memory.peer("dave/subscribe")
        later.remote(memory.offer("dave").sdp)
        publishing.send_check()
        memory.now += 0.125
        receiving.send_check()
        later.send_check()
        memory.now += 2.0  # the worker was busy; the kernel knows when they came
        assert heard(memory, 0.0) == [("carol", 7, 2.0), ("dave", 1, 2.0)]

    play(scenario)


def test_a_sign_that_came_while_the_clock_was_read_is_not_from_the_future() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, _ = await quiet_call(memory)
        memory.now += 1.0
        alice.send_check()
        memory.now -= 0.25
        assert heard(memory, 0.0) == [("alice", 1, 0.0)]

    play(scenario)


def test_it_is_told_every_half_second_and_no_more_often() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, _ = await quiet_call(memory)
        memory.events.clear()
        for _ in range(200):
            alice.send_check()
            memory.tick(0.05)
        told = [event for event in memory.events if isinstance(event, Heard)]
        assert 18 <= len(told) <= 20
        assert all(len(event.participants) == 1 for event in told)

    play(scenario)


def test_who_has_left_or_was_replaced_is_not_told_of() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice, bob = await quiet_call(memory)
        alice.send_check()
        bob.send_check()
        memory.join("alice", epoch=2)
        memory.worker.handle(Leave("room", "bob", 1))
        alice.send_check()
        bob.send_check()
        assert heard(memory) == []

    play(scenario)


def test_many_are_told_in_several_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_HEARD", 2)

    async def scenario(memory: MemoryWorker) -> None:
        await memory.publisher("alice", BOTH)
        peers = [await memory.subscriber(name) for name in ("bob", "carol", "dave", "eve")]
        heard(memory)
        memory.events.clear()
        for peer, _ in peers:
            peer.send_check()
        assert [name for name, _, _ in heard(memory)] == ["bob", "carol", "dave", "eve"]
        assert [len(event.participants) for event in memory.events if isinstance(event, Heard)] == [2, 2]

    play(scenario)


def test_the_longest_frame_is_one_that_is_taken() -> None:
    longest = ("\U00010400" * 64, "x" * 64, 2**63, 12345.678)
    frame = encode_event(Heard([longest] * MAX_HEARD))
    assert len(frame.encode()) < MAX_FRAME
    assert decode_reply(frame) == Heard([longest] * MAX_HEARD)


@pytest.mark.parametrize(
    "entry",
    [
        ["room", "p", 1],
        ["room", "p", 1, 0.5, 0],
        ["room", "p", 1, 1],
        ["room", "p", 1, -0.5],
        ["room", "p", 1, math.nan],
        ["room", "p", 1, math.inf],
        ["room", "p", True, 0.5],
        ["room", "p", 1.0, 0.5],
        ["room", 1, 1, 0.5],
        [None, "p", 1, 0.5],
        "room",
        None,
    ],
)
def test_what_is_not_of_this_form_makes_no_sense(entry: Any) -> None:
    good = ["room", "p", 1, 0.5]
    assert decode_reply(json.dumps({"event": "heard", "params": {"participants": [good]}})) == Heard(
        [("room", "p", 1, 0.5)]
    )
    with pytest.raises(BadMessage):
        decode_reply(json.dumps({"event": "heard", "params": {"participants": [good, entry]}}))


def test_a_room_with_nobody_connected_is_silent() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        memory.worker.handle(Join("room", "alice", 1))
        assert heard(memory) == []

    play(scenario)
