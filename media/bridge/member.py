"""One place in the pool: a worker, and the next one when that is lost."""

from __future__ import annotations

import logging
import math
from typing import Literal, Protocol

import attrs
import trio

from media.bridge.errors import MediaStartFailed, WorkerLost
from media.bridge.link import Loss, WorkerLink
from media.bridge.process import OpenWorker
from media.bridge.settings import Deadlines
from media.messages import Heard, ParticipantEvent, RoomEvent
from nurseries import Backoff, ChildReport, ChildSpec, TooManyRestarts, log_report, open_supervisor

#: A worker is wanted back at once: the first restart comes after 50 ms. Five in half a minute is no accident any more.
INTENSITY = 5
PERIOD = 30.0
BACKOFF = Backoff(first=0.05, factor=2.0, cap=1.0)
#: Seconds that it has where the spare took its rooms over. A start takes a second of a core, and it is just then that
#: everybody's pages and the spare need the cores to connect anew: a spare's loop was held for up to 0.4 s by it.
CALM = 2.0
#: A network comes back when it does: that is waited for, for as long as it takes.
REMOTE_INTENSITY = 1_000_000
REMOTE_BACKOFF = Backoff(first=0.25, factor=2.0, cap=5.0, jitter=0.2)

#: Its worker is being started; takes requests; is gone, and another comes after a pause; or could not be kept up.
State = Literal["starting", "up", "down", "given_up"]

_log = logging.getLogger("media.bridge")


class Owner(Protocol):
    """Who is told what becomes of a member's workers. Nothing here may block or raise."""

    def worker_up(self, member: Member) -> None:
        """Its worker takes requests."""
        ...

    def worker_down(self, member: Member, loss: Loss) -> None:
        """Its worker takes none any more."""
        ...

    def worker_failed(self, member: Member, error: Exception) -> None:
        """Its worker is gone, whether it ever was up or not; ``error`` says why. May be told twice."""
        ...

    def worker_said(self, link: WorkerLink, event: ParticipantEvent | Heard | RoomEvent) -> None:
        """Its worker said something by itself."""
        ...


@attrs.define(eq=False)
class Member:
    """A place in the pool. ``number`` is unique in it; ``address`` is of a worker on another machine."""

    number: int
    name: str
    open_worker: OpenWorker
    deadlines: Deadlines
    owner: Owner
    address: str | None = None
    state: State = "starting"
    #: what takes requests now
    link: WorkerLink | None = None
    #: the UDP port of the last worker that was up
    port: int = 0
    #: workers that were started
    lives: int = 0
    #: why the last one is gone
    last_error: str = ""
    #: when its next worker may be started, and what is around the wait for that
    _due: float = -math.inf
    _wait: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    @property
    def trying(self) -> bool:
        """Whether there is a worker, or may be one soon. Nobody knows that of another machine that is not there."""
        return self.link is not None or (self.address is None and self.state != "given_up")

    def put_off(self) -> None:
        """Start no worker in the next `CALM` seconds, unless there is a `hurry`; another machine has its own cores."""
        if self.address is None:
            self._due = trio.current_time() + CALM

    def hurry(self) -> None:
        """Wait no longer, after a `put_off`."""
        self._due = self._wait.deadline = -math.inf

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Have a worker until cancelled. Raises TooManyRestarts when it cannot be kept up."""
        above, _, name = trio.lowlevel.current_task().name.rpartition("/")
        local = self.address is None
        try:
            async with open_supervisor(
                name,
                under=above,
                intensity=INTENSITY if local else REMOTE_INTENSITY,
                period=PERIOD,
                backoff=BACKOFF if local else REMOTE_BACKOFF,
                report=self._report,
            ) as lives:
                await lives.start(ChildSpec("link", self._live))
                task_status.started()
                await trio.sleep_forever()
        except TooManyRestarts:
            self.state = "given_up"
            raise

    async def _live(self, *, task_status: trio.TaskStatus[None]) -> None:
        """One worker, from its start to its loss."""
        task_status.started()  # that it fails to start is one more way of being lost
        with trio.CancelScope(deadline=self._due) as self._wait:
            await trio.sleep_forever()
        self.state = "starting"
        self.lives += 1
        try:
            heartbeat = self.deadlines.heartbeat if self.address is None else self.deadlines.remote_heartbeat
            link = WorkerLink(
                self.open_worker,
                self.deadlines,
                heartbeat,
                up=self._up,
                down=self._down,
                unable=lambda error: self.owner.worker_failed(self, error),
                event=self.owner.worker_said,
            )
            await link.run()
        except (WorkerLost, MediaStartFailed) as error:
            self.state = "down"
            self.owner.worker_failed(self, error)
            raise

    def _up(self, link: WorkerLink) -> None:
        self.link, self.port, self.state = link, link.port, "up"
        self.last_error = ""
        _log.info("%s is up: %s, UDP port %d", self.name, link.name, link.port)
        self.owner.worker_up(self)

    def _down(self, loss: Loss) -> None:
        self.link, self.state = None, "down"
        self.owner.worker_down(self, loss)

    def _report(self, report: ChildReport) -> None:
        if not isinstance(report.error, (WorkerLost, MediaStartFailed)):
            log_report(report)
            return
        # No fault of this process, so its traceback would tell nothing.
        delay = max(report.delay, self._due - trio.current_time())
        what_next = f"another in {delay:.2f} s" if report.action == "restart" else "giving up"
        same = self.address is not None and str(report.error) == self.last_error  # not there for an hour is one loss
        _log.log(logging.DEBUG if same else logging.ERROR, "%s is lost: %s: %s", self.name, report.error, what_next)
        self.last_error = str(report.error)
