"""Offers whose answers were lost, because the websocket between page and server ended meanwhile."""

from __future__ import annotations

import asyncio

from tests.media.worker.in_memory import MemoryWorker, origin, play, refused, said

BOTH = {"0": "audio", "1": "video"}


def test_an_answer_that_was_lost_is_given_anew() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice = await worker.publisher("alice", BOTH)
        worker.join("bob")
        offer = worker.offer("bob")
        # The page has applied the offer and its own answer, which got lost: it checks and says hello, for a long time.
        bob = worker.peer("bob")
        lost = bob.answer(offer.sdp)
        bob.remote(offer.sdp)
        hello = asyncio.ensure_future(bob.shake_hands())
        for _ in range(60):
            bob.send_check()
            await asyncio.sleep(0)
            worker.tick(1.0)
        assert worker.states("bob", "subscribe") == ["connecting", "failed"]
        # The offer is sent again, with the same number, and answered anew.
        worker.accept(offer, bob.answer(offer.sdp))
        await hello
        await worker.settle()
        assert worker.states("bob", "subscribe")[-1] == "connected"
        alice.send_check()
        worker.tick()
        alice.send_frame("0")
        assert bob.packets
        # Should the first answer come after all, it is late and harms nothing.
        with refused("stale_offer"):
            worker.accept(offer, lost)

    play(scenario)


def test_the_same_publish_offer_twice_is_answered_twice_for_the_same_connection() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.join("alice")
        alice = worker.peer("alice")
        offer = alice.offer(BOTH)
        lost = worker.publish("alice", offer, BOTH)
        second = worker.publish("alice", offer, BOTH)
        assert origin(second) == (origin(lost)[0], origin(lost)[1] + 1)
        for name in ("ice-ufrag", "ice-pwd", "mid", "setup"):
            assert said(second, name) == said(lost, name)
        await worker.connect(alice, second)
        assert worker.states("alice", "publish") == ["connecting", "connected"]

        # so is an ICE restart
        alice.restart_ice()
        offer = alice.offer(BOTH)
        lost = worker.publish("alice", offer, BOTH)
        answer = worker.publish("alice", offer, BOTH)
        assert said(answer, "ice-ufrag") == said(lost, "ice-ufrag") != said(second, "ice-ufrag")
        bob, _ = await worker.subscriber("bob")
        alice.remote(answer)
        alice.send_check()
        assert alice.responses == 1
        alice.send_frame("0")
        assert len(bob.packets) == 1
        assert worker.states("alice", "publish") == ["connecting", "connected"]
        assert worker.factory.open == 2

    play(scenario)
