"""A Trio run that plain code takes forward: for tests that decide step by step what happens next.

A state machine of Hypothesis is plain code: its rules are functions, called one after the other. A `Host` is the run
they act upon::

    class Rooms(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.host = Host()
            self.house = self.host.enter(open_house())

        @rule()
        def join(self):
            self.host.call(self.house.join, "Ada")

        @rule(seconds=st.floats(0, 60))
        def wait(self, seconds):
            self.host.advance(seconds)

        def teardown(self):
            self.host.close()

Nothing happens between the calls: tasks run, and virtual time passes, only inside of them. What a background task
raises ends the run, and is raised by the call during which it happens. A call that waits for what does not come raises
`Stuck`; nothing waits for ever. What comes from sockets and threads is taken when it is there, but not waited for.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, TypeVarTuple

import attrs
import trio
import trio.testing

from nurseries import _trio
from nurseries.testing.schedules import shuffled
from nurseries.testing.tasks import described, tasks_in

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Stuck(AssertionError):
    """Something was waited for that does not come, or does not end. The tasks are named with where they wait."""


@attrs.define(eq=False)
class _Job(Generic[T]):
    """What plain code waits for. ``ready`` is when it may go on, ``gone`` is when the task is."""

    ready: bool = False
    gone: bool = False
    value: T | None = None
    error: Exception | None = None
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    leave: trio.Event = attrs.field(factory=trio.Event)

    async def run(self, async_fn: Callable[[], Awaitable[T]]) -> None:
        with self.scope:
            try:
                self.value = await async_fn()
            except Exception as error:  # noqa: BLE001 - it is raised to whoever called
                self.error = error
        self.ready = self.gone = True

    async def hold(self, manager: AbstractAsyncContextManager[T]) -> None:
        with self.scope:
            try:
                async with manager as self.value:
                    self.ready = True
                    await self.leave.wait()
            except Exception as error:
                if self.ready and not self.leave.is_set():
                    raise  # nobody is calling: it ends the run, as a background task's error does
                self.error = error
        self.ready = self.gone = True

    def result(self) -> T:
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


class Host:
    """See the head of this module. A context manager that closes itself; without ``with``, call ``close``."""

    def __init__(
        self,
        seed: int | random.Random = 0,
        *,
        postpone: float = 0.0,
        limit: int = 100_000,
        instruments: Sequence[trio.abc.Instrument] = (),
    ) -> None:
        """Start a run with a virtual clock at 0. ``seed`` and ``postpone`` are those of `deterministic`, except that
        the functions of the module `random` are left alone: Hypothesis seeds them.

        With a `random.Random` of Hypothesis (``st.randoms(use_true_random=False)``) the schedule is part of the example
        and shrinks with it. ``limit`` is the number of batches after which a call that does not end raises `Stuck`.
        """
        self._limit = limit
        self._clock = trio.testing.MockClock()
        self._held: list[_Job[Any]] = []
        self._closed = False
        self._nursery: trio.Nursery | None = None
        # What Hypothesis draws from may be used up when the host is closed.
        self._closing = shuffled(seed if isinstance(seed, int) else 0, postpone)
        self._run = _trio.Stepper(self._main, self._clock, instruments, shuffled(seed, postpone))
        self.settle()

    async def _main(self) -> None:
        async with trio.open_nursery() as self._nursery:
            await trio.sleep_forever()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close()
        except Exception as other:
            if error is None:
                raise
            raise BaseExceptionGroup("errors of the block and of its host", [error, other]) from None

    @property
    def now(self) -> float:
        """The virtual time, in seconds."""
        return self._clock.current_time()

    @property
    def nursery(self) -> trio.Nursery:
        """Where background tasks live. It is closed with the host."""
        assert self._nursery is not None, "it is opened before anyone can ask"
        return self._nursery

    def call(self, async_fn: Callable[[*Args], Awaitable[T]], *args: *Args, within: float = 0.0) -> T:
        """Run ``async_fn(*args)`` in a task of its own until it returns, and return or raise what it does.

        Other tasks run meanwhile, in batches with this one. Up to ``within`` virtual seconds may pass; if it has not
        returned by then and all tasks wait it is cancelled, and `Stuck` is raised.
        """
        job = _Job[T]()
        self._start(job.run, functools.partial(async_fn, *args), name=_name(async_fn))
        return self._wait_for(job, within)

    def do(self, sync_fn: Callable[[*Args], T], *args: *Args) -> T:
        """Call ``sync_fn(*args)`` in a task of the run, and return or raise what it does."""

        async def call() -> T:
            return sync_fn(*args)

        job = _Job[T]()
        self._start(job.run, call, name=_name(sync_fn))
        return self._wait_for(job, 0.0)

    def start_soon(self, async_fn: Callable[[*Args], Awaitable[object]], *args: *Args, name: object = None) -> None:
        """Start a task in the background. It takes its first step in the next call. What it raises ends the run."""
        self._start(async_fn, *args, name=name)

    def enter(self, manager: AbstractAsyncContextManager[T], *, within: float = 0.0) -> T:
        """Enter an async context manager, in a task that stays inside until the host is closed, and return its value.

        The last one entered is left first. ``within`` is as in ``call``.
        """
        job = _Job[T]()
        self._start(job.hold, manager, name=f"inside {_name(manager)}")
        value = self._wait_for(job, within)
        self._held.append(job)
        return value

    def settle(self) -> None:
        """Let all tasks run until all of them wait. No time passes."""
        self._go(_never, -math.inf)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of virtual time pass, deadline by deadline: at each all tasks run until they wait."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"time passes forward, and not for ever: {seconds}")
        until = self.now + seconds
        self._go(_never, until)
        if self.now < until:
            self._clock.jump(until - self.now)

    def close(self, grace: float = 3600.0) -> None:
        """Leave what was entered, the last first, cancel all other tasks, and let the run end. Twice is as once.

        Each may take ``grace`` virtual seconds. Raises what they raise, and `Stuck` for tasks that did not end; several
        of these as an ExceptionGroup. However it ends, nothing of the run is left. An error that ended the run before
        was raised then and is not raised again.
        """
        if self._closed:
            return
        self._closed = True
        self._run.arrange = self._closing
        errors: list[Exception] = []
        for job in reversed(self._held):
            self._try(errors, functools.partial(self._leave, job, grace))
        if not self._run.over:
            self._try(errors, functools.partial(self._cancel, grace))
        if not self._run.over:
            errors.append(Stuck(f"cancelled and not ended: {described(tasks_in(self.nursery))}"))
            self._force()
        if len(errors) > 1:
            raise ExceptionGroup("errors while a host was closed", errors)
        if errors:
            raise errors[0]

    def _start(self, async_fn: Callable[[*Args], Awaitable[object]], *args: *Args, name: object) -> None:
        self._check()
        with self._run.inside():
            self.nursery.start_soon(async_fn, *args, name=name)

    def _wait_for(self, job: _Job[T], within: float) -> T:
        if not self._go(lambda: job.ready, self.now + within):
            stuck = Stuck(f"not done in {within} s: {described(tasks_in(self.nursery))}")
            with self._run.inside():
                job.scope.cancel("it was not done in time")
            self._go(lambda: job.gone, -math.inf)
            raise stuck
        return job.result()

    def _go(self, done: Callable[[], bool], until: float) -> bool:
        """Run batches until it is done, or until all tasks wait for what comes after ``until``; say whether it is."""
        self._check()
        with self._run.inside():
            for _ in range(self._limit):
                self._run.step()
                if self._run.over or done():
                    break
                if self._run.idle and not self._jump(until):
                    break
            else:
                raise Stuck(f"no end after {self._limit} batches: {described(tasks_in(self.nursery))}")
        if self._run.over:
            self._tell()
        return done()

    def _jump(self, until: float) -> bool:
        """Jump to the next deadline, unless it is after ``until``."""
        due = self._run.next_deadline()
        if due > until or due == math.inf:
            return False
        # Adding the difference may end just below; then it is the next deadline again.
        self._clock.jump(max(due - self.now, 0.0))
        return True

    def _check(self) -> None:
        if self._run.over:
            raise RuntimeError("the run is over")

    def _tell(self) -> None:
        """Raise the error that ended the run."""
        try:
            self._run.result()
        except BaseExceptionGroup as group:
            # That there is a nursery is no business of the caller's: only what is really several errors is a group.
            raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None

    def _leave(self, job: _Job[Any], grace: float) -> None:
        if not self._run.over and not job.gone:
            with self._run.inside():
                job.leave.set()
            if not self._go(lambda: job.gone, self.now + grace):
                raise Stuck(f"not left in {grace} s: {described(tasks_in(self.nursery))}")
        if job.error is not None:
            raise job.error

    def _cancel(self, grace: float) -> None:
        with self._run.inside():
            self.nursery.cancel_scope.cancel("the host is closed")
        self._go(_never, self.now + grace)

    def _force(self) -> None:
        with self._run.inside():
            for task in tasks_in(self.nursery):
                _trio.unshield(task)
        self._try([], lambda: self._go(_never, -math.inf))
        if not self._run.over:
            self._run.abandon()

    def _try(self, errors: list[Exception], action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the closing goes on, and they are raised at its end
            errors.append(error)


def _never() -> bool:
    return False


def _name(thing: object) -> str:
    while isinstance(thing, functools.partial):
        thing = thing.func
    return getattr(thing, "__qualname__", None) or type(thing).__qualname__
