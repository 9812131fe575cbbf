"""With processes, so on the real clock; nothing here waits for time to pass but for things to happen."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import attrs
import pytest
import trio

from chatroom.media import MediaEvent, MediaLost, MediaRestored
from media.bridge import Bridge, Deadlines, MediaSettings, MediaStartFailed, Terms, WorkerLost
from media.bridge.process import WorkerProcess, open_worker
from media.messages import WorkerStatistics
from nurseries.testing import cancel_at_every_checkpoint

pytestmark = pytest.mark.process

TINY = str(Path(__file__).with_name("tiny_worker.py"))
HURRY = Deadlines(stop=0.05)


def tiny(mode: str) -> list[str]:
    return [sys.executable, "-I", "-S", TINY, mode]


def descriptors() -> list[str]:
    return sorted(str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())


def files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def children() -> list[int]:
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file, no process and no descriptor is left behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert children() == []
    yield
    assert files(tmp_path) == []
    assert children() == []


class Heard:
    """The events that a participant was posted."""

    def __init__(self) -> None:
        self.events: list[MediaEvent] = []
        self._changed = trio.Event()

    def __call__(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._changed.set()
        self._changed = trio.Event()

    async def until(self, event: MediaEvent) -> None:
        with trio.fail_after(30):
            while event not in self.events:
                await self._changed.wait()


async def test_a_worker_is_started_connected_and_ended(
    nothing_left: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="media.worker")
    before = descriptors()
    async with trio.open_nursery() as nursery:
        bridge = Bridge(MediaSettings(port=4711, addresses=("127.0.0.1",)), tiny("ready"))
        await nursery.start(bridge.run)
        assert bridge.port_of("blue") == 4711
        assert files(tmp_path) == []  # the socket's name is gone while the worker runs
        (pid,) = bridge.statistics().pids
        assert is_alive(pid)
        nursery.cancel_scope.cancel()
    assert not is_alive(pid)
    assert descriptors() == before
    first, second, last = [record for record in caplog.records if record.name == "media.worker"]
    assert (first.levelname, first.getMessage()) == ("INFO", "logger=tiny message=ready")
    assert (second.levelname, len(second.getMessage())) == ("WARNING", 8_192 + len(" […]"))
    assert (last.levelname, last.getMessage()) == ("ERROR", "logger=tiny message=the last word")


async def test_a_killed_worker_is_noticed_and_replaced(nothing_left: None) -> None:
    heard = Heard()
    async with trio.open_nursery() as nursery:
        bridge = Bridge(MediaSettings(port=0), tiny("ready"))
        await nursery.start(bridge.run)
        async with bridge.attach("blue", "p1", 1, heard):
            (before,) = bridge.statistics().pids
            os.kill(before, signal.SIGKILL)
            await heard.until(MediaLost())
            assert heard.events == [MediaLost()]
            assert not bridge.available
            await heard.until(MediaRestored())
            assert heard.events == [MediaLost(), MediaRestored()]
            assert bridge.statistics().pids != (before,)
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (tiny("start_failed"), r"^UDP port 10000 is in use\.$"),
        (tiny("exit"), "it ended with exit status 3"),
        (["/nonexistent/worker"], "No such file"),
    ],
    ids=["start_failed", "exit", "no such command"],
)
async def test_the_operator_is_told_why_it_cannot_start(nothing_left: None, command: list[str], message: str) -> None:
    before = descriptors()
    with pytest.raises(MediaStartFailed, match=message):
        await Bridge(MediaSettings(port=0), command).run()
    assert descriptors() == before


async def test_a_worker_that_does_not_end_is_killed(nothing_left: None, caplog: pytest.LogCaptureFixture) -> None:
    async with trio.open_nursery() as nursery:
        bridge = Bridge(MediaSettings(port=0), tiny("stubborn"), deadlines=HURRY)
        await nursery.start(bridge.run)
        nursery.cancel_scope.cancel()
    said = [record.getMessage() for record in caplog.records if record.name == "media.bridge"]
    assert [line.rsplit(": ")[-1] for line in said] == ["SIGTERM", "SIGKILL"]


async def test_a_worker_that_stopped_for_good_is_replaced(nothing_left: None) -> None:
    """SIGSTOP is the nearest thing to a worker that hangs: only its silence tells."""
    async with trio.open_nursery() as nursery:
        bridge = Bridge(
            MediaSettings(port=0),
            tiny("ready"),
            deadlines=Deadlines(stop=0.05, heartbeat=Terms(interval=0.1, silence=0.3, answer=1.0)),
        )
        await nursery.start(bridge.run)
        (pid,) = bridge.statistics().pids
        heard = Heard()
        async with bridge.attach("blue", "p1", 1, heard):
            os.kill(pid, signal.SIGSTOP)
            await heard.until(MediaRestored())
            assert not is_alive(pid)
            nursery.cancel_scope.cancel()


def test_cancelled_anywhere_a_worker_leaves_nothing_behind(nothing_left: None) -> None:
    async def scenario() -> None:
        before = descriptors()

        async def use(worker: AbstractAsyncContextManager[WorkerProcess]) -> None:
            async with worker as process:
                await trio.lowlevel.checkpoint()
                await process.stream.send_all(b"x")
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(use, open_worker(tiny("silent"), stop=5), name="victim")
        assert children() == []
        # the thread that starts processes may have been kept, with its own descriptors
        assert [name for name in descriptors() if name not in before] == []

    assert cancel_at_every_checkpoint(scenario, victim="victim", clock=lambda: None) >= 5


def test_cancelled_at_any_step_of_anyone_the_bridge_leaves_nothing_behind(nothing_left: None) -> None:
    async def scenario() -> None:
        bridge = Bridge(MediaSettings(port=0), tiny("ready"))
        async with trio.open_nursery() as nursery:
            try:
                await nursery.start(bridge.run, name="bridge")
            except RuntimeError:
                assert not bridge.available  # cancelled before it was started
            nursery.cancel_scope.cancel()
        assert children() == []

    before = descriptors()
    assert cancel_at_every_checkpoint(scenario, victim="bridge", at="*/worker:0", clock=lambda: None) >= 5
    assert [name for name in descriptors() if name not in before] == []


async def test_the_system_tells_how_long_a_worker_has_waited_for_a_core() -> None:
    async with open_worker(tiny("silent")) as worker:
        assert (starved := worker.starved()) >= 0.0
    assert worker.starved() == starved  # gone


async def test_there_must_be_such_a_command() -> None:
    before = descriptors()
    with pytest.raises(WorkerLost, match="could not be started"):
        await open_worker(["/nonexistent/worker"]).__aenter__()
    assert descriptors() == before


async def test_the_real_worker_dies_and_comes_back(nothing_left: None) -> None:
    heard = Heard()
    async with trio.open_nursery() as nursery:
        bridge = Bridge(MediaSettings(port=0, addresses=("127.0.0.1",)))
        await nursery.start(bridge.run)
        port = bridge.port_of("blue")
        assert port
        async with bridge.attach("blue", "p1", 1, heard) as session:
            assert (await bridge.worker_statistics()).participants == 1
            (pid,) = bridge.statistics().pids
            os.kill(pid, signal.SIGKILL)
            await heard.until(MediaLost())
            assert heard.events == [MediaLost()]
            assert not bridge.available
            await heard.until(MediaRestored())
            assert heard.events == [MediaLost(), MediaRestored()]
            assert (await bridge.worker_statistics()).participants == 1
            await session.restart(fresh=True)
        statistics = await bridge.worker_statistics()
        calm = attrs.evolve(statistics, stalls=0, stall_longest=0.0, stall_last=None)  # the machine may be busy
        assert calm == WorkerStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, kernel=statistics.kernel)
        assert heard.events == [MediaLost(), MediaRestored()]
        nursery.cancel_scope.cancel()


async def test_the_real_worker_says_that_its_port_is_taken(nothing_left: None) -> None:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as taken:
        await taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(MediaStartFailed, match=f"UDP port {port} is in use"):
            await Bridge(MediaSettings(port=port, addresses=("127.0.0.1",))).run()
