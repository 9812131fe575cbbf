"""What holds the worker's loop is named with its line, while it does."""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import pytest

from media.messages import GetMediaStatistics, MediaStatistics, structure_result
from media.statistics import Stall
from media.worker.watchdog import MINUTE, WORDS, StallStatistics, Watchdog, watching, where
from tests.media.worker.harness import ready_worker

HERE = Path(__file__)
OURS = f"{HERE.parent}/"


def line_of(text: str, file: Path = HERE) -> int:
    lines = file.read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.strip() == text)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """A watchdog whose time and looks a test decides on: a beat is due every 50 ms."""

    def __init__(self, limit: float = 0.1) -> None:
        self.clock, self.cpu = Clock(), Clock()
        self.dog = Watchdog(0.05, limit, OURS, self.clock, self.cpu)

    def pass_time(self, seconds: float, looks: int = 1, cpu: float = 1.0) -> None:
        for _ in range(looks):
            self.clock.now += seconds / looks
            self.cpu.now += cpu * seconds / looks
            self.dog.look()

    def beat(self, seconds: float, looks: int = 1, cpu: float = 1.0) -> None:
        """Have the loop go on only after so many seconds, in which the thread looks."""
        self.pass_time(seconds, looks, cpu)
        self.dog.beat()

    @property
    def last(self) -> Stall:
        last = self.dog.statistics().last
        assert last is not None
        return last


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_loop_that_goes_on_is_not_told_of(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        rig.beat(0.05)
    for _ in range(10):
        rig.beat(0.14, looks=3)  # late, and in time enough
    assert rig.dog.statistics() == StallStatistics()
    assert caplog.messages == []


def test_what_held_it_is_counted_and_named_with_its_line(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.beat(0.05)
    rig.beat(0.35, looks=7)
    at = f"tests/media/worker/test_watchdog.py:{line_of('self.dog.look()')} in Rig.pass_time"
    assert (rig.last.seconds, rig.last.stood_still) == (0.3, False)
    assert rig.last.where.startswith(f"{at}, in media/worker/watchdog.py:")
    assert abs(rig.last.at + 0.3 - time.time()) < 60
    (line,) = caplog.messages
    assert line.startswith("the loop was held seconds=0.30 at='tests/media/")
    assert line.endswith("stood_still=no unsaid=0")
    rig.beat(0.25, looks=5)
    statistics = rig.dog.statistics()
    assert (statistics.number, statistics.longest, rig.last.seconds) == (2, 0.3, 0.2)


def test_one_that_lasts_is_told_of_before_it_has_ended(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.pass_time(0.5, looks=10)
    assert caplog.messages == []
    rig.pass_time(0.1, looks=2)
    (line,) = caplog.messages
    assert line.startswith("the loop is held seconds=0.5")
    assert f"test_watchdog.py:{line_of('self.dog.look()')} in Rig.pass_time" in line
    rig.pass_time(3.0, looks=60)
    assert len(caplog.messages) == 2, "after two seconds, and then after eight"
    assert rig.dog.statistics().number == 0
    rig.beat(0.1)
    assert rig.dog.statistics().number == 1
    assert caplog.messages[-1].startswith("the loop was held seconds=3.6")


def test_a_loop_may_be_held_for_longer_than_that_where_it_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(limit=2.0)
    rig.pass_time(1.9, looks=19)
    assert caplog.messages == []
    rig.pass_time(0.3, looks=3)
    assert len(caplog.messages) == 1


def test_after_a_pause_of_the_watchdog_itself_there_is_one_word(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.pass_time(3.0)
    rig.pass_time(0.5, looks=10)
    assert len(caplog.messages) == 1


def test_one_that_ends_while_it_is_looked_at_is_over(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looks(_: FrameType | None, __: str) -> str:
        rig.dog.beat()
        return "a.py:1 in what_came_then"

    rig.pass_time(0.2, looks=4)
    monkeypatch.setattr("media.worker.watchdog.where", looks)
    rig.pass_time(0.5)
    (line,) = caplog.messages
    assert line.startswith("the loop was held seconds=0.65")
    assert "what_came_then" not in line


def test_the_last_line_that_was_seen_is_that_of_this_stall(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["a.py:1 in a", "", "", "", ""]
    monkeypatch.setattr("media.worker.watchdog.where", lambda *_: lines.pop(0))
    rig.beat(0.05)
    rig.beat(0.3, looks=2)
    assert rig.last.where == "a.py:1 in a", "it only waited later"
    rig.beat(0.3, looks=2)
    assert rig.last.where == ""


def test_it_is_said_where_the_process_did_not_run(rig: Rig) -> None:
    rig.beat(0.05)
    rig.beat(1.0, cpu=0.01)  # no look in between, as the thread did not run either
    assert rig.last.stood_still
    assert "the process stood still" in str(rig.last)
    rig.beat(1.0, looks=20, cpu=0.01)  # blocked: the thread did
    assert str(rig.last).startswith("0.95 s: tests/media/worker/test_watchdog.py:")
    assert "the process stood still" not in str(rig.last)
    rig.clock.now += 1.0  # and the loop was faster than the thread
    rig.dog.beat()
    assert rig.last.stood_still


def test_it_stood_still_if_it_did_for_most_of_the_time_and_for_longer_than_the_limit(rig: Rig) -> None:
    rig.beat(0.05)
    rig.pass_time(0.8, cpu=0.0)
    rig.beat(0.2, looks=4)
    assert (rig.last.seconds, rig.last.stood_still) == (0.95, True)
    rig.pass_time(0.3, cpu=0.0)
    rig.beat(0.7, looks=14)
    assert (rig.last.seconds, rig.last.stood_still) == (0.95, False)
    rig.pass_time(0.09)
    rig.beat(0.08, cpu=0.0)
    assert (rig.last.seconds, rig.last.stood_still) == (0.12, False)


def test_that_it_had_nothing_to_do_before_is_no_standing_still(rig: Rig) -> None:
    for _ in range(20):  # nobody looks, and it uses no CPU
        rig.clock.now += 0.05
        rig.dog.beat()
    rig.pass_time(0.11)
    rig.beat(0.3, looks=6)
    assert (rig.last.seconds, rig.last.stood_still) == (0.36, False)


def test_what_nobody_saw_has_no_line(rig: Rig) -> None:
    rig.beat(0.35, looks=7)
    rig.clock.now += 0.4
    rig.dog.beat()
    assert rig.last.where == ""
    assert "a line that was not seen" in str(rig.last)


def test_a_line_is_looked_for_before_it_is_a_stall_and_not_while_it_is_in_time(rig: Rig) -> None:
    rig.pass_time(0.09)
    rig.clock.now += 0.08
    rig.dog.beat()
    assert (rig.last.seconds, rig.last.where) == (0.12, "")
    rig.pass_time(0.11)
    rig.clock.now += 0.06
    rig.dog.beat()
    assert rig.last.seconds == 0.12
    assert rig.last.where != ""


def test_words_are_few_and_all_are_counted(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(WORDS + 5):
        rig.beat(0.3, looks=2)
    assert len(caplog.messages) == WORDS
    rig.pass_time(0.0)
    for _ in range(int(MINUTE / 0.05)):
        rig.beat(0.05)
    rig.beat(0.3, looks=2)
    assert caplog.messages[-1].endswith("unsaid=5")
    assert rig.dog.statistics().number == WORDS + 6
    rig.beat(0.3, looks=2)
    assert caplog.messages[-1].endswith("unsaid=0")


def test_a_loop_that_waits_is_held_by_nobody() -> None:
    with selectors.DefaultSelector() as selector:
        found: list[str] = []
        thread = threading.get_ident()
        looking = threading.Timer(0.05, lambda: found.append(where(sys._current_frames().get(thread))))
        looking.start()
        selector.select(0.5)
        looking.join()
    assert found == [""]
    assert where(None) == ""


def found_in(file: str) -> str:
    """What is found while code of that file runs, which this one called."""
    names: dict[str, object] = {"look": lambda: where(sys._getframe(1), OURS)}
    code = compile("found = look()", file, "exec")
    exec(code, names)
    return str(names["found"])


def test_a_line_is_that_of_ours_and_the_last_of_all_if_that_is_another() -> None:
    here = f"tests/media/worker/test_watchdog.py:{line_of('exec(code, names)')} in found_in"
    assert found_in("/other.py") == f"{here}, in /other.py:1 in <module>"
    assert found_in("<made of nothing>") == here
    assert found_in(str(HERE)) == "tests/media/worker/test_watchdog.py:1 in <module>"
    for waits in ("selectors.py", "asyncio/base_events.py"):
        assert found_in(f"/lib/{waits}") == ""


def test_a_thread_looks_for_as_long_as_it_is_wanted() -> None:
    dog = Watchdog(0.05, 0.1, OURS)
    with watching(dog):
        time.sleep(0.6)  # the stall of this test
        dog.beat()
    statistics = dog.statistics()
    assert statistics.number == 1
    assert statistics.last is not None
    assert f"test_watchdog.py:{line_of('time.sleep(0.6)  # the stall of this test')} in " in statistics.last.where
    assert "watchdog" not in {thread.name for thread in threading.enumerate()}


def test_what_was_before_it_is_wanted_is_no_stall(rig: Rig) -> None:
    rig.clock.now += 10.0
    with watching(rig.dog):
        rig.dog.beat()
    assert rig.dog.statistics() == StallStatistics()


@pytest.mark.process
def test_a_worker_says_which_line_held_it_up(capfd: pytest.CaptureFixture[str]) -> None:
    options = ("--port", "0", "--address", "127.0.0.1", "--slow-step", "0.15")

    async def main() -> None:
        async with ready_worker(*options, module="tests.media.worker.stalling_worker") as worker:
            before = await worker.statistics()
            structure_result((await worker.ask(GetMediaStatistics("stall"))).result, MediaStatistics)
            async with asyncio.timeout(5):  # it is counted with the next tick
                while (after := await worker.statistics()).stalls == before.stalls:
                    pass
            assert after.stall_last is not None
            assert after.stall_longest >= 0.3

    asyncio.run(main())
    line = line_of("time.sleep(STALLS.get(request.router, 0.0))  # the stall", HERE.with_name("stalling_worker.py"))
    logged = [line for line in capfd.readouterr().err.splitlines() if "logger=media.worker.watchdog" in line]
    assert any(f"tests/media/worker/stalling_worker.py:{line} in stalling" in each for each in logged), logged
