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
    # leaving the block stops whoever is left, in reverse order

**Which kind of restart?** Ask what the rest of the program believes about the child. If it is simply there, always (a
link to a worker, a listener), it is ``permanent``. If it has a job that can be done (a migration, an upload), it is
``transient``: run again after an error, finished after a return. If someone else will ask for it again when it is
needed (a room, a connection), it is ``temporary``: a restart would bring back a shell whose state and whose peers are
gone.

**Which strategy?** Ask what neighbours know of each other. Nothing: ``one_for_one``, only the child that failed is run
again. Each may hold on to what was started before it (a store, a cache that reads it, a listener that serves it):
``rest_for_one``, those that were started after it are run again with it. Everyone to everyone: ``one_for_all``. They
end at once, in reverse order; after the delay they are started in order, each when the one before is ready. One that
cannot start again takes along whoever is already there, and that counts as another failure. Temporary neighbours are
stopped, too, and do not come back; a child that is not run again takes nobody along. A `Supervisor.stop` of one child
leaves the others alone.

**Why give up at all?** A restart heals what was caused by a state that had gone bad. What has a lasting cause, a wrong
setting or a full disk, it does not heal, and endless restarts only hide it. So a supervisor puts up with ``intensity``
restarts in any ``period`` seconds; the next one is a `TooManyRestarts`, with the last error as its cause, and it is
raised out of the supervisor to whoever opened it. That may be the child of another supervisor, which runs the whole
part anew; at the top it ends the process with an error that can be read, which is better than a server that answers and
does nothing. Between restarts it waits, longer each time (`Backoff`), so that a failing neighbour does not eat the
machine. A child that then runs for a whole period is healed, and its next delay is the shortest again.

**The first start is different.** A child which fails before it was ever ready is not restarted: its error is raised out
of ``start``. The starter is there, waiting, and knows what to do; a wrong setting is best told at once.

**How does it stop?** Whatever ends the block, also a cancellation from outside: first the body, then the children, the
last started first, each when the one before is gone. So a child can count on those before it to its end. To stop is to
cancel, which is polite enough: a child that has something to say shields it, with a deadline. A supervisor waits for
``ChildSpec.shutdown`` seconds, then reports an overrun and goes on with the next. Nobody can kill a task in Python, and
nobody is left behind: the block itself ends when the last of them has. Temporary children of ``one_for_one`` end
together, see `nurseries.strategies.stop_order`; a Ctrl-C while stopping stops everyone at once.

**What is never swallowed.** Cancellation from outside, KeyboardInterrupt and SystemExit pass through. Any Exception of
a child is caught at this boundary and only here, and it is never lost: it goes to ``report``, to ``statistics()`` and,
in the end, into TooManyRestarts. A child's error while it is being stopped is reported and not raised.

Every child is a task named by its path, such as ``serve/rooms/room:blue``; a supervisor opened inside a child continues
the path. There are examples to be run in `nurseries.examples`.
"""

from __future__ import annotations

import math
import random
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import trio

from nurseries.children import ChildReport, ChildSpec, SupervisorStatistics, log_report
from nurseries.facts import provide_facts
from nurseries.life import Life, Status
from nurseries.paths import child_path
from nurseries.regroup import Regroup
from nurseries.restarts import RESTARTED, Backoff, Ending, Policy, decide
from nurseries.strategies import CONCERNED, Strategy, recalled, stop_order
from nurseries.timeline import note

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
    strategy: Strategy = "one_for_one",
    intensity: int = 3,
    period: float = 5.0,
    backoff: Backoff | None = None,
    report: Callable[[ChildReport], None] = log_report,
    under: str | None = None,
    rng: random.Random | None = None,
) -> AsyncGenerator[Supervisor, None]:
    """Open a supervisor; leaving the block stops its children, in reverse order, and waits for them.

    ``children`` are started first, one after the other, in order. ``strategy`` says which neighbours are run again
    with a child that failed. ``intensity`` restarts in ``period`` seconds are put up with, of all children together;
    ``backoff`` says how long to wait before each. ``report`` is called with every child that ended by itself or does
    not end in time; it must not block, and what it raises ends the supervisor. The path begins with ``under``, by
    default the name of the calling task. ``rng`` is where a backoff with jitter takes its chance from.

    Raises TooManyRestarts when it gives up (the body is cancelled then), ValueError for a strategy there is not, and
    whatever the body or the first start of one of ``children`` raises. As from any nursery, two errors at once come as
    an ExceptionGroup; one comes as itself.
    """
    if strategy not in CONCERNED:
        raise ValueError(f"strategy must be one of {', '.join(CONCERNED)}, not {strategy!r}")
    alone: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            supervisor = Supervisor(
                path=child_path(name) if under is None else f"{under}/{name}".lstrip("/"),
                strategy=strategy,
                policy=Policy(intensity, period, backoff or Backoff()),
                report=report,
                rng=rng or random.Random(),  # noqa: S311 - it spreads restarts, it keeps no secret
                nursery=nursery,
            )
            provide_facts(f"supervisor {supervisor.path}", supervisor.totals)
            try:
                for spec in children:
                    await supervisor.start(spec)
                yield supervisor
            finally:
                await supervisor._close()  # noqa: ASYNC102 - it shields each of its waits, with a deadline
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


class Supervisor:
    """See the head of this module. Made by `open_supervisor`."""

    def __init__(
        self,
        *,
        path: str,
        strategy: Strategy,
        policy: Policy,
        report: Callable[[ChildReport], None],
        rng: random.Random,
        nursery: trio.Nursery,
    ) -> None:
        self._path = path
        self._strategy = strategy
        self._policy = policy
        self._report = report
        self._rng = rng
        self._nursery = nursery
        self._children: dict[str, Life] = {}
        self._recent: tuple[float, ...] = ()
        self._restarts = 0
        self._failures = 0
        self._overruns = 0
        self._last_failure: ChildReport | None = None
        self._closed = False
        self._regroup = Regroup(self._children, nursery, f"{path}/(regroup)", self._overrun)

    @property
    def path(self) -> str:
        """The path of the supervisor: the beginning of its children's task names."""
        return self._path

    async def start(self, spec: ChildSpec[T]) -> T:
        """Run a child, wait until it says that it has started, and return the value it said it with.

        The value is that of the first run that got ready; what must hold beyond a restart has to live outside of the
        child. While neighbours are being brought back together it waits for them, as the last of all; so a child must
        not wait for a neighbour's start before it is ready itself.

        Raises ValueError when a living child has that name, RuntimeError when the supervisor is closed or the child
        ended without having started, and what the child raises before it has. Cancelled while waiting, it cancels the
        child.
        """
        if self._closed:
            raise RuntimeError(f"supervisor {self._path} is closed")
        if spec.name in self._children:
            raise ValueError(f"supervisor {self._path} has a child named {spec.name!r}")
        life = self._children[spec.name] = Life(spec, f"{self._path}/{spec.name}")
        if self._regroup.active:
            life.be_down()
            self._regroup.notice()
        self._nursery.start_soon(self._supervise, life, name=life.path)
        try:
            await life.answered.wait()
        except BaseException:
            life.stop("its starter was cancelled")
            await self._see_off(life)  # noqa: ASYNC102 - it shields its wait, with a deadline
            raise
        if life.refusal is not None:
            raise life.refusal
        value: T = life.value
        return value

    async def stop(self, name: str) -> bool:
        """Cancel a child and wait until it is gone. Returns whether there was one: it may have ended just before.

        Its neighbours are left alone, with any strategy.
        """
        life = self._children.get(name)
        if life is None:
            await trio.lowlevel.checkpoint()
            return False
        life.stop("the supervisor was asked to stop it")
        self._regroup.notice()
        with trio.move_on_at(life.end_by):
            await life.gone.wait()
        if not life.gone.is_set():
            self._overrun(life)
            await life.gone.wait()
        return True

    def statistics(self) -> SupervisorStatistics:
        """A snapshot: the living children in order of their first start, and totals."""
        return SupervisorStatistics(
            path=self._path,
            children=tuple(life.statistics() for life in self._children.values()),
            restarts=self._restarts,
            failures=self._failures,
            last_failure=self._last_failure,
            strategy=self._strategy,
            overruns=self._overruns,
        )

    def totals(self) -> dict[str, object]:
        """The same in short, without each child: what a supervisor tells about its task."""
        return {
            "strategy": self._strategy,
            "children": len(self._children),
            "restarts": self._restarts,
            "failures": self._failures,
            "overruns": self._overruns,
            "last_failure": None if self._last_failure is None else repr(self._last_failure.error),
        }

    async def _close(self) -> None:
        """Stop everybody in order. Interrupted, stop everybody."""
        self._closed = True
        self._regroup.close()
        lives = dict(self._children)
        for life in lives.values():
            if life.state == "waiting":
                life.stop("the supervisor is closing")
        try:
            for names in stop_order(self._strategy, [life.member for life in lives.values()]):
                for name in names:
                    lives[name].stop("the supervisor is closing")
                for name in names:
                    await self._see_off(lives[name])
        finally:
            for life in lives.values():
                life.stop("the supervisor is closing")
            self._nursery.cancel_scope.cancel("the supervisor is closing")

    async def _see_off(self, life: Life) -> None:
        """Wait until a child that was told to end is gone, for as long as it was given."""
        if not life.gone.is_set():
            with trio.move_on_at(life.end_by, shield=True):
                await life.gone.wait()
            if not life.gone.is_set():
                self._overrun(life)

    async def _supervise(self, life: Life) -> None:
        """One child's life, from its first start to its end, in one task."""
        provide_facts("child", life.statistics)
        try:
            delay: float | None = 0.0
            while delay is not None and await self._turn(life, delay):
                delay = self._after(life, await self._run(life))
                self._regroup.notice()
        finally:
            del self._children[life.spec.name]
            life.end()
            self._regroup.notice()

    async def _turn(self, life: Life, delay: float) -> bool:
        """Wait until a child may run. Returns whether it is to be run at all."""
        if life.state == "waiting":
            with life.enter("waiting"):
                if self._strategy == "one_for_one":
                    await trio.sleep(delay)
                else:
                    await life.turn.wait()
        return not life.leaving

    async def _run(self, life: Life) -> Exception | None:
        """Run a child once. Returns its error, if any."""
        status = Status(life, self._regroup.notice)
        if life.runs:
            self._restarts += 1
        life.runs += 1
        life.started = trio.current_time()
        error: Exception | None = None
        try:
            with life.enter("starting"):
                await life.spec.run(task_status=status)
        except Exception as caught:  # noqa: BLE001 - the boundary that supervisors are: it is reported and kept
            error = caught
        except (KeyboardInterrupt, SystemExit, BaseExceptionGroup) as fatal:
            if life.answered.is_set():
                raise
            life.leaving = True
            life.answer(refusal=fatal)
        else:
            if not status.called and life.told is None:
                error = RuntimeError(f"{life.path} ended without calling task_status.started()")
        if error is not None and not life.answered.is_set() and (life.leaving or life.told is None):
            life.leaving = True
            life.answer(refusal=error)
            return None
        return error

    def _after(self, life: Life, error: Exception | None) -> float | None:
        """Seconds until the child may be run again, or None. Raises TooManyRestarts."""
        if life.leaving or self._closed or trio.current_effective_deadline() == -math.inf:
            self._tell_stop(life, error)
            return None
        if not life.recalled:
            return self._decide(life, error)
        self._tell_stop(life, error)
        ending: Ending = "returned" if error is None else "failed"
        if not RESTARTED[life.spec.restart, ending if life.told is None else "stopped"]:
            return None
        life.be_down()
        return 0.0

    def _decide(self, life: Life, error: Exception | None) -> float | None:
        now = trio.current_time()
        ending: Ending = "returned" if error is None else "failed"
        decision = decide(
            self._policy,
            life.spec.restart,
            ending,
            now=now,
            recent=self._recent,
            streak=life.streak,
            ran=now - life.started,
            rng=self._rng,
        )
        self._recent, life.streak = decision.recent, decision.streak
        others: tuple[str, ...] = ()
        if decision.action == "restart" and self._strategy != "one_for_one":
            others = recalled(self._strategy, [each.member for each in self._children.values()], life.spec.name)
        self._tell(life, ChildReport(life.path, ending, error, decision.action, decision.delay, others))
        if decision.action == "escalate":
            raise TooManyRestarts(life.path, self._policy) from (error or life.last_error)
        if decision.action != "restart":
            return None
        life.be_down()
        if self._strategy != "one_for_one":
            self._regroup.begin(others, now + decision.delay)
        return decision.delay

    def _overrun(self, life: Life) -> None:
        if not life.overran and not life.gone.is_set():
            life.overran = True
            if life.spec.shutdown:
                self._overruns += 1
                self._say(ChildReport(life.path, "overran", None, "stop", life.spec.shutdown))

    def _tell_stop(self, life: Life, error: Exception | None) -> None:
        if error is not None:
            self._tell(life, ChildReport(life.path, "failed", error, "stop", 0.0))

    def _tell(self, life: Life, report: ChildReport) -> None:
        if report.error is not None:
            life.last_error = report.error
            self._failures += 1
            self._last_failure = report
        self._say(report)

    def _say(self, report: ChildReport) -> None:
        note(report)
        self._report(report)
