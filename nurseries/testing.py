"""Tools for tests that want certainty about concurrent code: the same schedule again, and every cancellation there is.

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

This module touches private names of Trio and is the only one that does: `_run._r` with
`_ALLOW_DETERMINISTIC_SCHEDULING` for the schedule, `Task._attempt_abort` for `fail_at_every_checkpoint`, and that
`Task.coro` may be replaced in `task_spawned`. A canary among the tests says so when a new release moves them.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NoReturn

import trio
import trio.testing
from trio._core import _run

Scenario = Callable[[], Awaitable[object]]
#: A pattern of task names (as of `fnmatch`), or a function that says whether a task is meant.
Victim = str | Callable[[trio.lowlevel.Task], bool]


class Injected(Exception):
    """What `fail_at_every_checkpoint` raises, unless told otherwise."""


@contextmanager
def deterministic(seed: int = 0) -> Generator[None, None, None]:
    """Make every `trio.run` inside the context schedule its tasks in an order that depends on ``seed`` only."""
    module: Any = _run
    saved = module._r, module._ALLOW_DETERMINISTIC_SCHEDULING
    module._r, module._ALLOW_DETERMINISTIC_SCHEDULING = random.Random(seed), True  # noqa: S311 - no secret
    try:
        yield
    finally:
        module._r, module._ALLOW_DETERMINISTIC_SCHEDULING = saved


def cancel_at_every_checkpoint(
    scenario: Scenario,
    *,
    victim: Victim,
    at: Victim | None = None,
    seed: int = 0,
    timeout: float = 3600.0,
    limit: int = 10_000,
    clock: Callable[[], trio.abc.Clock | None] | None = None,
) -> int:
    """Run ``scenario`` once for each step of the victim, cancelling it there, and once without.

    Returns the number of cancellations, which is one less than the number of runs.

    The victim is the first task that fits, and it is cancelled as a whole: as if the nursery it lives in had been, but
    that nursery and the victim's neighbours are not. A step is any time it gives way to others; cancelling where it is
    shielded is tried, too. ``at`` counts the steps of other tasks in place of the victim's own, of all that fit: a task
    that only watches over others has few steps, and may be cancelled at any of theirs.

    What a run raises is raised, with a note that says at which step. A run that lasts longer than ``timeout`` seconds
    of its clock raises TooSlowError: on the default clock, a MockClock that jumps as soon as all tasks wait, that is a
    deadlock. Raises AssertionError when no task fits or when there is no end after ``limit`` runs.
    """
    return _explore(scenario, lambda step: _Cancel(step, victim, at), seed, timeout, limit, clock)


def fail_at_every_checkpoint(
    scenario: Scenario,
    *,
    victim: Victim,
    error: Callable[[], Exception] = Injected,
    seed: int = 0,
    timeout: float = 3600.0,
    limit: int = 10_000,
    clock: Callable[[], trio.abc.Clock | None] | None = None,
) -> int:
    """Do as `cancel_at_every_checkpoint` does, but let what the victim waits for raise ``error()``, once.

    The operation is aborted as by a cancellation, so no lock or message is lost on the way. A wait that cannot be
    aborted (a thread's) and a mere `trio.lowlevel.checkpoint` are passed over: they do not fail in real life.
    """
    return _explore(scenario, lambda step: _Fail(step, victim, error), seed, timeout, limit, clock)


class _Injector(trio.abc.Instrument):
    """Follows the victim's steps and strikes at one of them."""

    what = "struck"

    def __init__(self, step: int, victim: Victim) -> None:
        self.step = step
        self.struck = False
        self.task: trio.lowlevel.Task | None = None
        self._victim = victim
        self._steps = 0

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        if self.task is None and _fits(task, self._victim):
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

    def __init__(self, step: int, victim: Victim, at: Victim | None) -> None:
        super().__init__(step, victim)
        self._at = at

    def counts(self, task: trio.lowlevel.Task) -> bool:
        return task is self.task if self._at is None else _fits(task, self._at)

    def prepare(self, task: trio.lowlevel.Task) -> None:
        # A task may open no scope of its own, or open one late. So it gets one around everything it does: at this
        # moment Trio has made the task but has not yet looked at its coroutine.
        self._scope = trio.CancelScope()
        task.coro = self._inside(task.coro)  # type: ignore[assignment]

    def strike(self, task: trio.lowlevel.Task) -> bool:  # noqa: ARG002
        self._scope.cancel(f"injected at step {self.step}")
        return True

    async def _inside(self, coro: Awaitable[Any]) -> Any:
        with self._scope:
            return await coro


class _Fail(_Injector):
    what = "failed"

    def __init__(self, step: int, victim: Victim, error: Callable[[], Exception]) -> None:
        super().__init__(step, victim)
        self._error = error

    def counts(self, task: trio.lowlevel.Task) -> bool:
        return task is self.task and task._abort_func is not None

    def strike(self, task: trio.lowlevel.Task) -> bool:
        raised = False

        def fail() -> NoReturn:
            nonlocal raised
            raised = True
            raise self._error()

        # This is how Trio delivers a KeyboardInterrupt to the main task.
        task._attempt_abort(fail)
        return raised


def _fits(task: trio.lowlevel.Task, victim: Victim) -> bool:
    return fnmatchcase(task.name, victim) if isinstance(victim, str) else victim(task)


def _explore(
    scenario: Scenario,
    make: Callable[[int], _Injector],
    seed: int,
    timeout: float,
    limit: int,
    clock: Callable[[], trio.abc.Clock | None] | None,
) -> int:
    async def main() -> None:
        with trio.fail_after(timeout):
            await scenario()

    for step in range(1, limit + 1):
        injector = make(step)
        try:
            with deterministic(seed):
                trio.run(
                    main,
                    clock=clock() if clock else trio.testing.MockClock(autojump_threshold=0),
                    instruments=[injector],
                )
        except BaseException as error:
            where = f"{injector.what} at its step {step}" if injector.struck else "not struck"
            error.add_note(f"the victim {injector.task} was {where}; seed {seed}")
            raise
        if injector.task is None:
            raise AssertionError("no task of the scenario fits the victim")
        if not injector.struck:
            return step - 1
    raise AssertionError(f"no end after {limit} runs")
