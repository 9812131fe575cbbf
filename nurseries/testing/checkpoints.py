"""Every cancellation there is, and every failure.

A structured program has few places where it can be torn: the checkpoints of its tasks. So try them all::

    def test_leave_is_said_once_wherever_it_is_cancelled():
        async def scenario():
            log = []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(participant, log, name="participant:1")
            assert log.count("left") == log.count("joined")

        assert cancel_at_every_checkpoint(scenario, victim="participant:*") > 3

The scenario is run again and again from the start, each time in a fresh `trio.run` with a virtual clock. In run *k* the
victim is cancelled where it waits for the *k*-th time; the last run is one that the victim survives. The victim may be
any task, started by anyone: it is known by its name. A test that uses these functions is a plain function: it calls
`trio.run` itself.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from itertools import count
from typing import Literal

import attrs
import trio

from nurseries import _trio
from nurseries.testing.schedules import MakeClock, Scenario, deterministic, run_scenario

#: A pattern of task names (as of `fnmatch`), or a function that says whether a task is meant.
Victim = str | Callable[[trio.lowlevel.Task], bool]
#: Which of the tasks that fit is the victim, counted from 0 in the order they are started, or each of them in turn.
Which = int | Literal["each"]


class Injected(Exception):
    """What `fail_at_every_checkpoint` raises, unless told otherwise."""


def cancel_at_every_checkpoint(
    scenario: Scenario,
    *,
    victim: Victim,
    which: Which = 0,
    at: Victim | None = None,
    seed: int = 0,
    timeout: float = 3600.0,
    limit: int = 10_000,
    clock: MakeClock | None = None,
    check: Callable[[], object] | None = None,
) -> int:
    """Run ``scenario`` once for each step of the victim, cancelling it there, and once without.

    Returns the number of cancellations, which is one less than the number of runs.

    The victim is one task: of those that fit, the first that is started, or number ``which``; with ``which="each"`` it
    is each of them in turn, and the numbers are added up. It is cancelled as a whole: as if the nursery it lives in had
    been, but that nursery and the victim's neighbours are not. A step is any time it gives way to others; cancelling
    where it is shielded is tried, too. ``at`` counts the steps of other tasks in place of the victim's own, of all that
    fit: a task that only watches over others has few steps, and may be cancelled at any of theirs.

    ``check`` is called after each run, when all its tasks are gone. What a run or the check raises is raised, with a
    note that says at which step. A run that lasts longer than ``timeout`` seconds of its clock raises TooSlowError: on
    the default clock, a MockClock that jumps as soon as all tasks wait, that is a deadlock. Raises AssertionError when
    no task fits or when there is no end after ``limit`` runs.
    """
    return _explore_each(
        lambda number, step: _Cancel(step, victim, number, at),
        which,
        _Runs(scenario, seed, timeout, limit, clock, check),
    )


def fail_at_every_checkpoint(
    scenario: Scenario,
    *,
    victim: Victim,
    which: Which = 0,
    error: Callable[[], Exception] = Injected,
    seed: int = 0,
    timeout: float = 3600.0,
    limit: int = 10_000,
    clock: MakeClock | None = None,
    check: Callable[[], object] | None = None,
) -> int:
    """Do as `cancel_at_every_checkpoint` does, but let what the victim waits for raise ``error()``, once.

    The operation is aborted as by a cancellation, so no lock or message is lost on the way. A wait that cannot be
    aborted (a thread's) and a mere `trio.lowlevel.checkpoint` are passed over: they do not fail in real life.
    """
    return _explore_each(
        lambda number, step: _Fail(step, victim, number, error),
        which,
        _Runs(scenario, seed, timeout, limit, clock, check),
    )


class _Injector(trio.abc.Instrument):
    """Follows the victim's steps and strikes at one of them."""

    what = "struck"

    def __init__(self, step: int, victim: Victim, number: int) -> None:
        self.step = step
        self.struck = False
        self.task: trio.lowlevel.Task | None = None
        self._victim = victim
        self._before = number
        self._steps = 0

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        if self.task is None and fits(task, self._victim):
            if self._before:
                self._before -= 1
                return
            self.task = task
            self.prepare(task)

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            self._steps = self.step  # it took its last step: there is nobody left to strike

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if self.task is not None and self._steps < self.step and self.counts(task):
            self._steps += 1
            if self._steps == self.step:
                self.struck = self.strike(self.task)
                if not self.struck:
                    self._steps -= 1

    def prepare(self, task: trio.lowlevel.Task) -> None:
        """See the victim before its first step."""

    def counts(self, task: trio.lowlevel.Task) -> bool:
        """Whether this step is one to strike at."""
        return task is self.task

    def strike(self, task: trio.lowlevel.Task) -> bool:
        raise NotImplementedError


class _Cancel(_Injector):
    what = "cancelled"

    def __init__(self, step: int, victim: Victim, number: int, at: Victim | None) -> None:
        super().__init__(step, victim, number)
        self._at = at

    def counts(self, task: trio.lowlevel.Task) -> bool:
        return task is self.task if self._at is None else fits(task, self._at)

    def prepare(self, task: trio.lowlevel.Task) -> None:
        # A task may open no scope of its own, or open one late. So it gets one around everything it does.
        self._scope = trio.CancelScope()
        _trio.put_inside(task, self._scope)

    def strike(self, task: trio.lowlevel.Task) -> bool:  # noqa: ARG002
        self._scope.cancel(f"injected at step {self.step}")
        return True


class _Fail(_Injector):
    what = "failed"

    def __init__(self, step: int, victim: Victim, number: int, error: Callable[[], Exception]) -> None:
        super().__init__(step, victim, number)
        self._error = error

    def counts(self, task: trio.lowlevel.Task) -> bool:
        return task is self.task and _trio.can_be_aborted(task)

    def strike(self, task: trio.lowlevel.Task) -> bool:
        return _trio.raise_in(task, self._error)


def fits(task: trio.lowlevel.Task, victim: Victim) -> bool:
    """Whether the task is meant."""
    return fnmatchcase(task.name, victim) if isinstance(victim, str) else victim(task)


@attrs.frozen
class _Runs:
    """What all runs of an exploration have in common."""

    scenario: Scenario
    seed: int
    timeout: float
    limit: int
    clock: MakeClock | None
    check: Callable[[], object] | None


def _explore_each(make: Callable[[int, int], _Injector], which: Which, runs: _Runs) -> int:
    total = 0
    for number in count() if which == "each" else (which,):
        struck = _explore(partial(make, number), runs)
        if struck is None:
            if which == "each" and number:
                break
            raise AssertionError("no task of the scenario fits the victim" + (f" number {number}" if number else ""))
        total += struck
    return total


def _explore(make: Callable[[int], _Injector], runs: _Runs) -> int | None:
    """The number of runs in which the victim was struck, or None when nobody fits."""
    for step in range(1, runs.limit + 1):
        injector = make(step)
        try:
            with deterministic(runs.seed):
                run_scenario(runs.scenario, timeout=runs.timeout, clock=runs.clock, instruments=[injector])
            if runs.check is not None:
                runs.check()
        except BaseException as error:
            where = f"{injector.what} at its step {step}" if injector.struck else "not struck"
            error.add_note(f"the victim {injector.task} was {where}; seed {runs.seed}")
            raise
        if injector.task is None:
            if step == 1:
                return None
            raise AssertionError(f"the victim was there in run {step - 1} and not in run {step}")
        if not injector.struck:
            return step - 1
    raise AssertionError(f"no end after {runs.limit} runs")
