"""A subscribe leg that is offered again."""

from __future__ import annotations

import asyncio
import re

import pytest

from media.messages import Heard, Leave, Offer, Samples
from media.worker import rtcp
from media.worker.liveness import CONNECT_TIMEOUT, CONSENT_TIMEOUT
from media.worker.worker import WHOLE
from tests.media.worker.in_memory import MemoryWorker, origin, play, refused, said
from tests.media.worker.peer import KEYFRAME, Peer

BOTH = {"0": "audio", "1": "video"}


def key_of(sdp: str) -> str:
    match = re.search(r"a=fingerprint:(.+)", sdp)
    assert match
    return match[1].strip()


async def call(worker: MemoryWorker) -> tuple[Peer, Peer, Offer]:
    """Have alice publish and bob receive."""
    alice = await worker.publisher("alice", BOTH)
    bob, offer = await worker.subscriber("bob")
    alice.send_frame("1", key=True)
    alice.send_frame("0")
    assert len(bob.packets) == 2
    worker.events.clear()
    bob.packets.clear()
    return alice, bob, offer


def test_an_ice_restart_gives_new_credentials_and_leaves_the_rest() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob, first = await call(worker)
        worker.restart("bob", fresh=False)
        second = worker.offer("bob")
        assert second.offer == first.offer + 1
        assert second.tracks == first.tracks
        assert said(second.sdp, "ice-ufrag") != said(first.sdp, "ice-ufrag")
        assert said(second.sdp, "ice-pwd") != said(first.sdp, "ice-pwd")
        assert key_of(second.sdp) == key_of(first.sdp)
        assert origin(second.sdp) == (origin(first.sdp)[0], origin(first.sdp)[1] + 1)
        for name in ("mid", "msid", "ssrc", "setup"):
            assert said(second.sdp, name) == said(first.sdp, name)

        # it works before the page has answered, by the old credentials
        alice.send_frame("0")
        bob.send_check()
        worker.accept(second, bob.answer(second.sdp))
        alice.send_frame("0")
        bob.remote(second.sdp)
        bob.send_check()
        assert bob.responses == 1
        alice.send_frame("0")
        sequences = [packet.sequence for packet in bob.packets]
        assert sequences == [sequences[0] + n for n in range(3)]
        assert len({packet.ssrc for packet in bob.packets}) == 1
        worker.tick(1.0)
        assert worker.states("bob", "subscribe") == [], "it was connected all the time"

    play(scenario)


def test_a_leg_that_failed_for_want_of_checks_goes_on_after_an_ice_restart() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob, first = await call(worker)
        worker.tick(CONSENT_TIMEOUT)
        assert worker.states("bob", "subscribe") == ["failed"]
        alice.send_frame("1", key=True)
        assert bob.packets == []

        worker.restart("bob", fresh=False)
        second = worker.offer("bob")
        bob.restart_ice()
        worker.accept(second, bob.answer(second.sdp))
        assert worker.states("bob", "subscribe") == ["failed"]
        alice.send_check()
        alice.rtcp.clear()
        bob.remote(second.sdp)
        bob.send_check()
        assert worker.states("bob", "subscribe") == ["failed", "connected"]
        worker.tick(1.0)
        assert [p.type for p in alice.rtcp if p.type == rtcp.PAYLOAD_FEEDBACK], "a keyframe is asked for"
        alice.send_frame("1", key=True)
        (packet,) = bob.packets
        payload = packet.data[packet.payload_at :]
        assert payload[:2] + payload[3:] == KEYFRAME[:2] + KEYFRAME[3:], "all but the number of the picture"
        assert f"a=ssrc:{packet.ssrc} " in first.sdp, "on the same DTLS, the same stream"

    play(scenario)


def test_who_comes_back_elsewhere_is_spoken_to_there_from_the_first_check_on() -> None:
    """A browser nominates its path with a later check; what is asked for at once must not go where nobody is."""

    async def scenario(worker: MemoryWorker) -> None:
        alice, bob, _ = await call(worker)
        for peer, address in ((alice, ("198.51.100.1", 1)), (bob, ("198.51.100.2", 2))):
            worker.move(peer, address)
            peer.nominates = False
        worker.tick(CONSENT_TIMEOUT)
        assert worker.states("alice", "publish") == worker.states("bob", "subscribe") == ["failed"]

        alice.send_check()
        alice.rtcp.clear()
        bob.send_check()
        assert (alice.responses, bob.responses) == (2, 2)
        worker.tick(0.1)
        assert [p.type for p in alice.rtcp if p.type == rtcp.PAYLOAD_FEEDBACK], "a keyframe is asked for"
        alice.send_frame("1", key=True)
        assert len(bob.packets) == 1

    play(scenario)


def test_a_leg_that_never_came_up_gets_more_time_by_an_ice_restart() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        await worker.publisher("alice", BOTH)
        worker.join("bob")
        first = worker.offer("bob")
        worker.tick(CONNECT_TIMEOUT)
        assert worker.states("bob", "subscribe") == ["connecting", "failed"]
        worker.restart("bob", fresh=False)
        second = worker.offer("bob")
        worker.tick(WHOLE)
        assert worker.states("bob", "subscribe") == ["connecting", "failed", "connecting"]
        assert origin(second.sdp)[0] == origin(first.sdp)[0]
        bob = worker.peer("bob")
        worker.accept(second, bob.answer(second.sdp))
        await worker.connect(bob, second.sdp)
        assert worker.states("bob", "subscribe")[-1] == "connected"

    play(scenario)


def test_a_fresh_restart_is_a_new_connection_with_all_tracks() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob, first = await call(worker)
        worker.restart("bob", fresh=True)
        second = worker.offer("bob")
        assert second.offer == first.offer + 1
        assert sorted(t.source for t in second.tracks.values()) == ["camera", "microphone"]
        assert list(second.tracks) == ["0", "1"]
        assert origin(second.sdp)[0] != origin(first.sdp)[0]
        assert origin(second.sdp)[1] == 1
        for name in ("ice-ufrag", "ice-pwd", "ssrc"):
            assert not set(said(second.sdp, name)) & set(said(first.sdp, name))
        await worker.settle()
        assert bob.closed_by_worker
        assert worker.states("bob", "subscribe") == ["connecting"], "nothing is said of the old one's end"

        with refused("stale_offer"):
            worker.accept(first, bob.answer(first.sdp))
        again = worker.peer("bob, again")
        worker.accept(second, again.answer(second.sdp))
        await worker.connect(again, second.sdp)
        alice.send_frame("0")
        alice.send_frame("1", key=True)
        assert {f"a=ssrc:{p.ssrc} cname:alice" in second.sdp for p in again.packets} == {True}
        assert len(again.packets) == 2
        assert bob.packets == []
        assert worker.worker.statistics().consumers == 2

    play(scenario)


def test_what_the_replaced_connection_still_does_changes_nothing() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob, first = await call(worker)
        dropped = worker.counters.packets_dropped
        worker.restart("bob", fresh=True)
        second = worker.offer("bob")
        worker.events.clear()
        bob.responses = 0
        alice.rtcp.clear()
        for _ in range(3):
            bob.send_check()
            bob.ask_keyframe(int(said(first.sdp, "ssrc")[1]))
            await worker.settle()
        await bob.close()
        await worker.settle()
        worker.tick(1.0)
        assert bob.responses == 0
        assert worker.counters.packets_dropped - dropped == 6
        assert [e for e in worker.events if not isinstance(e, Samples)] == [Heard([("room", "alice", 1, 1.0)])]
        assert [p for p in alice.rtcp if p.type == rtcp.PAYLOAD_FEEDBACK] == []
        again = worker.peer("bob, again")
        worker.accept(second, again.answer(second.sdp))
        await worker.connect(again, second.sdp)
        assert worker.states("bob", "subscribe") == ["connected"]

    play(scenario)


def test_an_end_that_is_noticed_after_the_replacement_is_not_that_of_the_new_connection() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        _, bob, _ = await call(worker)
        deliver = worker.hold(bob)
        await bob.close()
        deliver()
        worker.restart("bob", fresh=True)
        await worker.settle()
        worker.tick(1.0)
        assert worker.states("bob", "subscribe") == ["connecting"]

    play(scenario)


def test_a_handshake_under_way_is_given_up_with_its_connection() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        await worker.publisher("alice", BOTH)
        worker.join("bob")
        first = worker.offer("bob")
        bob = worker.peer("bob")
        worker.accept(first, bob.answer(first.sdp))
        bob.remote(first.sdp)
        bob.send_check()
        hello = asyncio.ensure_future(bob.shake_hands())
        await asyncio.sleep(0)
        worker.events.clear()
        worker.restart("bob", fresh=True)
        second = worker.offer("bob")
        await worker.settle()
        hello.cancel()
        assert worker.states("bob", "subscribe") == ["connecting"]
        again = worker.peer("bob, again")
        worker.accept(second, again.answer(second.sdp))
        await worker.connect(again, second.sdp)
        assert worker.states("bob", "subscribe") == ["connecting", "connected"]

    play(scenario)


@pytest.mark.parametrize("leg", ["closed", "failed"])
def test_a_leg_whose_dtls_has_ended_begins_again_in_any_case(leg: str) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        await worker.publisher("alice", BOTH)
        worker.join("bob")
        first = worker.offer("bob")
        bob = worker.peer("bob")
        stranger = worker.peer("stranger")
        worker.accept(first, (bob if leg == "closed" else stranger).answer(first.sdp))
        await worker.connect(bob, first.sdp)
        if leg == "closed":
            await bob.close()
            await worker.settle()
        assert worker.states("bob", "subscribe")[-1] == leg
        worker.restart("bob", fresh=False)
        second = worker.offer("bob")
        assert origin(second.sdp)[0] != origin(first.sdp)[0]
        again = worker.peer("bob, again")
        worker.accept(second, again.answer(second.sdp))
        await worker.connect(again, second.sdp)
        assert worker.states("bob", "subscribe")[-1] == "connected"

    play(scenario)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_restart_overtakes_the_offer_that_waits_for_its_answer(fresh: bool) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        await worker.publisher("alice", BOTH)
        worker.join("bob")
        first = worker.offer("bob")
        await worker.publisher("carol", BOTH)
        assert worker.offers("bob") == []
        worker.restart("bob", fresh=fresh)
        second = worker.offer("bob")
        assert {track.participant for track in second.tracks.values()} == {"alice", "carol"}
        worker.restart("bob", fresh=fresh)
        third = worker.offer("bob")
        assert third.tracks == second.tracks
        assert [first.offer, second.offer, third.offer] == [first.offer + n for n in range(3)]
        bob = worker.peer("bob")
        for stale in (first, second):
            with refused("stale_offer"):
                worker.accept(stale, bob.answer(stale.sdp))
        # and one at a time, as ever
        await worker.publisher("dave", BOTH)
        assert worker.offers("bob") == []
        worker.accept(third, bob.answer(third.sdp))
        fourth = worker.offer("bob")
        assert len(fourth.tracks) == 6
        await worker.connect(bob, third.sdp)
        worker.accept(fourth, bob.answer(fourth.sdp))
        assert worker.offers("bob") == []

    play(scenario)


@pytest.mark.parametrize("fresh", [False, True])
def test_where_there_is_nothing_to_receive_the_offer_comes_with_the_first_track(fresh: bool) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.join("bob")
        worker.restart("bob", fresh=fresh)
        assert worker.offers("bob") == []
        await worker.publisher("alice", BOTH)
        assert len(worker.offer("bob").tracks) == 2

    play(scenario)


def test_where_all_have_left_a_connection_is_kept_and_a_fresh_one_waits_for_the_next() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        _, bob, _ = await call(worker)
        worker.worker.handle(Leave("room", "alice", 1))
        empty = worker.offer("bob")
        worker.accept(empty, bob.answer(empty.sdp))
        worker.restart("bob", fresh=False)
        again = worker.offer("bob")
        assert again.tracks == {}
        assert said(again.sdp, "ice-ufrag") != said(empty.sdp, "ice-ufrag")
        worker.restart("bob", fresh=True)
        assert worker.offers("bob") == []
        assert worker.factory.open == 0
        await worker.publisher("carol", BOTH)
        assert list(worker.offer("bob").tracks) == ["0", "1"]

    play(scenario)


def test_whoever_is_not_here_or_no_longer_cannot_restart() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.join("bob", epoch=2)
        for name, epoch in (("bob", 1), ("carol", 1)):
            with refused("unknown_participant"):
                worker.restart(name, epoch=epoch, fresh=True)

    play(scenario)


@pytest.mark.parametrize("fresh", [False, True])
def test_restarts_without_end_pile_nothing_up(fresh: bool) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob, _ = await call(worker)
        most = 0
        for number in range(200):
            peer = worker.peer(f"bob {number}") if fresh else bob
            worker.restart("bob", fresh=fresh)
            offer = worker.offer("bob")
            if number % 3:
                worker.accept(offer, peer.answer(offer.sdp))
                peer.remote(offer.sdp)
                peer.send_check()
            if number % 3 == 2 and fresh:
                await peer.shake_hands()
            # the control connection yields at least this often
            await asyncio.sleep(0)
            most = max(most, len(worker.tasks))
        assert most <= 12, "goodbyes take a few turns of the loop, and none waits for the peer"
        assert worker.factory.open == 2
        assert worker.agent.size[0] <= 4
        assert worker.worker.statistics().consumers == 2
        await worker.settle()
        assert len(worker.tasks) <= 2
        assert len(alice.rtcp) < 50

    play(scenario)
