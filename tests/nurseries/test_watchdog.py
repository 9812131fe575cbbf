"""A step that holds the loop is named with its line, while it does."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest
import trio

from nurseries import SlowStep, Watchdog, watched_for_slow_steps
from nurseries.places import below

OURS = below(Path(__file__).parent)


def line_of(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.strip() == text)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """A watchdog whose time and looks a test decides on."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.said: list[SlowStep] = []
        self.cpu = Clock()
        self.noticed: list[SlowStep] = []
        self.dog = Watchdog(0.1, OURS, self.said.append, self.noticed.append, self.clock, self.cpu)

    def pass_time(self, seconds: float, looks: int = 1) -> None:
        for _ in range(looks):
            self.clock.now += seconds / looks
            self.dog.look()

    def step(self, seconds: float, looks: int = 1) -> None:
        """A step of the calling task."""
        task = trio.lowlevel.current_task()
        self.dog.before_task_step(task)
        self.pass_time(seconds, looks)
        self.dog.after_task_step(task)


@pytest.fixture
async def rig() -> Rig:
    return Rig()


async def test_a_step_that_takes_long_is_named_with_its_line(rig: Rig) -> None:
    rig.step(0.09, looks=3)
    assert rig.said == []
    rig.step(0.2, looks=10)
    (step,) = rig.said
    assert (step.task, round(step.seconds, 3), step.ended) == (trio.lowlevel.current_task().name, 0.2, True)
    assert step.own is not None
    assert step.own.function == "Rig.pass_time"
    assert step.own.line == line_of("self.dog.look()")
    functions = [place.function for place in step.stack]
    assert functions.index("test_a_step_that_takes_long_is_named_with_its_line") < functions.index("Rig.step")
    assert not step.stood_still
    assert "held the loop for 0.20 s" in str(step)
    statistics = rig.dog.statistics()
    assert (statistics.steps, statistics.slow, statistics.longest, statistics.holding) == (2, 1, step, None)
    assert rig.dog.steps == (step,)


async def test_it_is_told_of_while_it_lasts_and_less_and_less_often(rig: Rig) -> None:
    rig.dog.before_task_step(trio.lowlevel.current_task())
    told: list[float] = []
    for _ in range(400):
        rig.pass_time(0.05)
        if rig.said and not rig.said[-1].ended and (not told or rig.said[-1].seconds > told[-1]):
            told.append(rig.said[-1].seconds)
    assert told == pytest.approx([0.5, 2.0, 8.0], abs=0.06)
    holding = rig.dog.statistics().holding
    assert holding is not None
    assert "has held the loop" in str(holding)
    rig.dog.after_task_step(trio.lowlevel.current_task())
    assert rig.said[-1].ended
    assert rig.dog.statistics().holding is None


async def test_a_process_that_stood_still_is_told_from_a_step_that_did_not(rig: Rig) -> None:
    rig.pass_time(0.05)
    rig.step(3.0, looks=1)  # nobody looked meanwhile: the thread did not run either
    rig.step(3.0, looks=60)
    rig.pass_time(0.05)
    rig.dog.before_task_step(trio.lowlevel.current_task())
    rig.cpu.now += 2.9  # it computed, and kept the interpreter's lock
    rig.pass_time(3.0)
    rig.dog.after_task_step(trio.lowlevel.current_task())
    assert [step.stood_still for step in rig.said if step.ended] == [True, False, False]
    assert "stood still" in str(rig.said[0])


async def test_a_stack_of_another_step_is_not_taken_for_this_one(rig: Rig) -> None:
    rig.step(0.07, looks=1)  # looked at, and not slow
    task = trio.lowlevel.current_task()
    rig.dog.before_task_step(task)
    rig.clock.now += 0.3
    rig.dog.after_task_step(task)
    assert rig.said[-1].own is None
    assert "a line that was not seen" in str(rig.said[-1])


async def test_words_are_few_and_those_unsaid_are_counted(rig: Rig) -> None:
    for _ in range(50):
        rig.step(0.2, looks=4)
    assert len(rig.said) == 10
    assert rig.dog.statistics().unsaid == 40
    assert len(rig.noticed) == 50, "words are for a log: whoever looks misses none"
    assert len(rig.dog.steps) == 50
    rig.pass_time(60)
    rig.step(0.2, looks=4)
    assert rig.said[-1].unsaid == 40
    for _ in range(200):
        rig.step(0.2)
    assert len(rig.dog.steps) == 100


async def stall(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - that is what is to be found


async def test_a_real_stall_is_found_while_it_lasts_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    before = threading.active_count()
    seen: list[SlowStep | None] = []
    with watched_for_slow_steps(0.04, OURS) as dog:
        timer = threading.Timer(0.2, lambda: seen.append(dog.statistics().holding))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stall, 0.0, name="quick")
            timer.start()
            nursery.start_soon(stall, 0.4, name="a/slow")
        timer.join()
    assert threading.active_count() == before
    (holding,) = seen
    assert holding is not None
    for step in (holding, dog.steps[-1]):
        assert step.task == "a/slow"
        assert step.own is not None
        assert step.own.line == line_of("time.sleep(seconds)  # noqa: ASYNC251 - that is what is to be found")
    records = [record for record in caplog.records if record.name == "nurseries.watchdog"]
    assert "a/slow held the loop" in records[-1].getMessage()
    assert records[-1].levelno == logging.WARNING


async def test_what_was_running_when_it_was_attached_is_not_slow() -> None:
    with watched_for_slow_steps(0.5) as dog:
        await trio.lowlevel.checkpoint()
    assert dog.steps == ()
