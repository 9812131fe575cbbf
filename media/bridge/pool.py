"""The workers of a bridge: all started at once, each kept up by itself, and the end when none can be.

::

    workers                     the pool; its children are run again after a rest, however often
    ├─ worker:0                 a member: gives up after so many restarts in so much time
    │   └─ link                 one worker, from its start to its loss
    ├─ worker:1 …
    └─ media.example:9443       a worker on another machine

A member that gives up is tried again after a rest, and costs nobody else anything. If there is no other that has a
worker, or is about to, there is nothing to wait for: its error ends the pool.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

import trio

from media.bridge.errors import MediaStartFailed, WorkerLost
from media.bridge.member import Member
from media.bridge.settings import Deadlines
from nurseries import Backoff, ChildReport, ChildSpec, Supervisor, TooManyRestarts, log_report, open_supervisor

#: Seconds for all of them to end. Each has deadlines of its own, which come to less.
STOP = 10.0
#: What the pool puts up with is not a matter of how often: see `Pool._report`.
UNLIMITED = 1_000_000_000

_log = logging.getLogger("media.bridge")


class Pool:
    """Keeps its members up. ``meanwhile`` is run once they are begun, and ends only when it is cancelled."""

    def __init__(
        self,
        members: Sequence[Member],
        deadlines: Deadlines,
        meanwhile: Callable[[], Awaitable[NoReturn]] = trio.sleep_forever,
    ) -> None:
        self.members = tuple(members)
        self._deadlines = deadlines
        self._meanwhile = meanwhile
        #: Whether it has come to its end, and no worker will be there for long.
        self.closing = False
        self._begun = False
        self._failed: MediaStartFailed | None = None
        self._changed = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Have workers until cancelled. Started when the first is ready, and the others are or had a moment to be.

        Raises MediaStartFailed if in this time one of this machine cannot start: what is wrong was told us by the
        operator, who is told at once. Raises TooManyRestarts when no worker can be kept up any more.
        """
        rest = Backoff(first=self._deadlines.rest, factor=1.0, cap=self._deadlines.rest)
        async with open_supervisor(
            "workers", intensity=UNLIMITED, period=1.0, backoff=rest, report=self._report
        ) as workers:
            try:
                for member in self.members:
                    await workers.start(ChildSpec(member.name, member.run, shutdown=math.inf))
                await self._begin()
                task_status.started()
                await self._meanwhile()
            finally:
                self.closing = True
                await _stop_together(workers, self.members)  # noqa: ASYNC102 - it shields its wait, with a deadline

    def notice(self) -> None:
        """A member's worker is up."""
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    def failed(self, member: Member, error: Exception) -> None:
        """A member's worker is gone."""
        if self._begun or member.address is not None or member.port:
            return
        if isinstance(error, WorkerLost):
            if any(other.link for other in self.members):
                return  # it is no setting that is wrong, or no other could have started
            failed = MediaStartFailed(f"The media worker could not be started: {error}")
            failed.__cause__ = error
        else:
            assert isinstance(error, MediaStartFailed)
            failed = error
        self._failed = self._failed or failed
        self.notice()

    async def _begin(self) -> None:
        while not any(member.link for member in self.members):
            await self._change()
        with trio.move_on_after(self._deadlines.company):
            while not all(member.link for member in self.members if member.address is None):
                await self._change()
        self._begun = True

    async def _change(self) -> None:
        """Wait for the next change. Raises MediaStartFailed if it is for the worse."""
        if self._failed is None:
            await self._changed.wait()
        if self._failed is not None:
            raise self._failed

    def _report(self, report: ChildReport) -> None:
        if not isinstance(report.error, TooManyRestarts) or report.action == "stop":
            log_report(report)
            return
        name = report.path.rpartition("/")[2]
        why = report.error.__cause__ or report.error
        if not any(member.trying for member in self.members):
            _log.error("%s cannot be kept up: %s: no other is left", name, why)
            raise report.error
        _log.error("%s cannot be kept up: %s: its rooms live elsewhere, another in %g s", name, why, report.delay)


async def _stop_together(workers: Supervisor, members: Sequence[Member]) -> None:
    """End all at once. A supervisor would wait for one after the other, and they know nothing of each other."""
    with trio.move_on_after(STOP, shield=True):
        async with trio.open_nursery() as nursery:
            for member in members:
                nursery.start_soon(workers.stop, member.name)
