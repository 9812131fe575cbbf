"""Everybody comes at once, from a worker that was lost."""

from __future__ import annotations

from media.messages import Join, Leave
from media.worker.router import SOON
from media.worker.worker import WHOLE
from tests.media.worker.in_memory import MemoryWorker, play

BOTH = {"0": "audio", "1": "video"}
NAMES = ("alice", "bob", "carol")


def come(worker: MemoryWorker, *names: str) -> None:
    for name in names:
        worker.worker.handle(Join("room", name, 1, returns=True))


def publish(worker: MemoryWorker, name: str) -> None:
    worker.publish(name, worker.peer(name).offer(BOTH), BOTH)


def test_everybody_is_offered_all_the_others_at_a_time() -> None:
    async def main(worker: MemoryWorker) -> None:
        come(worker, *NAMES)
        for name in NAMES[:-1]:
            publish(worker, name)
        assert worker.offers("alice") == []
        assert {track.participant for track in worker.offer("carol").tracks.values()} == {"alice", "bob"}, (
            "whose own are no matter"
        )
        publish(worker, "carol")
        assert {track.participant for track in worker.offer("alice").tracks.values()} == {"bob", "carol"}
        assert {track.participant for track in worker.offer("bob").tracks.values()} == {"alice", "carol"}

    play(main)


def test_whoever_is_late_is_waited_for_a_moment_only() -> None:
    async def main(worker: MemoryWorker) -> None:
        come(worker, *NAMES)
        for name in NAMES[:-1]:
            publish(worker, name)
        worker.tick(SOON - WHOLE)
        assert worker.offers("alice") == []
        worker.tick(WHOLE)
        assert {track.participant for track in worker.offer("alice").tracks.values()} == {"bob"}
        publish(worker, "carol")
        assert worker.offers("alice") == [], "one offer waits for its answer"

    play(main)


def test_nobody_waits_for_one_who_has_left() -> None:
    async def main(worker: MemoryWorker) -> None:
        come(worker, *NAMES)
        for name in NAMES[:-1]:
            publish(worker, name)
        worker.worker.handle(Leave("room", "carol", 1))
        assert {track.participant for track in worker.offer("alice").tracks.values()} == {"bob"}

    play(main)


def test_whoever_comes_for_the_first_time_is_not_waited_for() -> None:
    async def main(worker: MemoryWorker) -> None:
        for name in NAMES:
            worker.join(name)
        publish(worker, "alice")
        assert {track.participant for track in worker.offer("bob").tracks.values()} == {"alice"}

    play(main)
