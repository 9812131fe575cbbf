"""What holds a worker's loop is told to whoever looks at the server."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from chatroom.media import MediaUnavailable
from media.bridge import Bridge, Deadlines, MediaSettings, Terms
from media.bridge.stderr import log_line
from media.statistics import Stall
from nurseries import Timeline, facts_of, find_task, recording
from tests.media.bridge.fakes import NOTHING, FakeWorkers, settle
from tests.web.served import eventually

STALL = Stall(1_000.0, 0.43, "media/worker/layer.py:212 in Layer.on_rtp", False)
BEAT = 0.5


@asynccontextmanager
async def recorded(bridge: Bridge) -> AsyncGenerator[Timeline, None]:
    timeline = Timeline()
    with recording(timeline):
        async with trio.open_nursery() as nursery:
            await nursery.start(bridge.run)
            yield timeline
            nursery.cancel_scope.cancel()


async def test_a_stall_is_told_once_with_its_line(autojump_clock: MockClock) -> None:
    workers = FakeWorkers()
    bridge = workers.bridge()
    async with recorded(bridge) as timeline:
        workers.last.figures = attrs.evolve(NOTHING, stalls=1, stall_longest=0.43, stall_last=STALL)
        await trio.sleep(3 * BEAT)
        (entry,) = timeline.after(0)
        assert (entry.kind, entry.at) == ("worker_stalled", 1_000.0)
        assert entry.task.endswith("/link")
        assert entry.words == "its loop was held for 0.43 s: media/worker/layer.py:212 in Layer.on_rtp"
        assert entry.details["where"] == STALL.where
        workers.last.figures = attrs.evolve(NOTHING, stalls=4, stall_longest=0.43, stall_last=STALL)
        await trio.sleep(3 * BEAT)
        assert timeline.after(entry.number)[0].words.endswith("(and 2 more)")
        (member,) = bridge.statistics().members
        assert member.stalls == 4
        task = find_task(entry.task)
        assert task is not None
        assert facts_of(task)["worker"]["stalls"] == {"number": 4, "longest": 0.43, "last": str(STALL)}


async def test_of_another_machine_only_what_is_new_is_told(autojump_clock: MockClock) -> None:
    workers = FakeWorkers()
    bridge = workers.bridge()
    async with recorded(bridge) as timeline:
        await trio.sleep(BEAT)
        link = bridge._pool.members[0].link
        assert link is not None
        link.pid, link.figures = None, None  # as of one that was there before us
        workers.last.figures = attrs.evolve(NOTHING, stalls=7, stall_longest=0.43, stall_last=STALL)
        await trio.sleep(3 * BEAT)
        assert timeline.after(0) == ()
        workers.last.figures = attrs.evolve(NOTHING, stalls=8, stall_longest=0.43, stall_last=STALL)
        await trio.sleep(3 * BEAT)
        assert len(timeline.after(0)) == 1


async def test_what_a_worker_logs_of_a_stall_that_lasts_is_told() -> None:
    timeline = Timeline()
    with recording(timeline):
        head = "time=x level=warning logger=media.worker.watchdog message="
        log_line(f"{head}the loop is held seconds=0.52 at='a.py:3 in f' stood_still=no unsaid=0")
        log_line(f"{head}the loop is held seconds=2.03 at='' stood_still=no unsaid=0")
        log_line(f"{head}the loop was held seconds=2.10 at='a.py:3 in f' stood_still=no unsaid=0")
        log_line("level=warning logger=media.worker.x message=the loop is held seconds=1 at='' stood_still=no")
    assert [each.words for each in timeline.after(0)] == [
        "its loop is held, for 0.52 s so far: a.py:3 in f",
        "its loop is held, for 2.03 s so far: a line that was not seen",
    ]
    await settle()


@pytest.mark.process
async def test_a_worker_that_stands_still_is_named_with_its_line_while_it_does() -> None:
    command = [sys.executable, "-m", "tests.media.worker.stalling_worker"]
    patient = Deadlines(heartbeat=Terms(interval=0.4, silence=60.0, answer=60.0), stop=0.05)
    bridge = Bridge(MediaSettings(port=0, addresses=("127.0.0.1",)), command, deadlines=patient)
    source = Path(__file__).parents[1] / "worker" / "stalling_worker.py"
    line = 1 + next(number for number, text in enumerate(source.read_text().splitlines()) if "# the stall" in text)
    async with recorded(bridge) as timeline, bridge.attach("stall for long", "a", 1, lambda _: None):

        async def ask() -> None:
            try:
                await bridge.media_statistics("stall for long")
            except MediaUnavailable:
                return

        def told() -> list[str]:
            said = [each.words for each in timeline.after(0) if each.kind == "worker_stalled"]
            return [words for words in said if f"tests/media/worker/stalling_worker.py:{line} in stalling" in words]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await eventually(lambda: bool(told()))
            nursery.cancel_scope.cancel()
        assert "its loop is held, for " in told()[0]
