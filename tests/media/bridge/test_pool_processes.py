"""A pool of real processes, on the real clock; nothing here waits for time to pass but for things to happen."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio

from chatroom.media import MediaEvent, MediaLost, MediaRestored
from media.bridge import Bridge, Deadlines, MediaSettings, MediaStartFailed
from media.messages import WorkerStatistics
from tests.conftest import Measured
from tests.ports import free_port
from tests.processes import alive
from tests.web.served import PATIENCE, eventually

pytestmark = pytest.mark.process

TINY = [sys.executable, "-I", "-S", str(Path(__file__).with_name("tiny_worker.py"))]
LOST = [MediaLost(), MediaRestored()]
#: What a worker takes to be ready on a machine that is busy with others.
TOGETHER = Deadlines(start=60.0, company=PATIENCE, stop=0.2)


@asynccontextmanager
async def running() -> AsyncGenerator[Bridge, None]:
    """Two real workers and a spare, each on a port that the system chooses."""
    settings = MediaSettings(port=0, addresses=("127.0.0.1",), workers=2, spare=True)
    async with trio.open_nursery() as nursery:
        bridge = Bridge(settings, deadlines=TOGETHER)
        await nursery.start(bridge.run)
        await eventually(lambda: bridge.statistics().ready == 3)
        yield bridge
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_lost_worker_is_replaced_by_the_spare_and_cannot_come_back(
    how: signal.Signals, measured: Measured
) -> None:
    a: list[MediaEvent] = []
    b: list[MediaEvent] = []
    async with running() as bridge:
        pids = bridge.statistics().pids
        ports = {each.port for each in bridge.statistics().members}
        assert (len(set(pids)), len(ports)) == (3, 3)
        async with bridge.attach("a", "a1", 1, a.append) as session, bridge.attach("b", "b1", 2, b.append):
            before = bridge.port_of("a")
            began = trio.current_time()
            os.kill(pids[0], how)
            with trio.fail_after(PATIENCE):
                while a != LOST:  # noqa: ASYNC110 - it does not tell
                    await trio.sleep(0.001)
            measured(f"a room is on the spare {trio.current_time() - began:.3f} s after {how.name}")
            assert bridge.port_of("a") != before
            assert (await bridge.worker_statistics(2)).participants == 1
            await session.restart(fresh=True)
            await eventually(lambda: bridge.statistics().ready == 3)
            assert not alive(pids[0])
            assert [each.state for each in bridge.statistics().members] == ["spare", "up", "up"]
            assert b == []
        for number in range(3):
            found = await bridge.worker_statistics(number)
            calm = attrs.evolve(found, stalls=0, stall_longest=0.0, stall_last=None)  # the machine may be busy
            assert calm == WorkerStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, kernel=found.kernel)
        pids = bridge.statistics().pids
    assert not any(map(alive, pids))


async def test_a_server_that_was_stopped_finds_its_workers_as_they_were() -> None:
    """All of it, as when Ctrl-Z is pressed; here, what is around the test stands still."""
    async with running() as bridge:
        told: list[MediaEvent] = []
        async with bridge.attach("a", "a1", 1, told.append):
            pids = bridge.statistics().pids
            for _ in range(2):
                for pid in pids:
                    os.kill(pid, signal.SIGSTOP)
                stand_still(1.5)
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
                await trio.sleep(0.5)
            assert told == []
            assert bridge.statistics().pids == pids


def stand_still(seconds: float) -> None:
    """Run nothing else in this process meanwhile."""
    signal.sigtimedwait([], seconds)


async def test_a_port_of_the_range_that_is_taken_is_told_at_the_start() -> None:
    number = free_port(2)
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", number + 1))
        settings = MediaSettings(port=number, addresses=("127.0.0.1",), workers=2)
        with pytest.raises(MediaStartFailed, match=f"ort {number + 1} "):
            await Bridge(settings, deadlines=TOGETHER).run()


async def test_the_workers_of_a_pool_are_started_at_once() -> None:
    settings = MediaSettings(port=7000, workers=8)
    async with trio.open_nursery() as nursery:
        bridge = Bridge(settings, [*TINY, "ready"], deadlines=TOGETHER)
        await nursery.start(bridge.run)
        assert [each.port for each in bridge.statistics().members] == list(range(7000, 7008))
        nursery.cancel_scope.cancel()
