"""What the worker makes of the tiles of a page, and what it says of it."""

from __future__ import annotations

from media.messages import Layout, VideoPaused, VideoResumed
from media.worker.forwarding import INTERVAL
from tests.media.worker.in_memory import MemoryWorker, play

BOTH = {"0": "audio", "1": "video"}


def layout(memory: MemoryWorker, **sizes: int) -> list[VideoPaused | VideoResumed]:
    """Tell of bob's tiles, and return what is said because of it."""
    memory.events.clear()
    memory.worker.handle(Layout("room", "bob", 1, sizes))
    return [event for event in memory.events if isinstance(event, VideoPaused | VideoResumed)]


def test_who_is_not_on_the_page_is_heard_and_not_sent() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", BOTH)
        bob, _ = await memory.subscriber("bob")
        alice.send_frame("0")
        alice.send_frame("1", key=True)
        assert [p.payload_type for p in bob.packets] == [111, 96]
        assert layout(memory, alice=360) == []
        assert layout(memory) == [VideoPaused("room", "bob", 1, "alice", "camera", "layout")]
        assert layout(memory, alice=0) == []
        alice.send_frame("0")
        alice.send_frame("1", key=True)
        assert [p.payload_type for p in bob.packets] == [111, 96, 111]
        alice.rtcp.clear()
        assert layout(memory, alice=90) == [VideoResumed("room", "bob", 1, "alice", "camera")]
        assert [p.type for p in alice.rtcp] == [206], "a keyframe is asked for"
        alice.send_frame("1", key=True)
        assert [p.payload_type for p in bob.packets] == [111, 96, 111, 96]
        memory.tick(INTERVAL)
        assert [event for event in memory.events if isinstance(event, VideoPaused | VideoResumed)][1:] == []

    play(scenario)


def test_who_leaves_is_not_paused_any_more() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        await memory.publisher("alice", BOTH)
        await memory.subscriber("bob")
        layout(memory)
        memory.events.clear()
        memory.worker._routers["room"].leave("alice")
        assert VideoResumed("room", "bob", 1, "alice", "camera") in memory.events

    play(scenario)
