"""A real worker, on real sockets: legs that are restarted, and who is heard meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from media.messages import Event, Heard, Restart
from tests.media.worker.harness import RefusedError, ready_worker

pytestmark = pytest.mark.process
BOTH = {"0": "audio", "1": "video"}


def names(event: Event) -> set[str]:
    """Whom an event says were heard."""
    if not isinstance(event, Heard):
        return set()
    assert {(router, epoch) for router, _, epoch, _ in event.participants} == {("room", 1)}
    assert all(0.0 <= age < 2.0 for _, _, _, age in event.participants)
    return {participant for _, participant, _, _ in event.participants}


def test_a_leg_goes_on_with_new_credentials_and_then_on_a_new_connection() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", BOTH)
            await worker.join("bob")
            bob, _ = await worker.subscriber("bob")
            sent = 0

            async def send_until(condition: object) -> None:
                nonlocal sent
                async with asyncio.timeout(5):
                    while not condition():  # type: ignore[operator]
                        alice.send_frame("0")
                        sent += 1
                        await asyncio.sleep(0.01)

            await send_until(lambda: len(bob.packets) >= 10)
            worker.events.clear()
            await worker.ask(Restart("room", "bob", 1, False))
            second = await worker.offer("bob")
            await worker.accept(bob, second)
            bob.check(second.sdp)
            await send_until(lambda: bob.responses >= 3)
            await bob.until(lambda: len(bob.packets) == sent)
            assert len({packet.ssrc for packet in bob.packets}) == 1
            assert (bob.packets[-1].sequence - bob.packets[0].sequence) & 0xFFFF == sent - 1
            assert not [event for event in worker.events if getattr(event, "leg", "") == "subscribe"]

            await worker.ask(Restart("room", "bob", 1, True))
            third = await worker.offer("bob")
            await bob.until(lambda: bob.closed_by_worker)
            with pytest.raises(RefusedError, match="stale_offer"):
                await worker.accept(bob, second)
            again = await worker.new_peer("bob, again")
            await worker.accept(again, third)
            await again.connect(third.sdp)
            await worker.leg("bob", "subscribe", "connected")
            await send_until(lambda: len(again.packets) >= 10)
            assert again.packets[0].ssrc != bob.packets[0].ssrc
            assert not [event for event in worker.events if getattr(event, "state", "") in ("failed", "closed")]
            statistics = await worker.statistics()
            assert (statistics.transports, statistics.consumers) == (2, 2)

    asyncio.run(main())


def test_whoever_falls_silent_is_heard_no_more() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", BOTH)
            await worker.join("bob")
            await worker.subscriber("bob")
            await worker.event(lambda event: names(event) == {"alice", "bob"})
            alice.stop_checking()
            await worker.event(lambda event: names(event) == {"bob"})
            alice.send_frame("0")
            await worker.event(lambda event: names(event) == {"alice", "bob"})

    asyncio.run(main())
