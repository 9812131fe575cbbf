"""What is private to Trio and touched here: no other module of ours does, and one canary among the tests watches it.

A run is deterministic when nothing in it depends on where objects lie in memory, and when one decision is left: who of
the tasks that can run goes first. Trio collects them into a batch, runs each of them up to its next checkpoint, and
collects again. Its own `_ALLOW_DETERMINISTIC_SCHEDULING` puts a batch into the order in which its tasks were started
and lets `_r` shuffle it; that is where an `Arrange` comes in. Three things are left, and mended in `scheduled`: which
of the tasks of a scope, and which of the scopes within a scope, is told first of a cancellation (Trio keeps both in
sets), and which of two scopes with the same deadline expires first (it compares their addresses). All this decides in
which order abort functions are called. With the mending it is the order in which tasks and scopes came to be.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from heapq import heappush
from math import inf
from typing import Any, NoReturn

import trio
from trio._core import _run

#: Puts a batch into the order in which it is to run, in place, and takes out and returns whom it makes wait.
Arrange = Callable[[list[trio.lowlevel.Task]], Iterable[trio.lowlevel.Task]]

_module: Any = _run
_ENTRY_QUEUE = "<TrioToken.run_sync_soon task>"


class _Dice:
    """Stands where Trio has its `random.Random`."""

    def __init__(self, arrange: Arrange) -> None:
        self.error: BaseException | None = None
        self._arrange = arrange

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        try:
            later = self._arrange(batch)
        except BaseException as error:  # noqa: ASYNC103, BLE001 - it would tear Trio's loop apart: raised later
            self.error = self.error or error
        else:
            _module.GLOBAL_RUN_CONTEXT.runner.runq.extend(later)
        batch.reverse()  # Trio takes from the end

    def uniform(self, low: float, high: float) -> float:  # noqa: ARG002 - the offset of a real clock
        return low


class _Ordered(dict[Any, None]):
    """A set that remembers in which order it was filled, as far as Trio needs one."""

    def add(self, item: Any) -> None:
        self[item] = None

    def remove(self, item: Any) -> None:
        del self[item]


#: Deadlines of all runs, so that one which is still there when its context has ended stays comparable.
_numbers = itertools.count()


@contextmanager
def scheduled(arrange: Arrange) -> Generator[None, None, None]:
    """Let ``arrange`` decide the order of each batch of every run inside the context.

    If it raises, the batch runs as it is, and the error is raised at the end of the context, in place of any other.
    """
    dice = _Dice(arrange)
    status, deadlines = _module.CancelStatus, _module.Deadlines
    made, add = status.__attrs_post_init__, deadlines.add
    saved = _module._r, _module._ALLOW_DETERMINISTIC_SCHEDULING

    def ordered_status(self: Any) -> None:
        self._tasks, self._children = _Ordered(), _Ordered()
        made(self)

    def ordered_deadline(self: Any, deadline: float, scope: trio.CancelScope) -> None:
        heappush(self._heap, (deadline, next(_numbers), scope))
        self._active += 1

    _module._r, _module._ALLOW_DETERMINISTIC_SCHEDULING = dice, True
    status.__attrs_post_init__, deadlines.add = ordered_status, ordered_deadline
    try:
        yield
    finally:
        _module._r, _module._ALLOW_DETERMINISTIC_SCHEDULING = saved
        status.__attrs_post_init__, deadlines.add = made, add
        if dice.error is not None:
            raise dice.error


def is_own(task: trio.lowlevel.Task) -> bool:
    """Whether this is the task with which Trio serves other threads, which is in every run."""
    return task.name == _ENTRY_QUEUE


def is_new(task: trio.lowlevel.Task) -> bool:
    """Whether the task has not taken its first step."""
    return task._schedule_points == 0


def age(task: trio.lowlevel.Task) -> int:
    """A number that grows with each task that is started."""
    return task._counter


def steps(task: trio.lowlevel.Task) -> int:
    """How many checkpoints the task has passed. It is counted by Trio, for nothing."""
    return task._schedule_points


def deadline(task: trio.lowlevel.Task) -> float:
    """When the first of the scopes around the task expires, on the run's clock; -inf if one is cancelled, inf if none
    ever does.
    """
    status: Any = task._cancel_status  # None for Trio's first task
    return inf if status is None else status.effective_deadline()


def put_inside(task: trio.lowlevel.Task, scope: trio.CancelScope) -> None:
    """Run all that a task does inside ``scope``. It must have just been spawned."""

    # Trio has made the task but has not yet looked at its coroutine.
    async def inside(coro: Awaitable[Any]) -> Any:
        with scope:
            return await coro

    task.coro = inside(task.coro)  # type: ignore[assignment]


def can_be_aborted(task: trio.lowlevel.Task) -> bool:
    """Whether the task waits for something, and not merely for its turn."""
    return task._abort_func is not None


def raise_in(task: trio.lowlevel.Task, error: Callable[[], BaseException]) -> bool:
    """Let what a blocked task waits for raise ``error()``; False if that cannot be aborted."""
    raised = False

    def fail() -> NoReturn:
        nonlocal raised
        raised = True
        raise error()

    # This is how Trio delivers a KeyboardInterrupt to the main task.
    task._attempt_abort(fail)
    return raised


def unshield(task: trio.lowlevel.Task) -> None:
    """Take the shields of all scopes around a task away."""
    status: Any = task
    status = status._cancel_status
    while status is not None:
        status._scope.shield = False
        status = status.parent


class Stepper:
    """A Trio run that goes on when it is told to: `trio.run` with its loop opened up.

    ``step`` runs one batch. Between the steps there is no current run, so plain code may do what it likes, and open
    other runs. What waits for sockets or threads is looked at without waiting for it.
    """

    def __init__(
        self,
        main: Callable[[], Awaitable[object]],
        clock: trio.abc.Clock,
        instruments: Sequence[trio.abc.Instrument],
        arrange: Arrange,
    ) -> None:
        self.over = False
        #: Nothing can run until something comes from outside, or time passes.
        self.idle = False
        self.arrange = arrange
        self._events: Any = None
        self._runner = _module.setup_runner(clock, instruments, False, True)
        del _module.GLOBAL_RUN_CONTEXT.runner
        self._run = _module.unrolled_run(self._runner, main, (), host_uses_signal_set_wakeup_fd=True)

    @contextmanager
    def inside(self) -> Generator[None, None, None]:
        """Make this the current run: to call ``step``, or what needs one, such as `trio.Nursery.start_soon`.

        Raises RuntimeError when there is a current run already.
        """
        if _module.in_trio_run():
            raise RuntimeError("a run is stepped from plain code, not from inside another run")
        sniffio = _module.sniffio_library
        library, sniffio.name = sniffio.name, "trio"
        _module.GLOBAL_RUN_CONTEXT.runner = self._runner
        try:
            with scheduled(self.arrange):
                yield
        finally:
            sniffio.name = library
            _module.GLOBAL_RUN_CONTEXT.__dict__.pop("runner", None)

    def step(self) -> None:
        """Run one batch."""
        try:
            timeout = self._run.send(self._events)
        except StopIteration:
            self.over = True
            return
        except BaseException:
            self.over = True
            raise
        self._events = self._runner.io_manager.get_events(0)
        self.idle = timeout > 0 and not self._events and not self._runner.waiting_for_idle

    def next_deadline(self) -> float:
        """When the next scope expires, in seconds of the run's clock; infinity if none will."""
        deadline: float = self._runner.deadlines.next_deadline()
        return deadline

    def result(self) -> Any:
        """What the main task returned; raises what it raised. Only when the run is ``over``."""
        return self._runner.main_task_outcome.unwrap()

    def abandon(self) -> None:
        """Give up a run that does not end, and its tasks with it: what they still do is not waited for, nor told."""
        self.over = True
        tasks = list(self._runner.tasks)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Trio says that the run was abandoned
            self._run.close()
        for task in tasks:
            for nursery in task.child_nurseries:
                nursery._children.clear()  # it would complain of them
            with suppress(BaseException):  # whatever it raises: outside of its run it can do nothing right
                task.coro.close()
