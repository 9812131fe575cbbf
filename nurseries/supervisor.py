"""Supervisors: tasks that are run again when they fail, and the decision when to give up.

A nursery has one answer to a failing child: cancel the others and raise. That is the right answer when the children
make up one piece of work. A server also has children that are each other's neighbours: rooms, workers, connections. One
of them failing says nothing about the others, and often enough running it anew is all that is needed. A `Supervisor` is
a nursery for those::

    async def room(*, task_status):
        inbox = ...
        task_status.started(inbox)          # ready: this is what ``start`` returns
        await work(inbox)

    async with open_supervisor("rooms") as rooms:
        inbox = await rooms.start(ChildSpec("room:blue", room, restart="temporary"))
        ...
        await rooms.stop("room:blue")       # cancels, and waits until it is gone
    # leaving the block stops whoever is left

**Which kind of restart?** Ask what the rest of the program believes about the child. If it is simply there, always (a
link to a worker, a listener), it is ``permanent``. If it has a job that can be done (a migration, an upload), it is
``transient``: run again after an error, finished after a return. If someone else will ask for it again when it is
needed (a room, a connection), it is ``temporary``: a restart would bring back a shell whose state and whose peers are
gone.

**Why give up at all?** A restart heals what was caused by a state that had gone bad. What has a lasting cause, a wrong
setting or a full disk, it does not heal, and endless restarts only hide it. So a supervisor puts up with ``intensity``
restarts in any ``period`` seconds; the next one is a `TooManyRestarts`, with the last error as its cause, and it is
raised out of the supervisor to whoever opened it. That may be the child of another supervisor, which runs the whole
part anew; at the top it ends the process with an error that can be read, which is better than a server that answers and
does nothing. Between restarts it waits, longer each time (`Backoff`), so that a failing neighbour does not eat the
machine. A child that then runs for a whole period is healed, and its next delay is the shortest again.

**The first start is different.** A child which fails before it was ever ready is not restarted: its error is raised out
of ``start``. The starter is there, waiting, and knows what to do; a wrong setting is best told at once.

**What is never swallowed.** Cancellation from outside, KeyboardInterrupt and SystemExit pass through. Any Exception of
a child is caught at this boundary and only here, and it is never lost: it goes to ``report``, to ``statistics()`` and,
in the end, into TooManyRestarts. A child's error while the supervisor itself is being cancelled is reported and not
raised.

Every child is a task named by its path, such as ``serve/rooms/room:blue``; a supervisor opened inside a child continues
the path.
"""

from __future__ import annotations

import math
import random
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import attrs
import trio

from nurseries.children import (
    ChildReport,
    ChildSpec,
    ChildStatistics,
    State,
    SupervisorStatistics,
    log_report,
)
from nurseries.paths import child_path
from nurseries.restarts import Backoff, Ending, Policy, decide

T = TypeVar("T")


class TooManyRestarts(Exception):
    """A supervisor gave up. Its cause is the last error; ``path`` names the child that went too far."""

    def __init__(self, path: str, policy: Policy) -> None:
        super().__init__(f"{path}: more than {policy.intensity} restarts in {policy.period:g} s")
        self.path = path


@asynccontextmanager
async def open_supervisor(
    name: str,
    *,
    children: Iterable[ChildSpec[Any]] = (),
    intensity: int = 3,
    period: float = 5.0,
    backoff: Backoff | None = None,
    report: Callable[[ChildReport], None] = log_report,
    under: str | None = None,
    rng: random.Random | None = None,
) -> AsyncGenerator[Supervisor, None]:
    """Open a supervisor; leaving the block stops its children and waits for them.

    ``children`` are started first, one after the other, in order. ``intensity`` restarts in ``period`` seconds are put
    up with, of all children together; ``backoff`` says how long to wait before each. ``report`` is called with every
    child that ended by itself; it must not block, and what it raises ends the supervisor. The path begins with
    ``under``, by default the name of the calling task. ``rng`` is where a backoff with jitter takes its chance from.

    Raises TooManyRestarts when it gives up (the body is cancelled then), and whatever the body or the first start of
    one of ``children`` raises. As from any nursery, two errors at once come as an ExceptionGroup; one comes as itself.
    """
    alone: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            supervisor = Supervisor(
                path=child_path(name) if under is None else f"{under}/{name}".lstrip("/"),
                policy=Policy(intensity, period, backoff or Backoff()),
                report=report,
                rng=rng or random.Random(),  # noqa: S311 - it spreads restarts, it keeps no secret
                nursery=nursery,
            )
            try:
                for spec in children:
                    await supervisor.start(spec)
                yield supervisor
            finally:
                supervisor._close()  # its own friend
    except BaseExceptionGroup as group:
        # That there is a nursery is no business of the caller's: only what is really several errors is a group.
        if len(group.exceptions) != 1:
            raise
        alone = group.exceptions[0]
    if alone is not None:
        try:
            raise alone
        finally:
            del alone  # the traceback holds this frame: break the cycle


@attrs.define(eq=False)
class _Child:
    """A living child: its phases follow each other in one task."""

    spec: ChildSpec[Any]
    path: str
    since: float
    state: State = "starting"
    started: float = -math.inf
    restarts: int = 0
    streak: int = 0
    last_error: Exception | None = None
    stopping: bool = False
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    gone: trio.Event = attrs.field(factory=trio.Event)

    def enter(self, state: State) -> trio.CancelScope:
        """Begin a phase, in a scope of its own that a stop cancels."""
        self.scope = trio.CancelScope()
        self.state = "stopping" if self.stopping else state
        self.since = trio.current_time()
        if self.stopping:
            self.scope.cancel()
        return self.scope

    def stop(self, reason: str) -> None:
        if not self.stopping:
            self.stopping = True
            self.state, self.since = "stopping", trio.current_time()
            self.scope.cancel(reason)


class _Status(trio.TaskStatus[Any]):
    """The ``task_status`` of a child: the supervisor learns that it is ready, and on its first run the starter does."""

    def __init__(self, child: _Child, starter: Callable[[Any], None] | None) -> None:
        self.called = False
        self._child = child
        self._starter = starter

    def started(self, value: Any = None) -> None:
        if self.called:
            raise RuntimeError(f"{self._child.path} called started() twice")
        self.called = True
        self._child.started = trio.current_time()
        if not self._child.stopping:
            self._child.state, self._child.since = "running", self._child.started
        if self._starter is not None:
            self._starter(value)


class Supervisor:
    """See the head of this module. Made by `open_supervisor`."""

    def __init__(
        self,
        *,
        path: str,
        policy: Policy,
        report: Callable[[ChildReport], None],
        rng: random.Random,
        nursery: trio.Nursery,
    ) -> None:
        self._path = path
        self._policy = policy
        self._report = report
        self._rng = rng
        self._nursery = nursery
        self._children: dict[str, _Child] = {}
        self._recent: tuple[float, ...] = ()
        self._restarts = 0
        self._failures = 0
        self._last_failure: ChildReport | None = None
        self._closed = False

    @property
    def path(self) -> str:
        """The path of the supervisor: the beginning of its children's task names."""
        return self._path

    async def start(self, spec: ChildSpec[T]) -> T:
        """Run a child, wait until it says that it has started, and return the value it said it with.

        The value is that of the first run; what must hold beyond a restart has to live outside of the child.

        Raises ValueError when a living child has that name, RuntimeError when the supervisor is closed or the child
        ended without having started, and what the child raises before it has. Cancelled while waiting, it cancels the
        child.
        """
        if self._closed:
            raise RuntimeError(f"supervisor {self._path} is closed")
        if spec.name in self._children:
            raise ValueError(f"supervisor {self._path} has a child named {spec.name!r}")
        child = _Child(spec, f"{self._path}/{spec.name}", since=trio.current_time())
        self._children[spec.name] = child
        value: T = await self._nursery.start(self._supervise, child, name=child.path)
        return value

    async def stop(self, name: str) -> bool:
        """Cancel a child and wait until it is gone. Returns whether there was one: it may have ended just before."""
        child = self._children.get(name)
        if child is None:
            await trio.lowlevel.checkpoint()
            return False
        child.stop("the supervisor was asked to stop it")
        await child.gone.wait()
        return True

    def statistics(self) -> SupervisorStatistics:
        """A snapshot: the living children in order of their first start, and totals."""
        return SupervisorStatistics(
            path=self._path,
            children=tuple(
                ChildStatistics(name, child.state, child.restarts, child.since, child.last_error)
                for name, child in self._children.items()
            ),
            restarts=self._restarts,
            failures=self._failures,
            last_failure=self._last_failure,
        )

    def _close(self) -> None:
        self._closed = True
        # Those still starting live in their starter's nursery: cancelling ours alone would wait for them.
        for child in self._children.values():
            child.stop("the supervisor is closing")
        self._nursery.cancel_scope.cancel("the supervisor is closing")

    async def _supervise(self, child: _Child, *, task_status: trio.TaskStatus[Any]) -> None:
        """One child's life, from its first start to its end, in one task."""

        def tell_starter(value: Any) -> None:
            task_status.started(value)

        starter: Callable[[Any], None] | None = tell_starter
        try:
            while True:
                error = await self._run(child, starter)
                starter = None
                if child.stopping or trio.current_effective_deadline() == -math.inf:
                    if error is not None:
                        self._tell(child, ChildReport(child.path, "failed", error, "stop", 0.0))
                    await trio.lowlevel.checkpoint_if_cancelled()
                    return
                delay = self._decide(child, error)
                if delay is None:
                    return
                with child.enter("waiting") as scope:
                    await trio.sleep(delay)
                if scope.cancel_called:
                    return
                child.restarts += 1
                self._restarts += 1
        finally:
            del self._children[child.spec.name]
            child.gone.set()

    async def _run(self, child: _Child, starter: Callable[[Any], None] | None) -> Exception | None:
        """Run a child once. Returns its error, if any; on the first run raises what comes before it has started."""
        status = _Status(child, starter)
        child.started = trio.current_time()
        error: Exception | None = None
        try:
            with child.enter("starting"):
                await child.spec.run(task_status=status)
        except Exception as caught:  # noqa: BLE001 - the boundary that supervisors are: it is reported and kept
            error = caught
        except BaseExceptionGroup as group:
            # Cancelled, and something went wrong on the way: the one is told and the other goes on.
            failure, rest = group.split(Exception)
            if failure is not None:
                self._tell(child, ChildReport(child.path, "failed", failure, "stop", 0.0))
            assert rest is not None, "a group of nothing but errors is an Exception"
            raise rest from None
        else:
            if not status.called and not child.stopping:
                error = RuntimeError(f"{child.path} ended without calling task_status.started()")
        if error is not None and starter is not None and not status.called:
            raise error
        # Nothing a child does may keep the others from running; it may never have given way itself.
        await trio.lowlevel.cancel_shielded_checkpoint()
        return error

    def _decide(self, child: _Child, error: Exception | None) -> float | None:
        """Seconds until the child is to be run again, or None. Raises TooManyRestarts."""
        now = trio.current_time()
        ending: Ending = "returned" if error is None else "failed"
        decision = decide(
            self._policy,
            child.spec.restart,
            ending,
            now=now,
            recent=self._recent,
            streak=child.streak,
            ran=now - child.started,
            rng=self._rng,
        )
        self._recent, child.streak = decision.recent, decision.streak
        self._tell(child, ChildReport(child.path, ending, error, decision.action, decision.delay))
        if decision.action == "escalate":
            raise TooManyRestarts(child.path, self._policy) from (error or child.last_error)
        return decision.delay if decision.action == "restart" else None

    def _tell(self, child: _Child, report: ChildReport) -> None:
        if report.error is not None:
            child.last_error = report.error
            self._failures += 1
            self._last_failure = report
        self._report(report)
