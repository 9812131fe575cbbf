"""The media plane as rooms see it: one worker, watched and run again, and everybody who is attached to it."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import attrs
import trio

from chatroom.media import MediaEvent, MediaUnavailable, Speakers
from media.bridge.errors import MediaStartFailed, WorkerLost
from media.bridge.link import WorkerLink
from media.bridge.process import OpenWorker, Worker, open_worker
from media.bridge.rooms import Rooms
from media.bridge.session import Session
from media.bridge.settings import Deadlines, MediaSettings
from media.messages import (
    GetMediaStatistics,
    GetStatistics,
    Heard,
    MediaStatistics,
    ParticipantEvent,
    SpeakersChanged,
    WorkerStatistics,
)
from nurseries import Backoff, ChildReport, ChildSpec, Supervisor, log_report, open_supervisor

WORKER = (sys.executable, "-m", "media.worker")

#: A worker is wanted back at once: the first restart comes after 50 ms. Five in half a minute is no accident any more.
INTENSITY = 5
PERIOD = 30.0
BACKOFF = Backoff(first=0.05, factor=2.0, cap=1.0)

_log = logging.getLogger("media.bridge")


@attrs.frozen
class BridgeStatistics:
    """A bridge as it is now. The totals are since it was made."""

    #: the process id of the worker, or None while there is none
    pid: int | None
    restarts: int
    #: participants that are attached
    sessions: int
    #: requests that are not answered
    pending: int
    #: events for participants, or epochs of them, that are not attached
    events_dropped: int


class Bridge:
    """Implements `chatroom.media.Media` with a worker process.

    ``command`` is run in place of this Python's ``-m media.worker``; ``open_worker`` in place of any process.
    """

    def __init__(
        self,
        settings: MediaSettings,
        command: Sequence[str] | None = None,
        *,
        deadlines: Deadlines | None = None,
        open_worker: OpenWorker | None = None,
    ) -> None:
        self._deadlines = deadlines or Deadlines()
        self._command = [*(WORKER if command is None else command), *settings.arguments()]
        self._open_worker = open_worker or self._open_process
        self._port = 0
        self._link: WorkerLink | None = None
        self._sessions: dict[tuple[str, str, int], Session] = {}
        self._rooms = Rooms()
        self._events_dropped = 0
        self._supervisor: Supervisor | None = None
        self._started = False

    @property
    def available(self) -> bool:
        """Whether there is a worker that takes requests now."""
        return self._link is not None

    @property
    def port(self) -> int:
        """The UDP port that browsers send to, 0 while it is not known."""
        return self._port

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Have a worker until cancelled. Started when the first one is ready.

        Raises MediaStartFailed if there is no first one: its message is for the operator. A worker that is lost later
        is replaced; when that does not help, raises TooManyRestarts.
        """
        async with open_supervisor(
            "workers", intensity=INTENSITY, period=PERIOD, backoff=BACKOFF, report=_log_report
        ) as workers:
            self._supervisor = workers
            await workers.start(ChildSpec("worker:0", self._run_worker))
            task_status.started()
            await trio.sleep_forever()

    @asynccontextmanager
    async def attach(
        self, room: str, participant: str, epoch: int, post: Callable[[MediaEvent], None]
    ) -> AsyncGenerator[Session, None]:
        """Be in the media plane for as long as the context lasts; see `chatroom.media.Media.attach`.

        Leaving waits for the worker's answer, shielded, for at most `Deadlines.leave` seconds. Raises ValueError when
        that participant is attached with that epoch already.
        """
        session = Session(room, participant, epoch, post)
        if session.key in self._sessions:
            raise ValueError(f"participant {participant} of room {room} is attached already (epoch {epoch})")
        self._sessions[session.key] = session
        try:
            if self._link is None:
                session.lose()
            else:
                session.join(self._link)
            yield session
        finally:
            del self._sessions[session.key]
            with trio.move_on_after(self._deadlines.leave, shield=True):
                await session.leave(self._deadlines.leave)

    @contextmanager
    def follow(self, room: str, post: Callable[[Speakers], None]) -> Generator[None]:
        """Be told who speaks in a room for as long as the context lasts; see `chatroom.media.Media.follow`."""
        with self._rooms.follow(room, post):
            yield

    async def worker_statistics(self) -> WorkerStatistics:
        """Ask the worker for its figures. Raises MediaUnavailable."""
        if self._link is None:
            raise MediaUnavailable
        return await self._link.request(GetStatistics(), WorkerStatistics)

    async def media_statistics(self, room: str, participant: str | None = None) -> MediaStatistics:
        """Ask the worker what flows in a room, to and from everyone or one. Raises MediaUnavailable."""
        if self._link is None:
            raise MediaUnavailable
        return await self._link.request(GetMediaStatistics(room, participant), MediaStatistics)

    def statistics(self) -> BridgeStatistics:
        """A snapshot of the bridge itself, without asking the worker."""
        return BridgeStatistics(
            pid=None if self._link is None else self._link.pid,
            restarts=0 if self._supervisor is None else self._supervisor.statistics().restarts,
            sessions=len(self._sessions),
            pending=0 if self._link is None else self._link.pending,
            events_dropped=self._events_dropped,
        )

    async def _run_worker(self, *, task_status: trio.TaskStatus[None]) -> None:
        def up(link: WorkerLink) -> None:
            self._up(link)
            task_status.started()

        try:
            await WorkerLink(self._open_worker, self._deadlines, up=up, down=self._down, event=self._hear).run()
        except WorkerLost as error:
            if self._started:
                raise
            raise MediaStartFailed(f"The media worker could not be started: {error}") from error

    def _open_process(self) -> AbstractAsyncContextManager[Worker]:
        return open_worker(self._command, stop=self._deadlines.stop)

    def _up(self, link: WorkerLink) -> None:
        self._started = True
        self._link, self._port = link, link.port
        for session in tuple(self._sessions.values()):
            session.join(link)

    def _down(self) -> None:
        self._link = None
        for session in tuple(self._sessions.values()):
            session.lose()
        self._rooms.lose()

    def _hear(self, event: ParticipantEvent | Heard | SpeakersChanged) -> None:
        if isinstance(event, Heard):
            for room, participant, epoch, age in event.participants:
                if (session := self._find(room, participant, epoch)) is not None:
                    session.heard(age)
        elif isinstance(event, SpeakersChanged):
            self._rooms.tell(event.router, Speakers(event.speaking, event.spoke))
        elif (session := self._find(event.router, event.participant, event.epoch)) is not None:
            session.hear(event)

    def _find(self, room: str, participant: str, epoch: int) -> Session | None:
        # The key holds the epoch: what is late, for an admission that is over, finds nobody.
        session = self._sessions.get((room, participant, epoch))
        if session is None:
            self._events_dropped += 1
        return session


def _log_report(report: ChildReport) -> None:
    if isinstance(report.error, (WorkerLost, MediaStartFailed)):
        # No fault of this process, so its traceback would tell nothing.
        what_next = f"another in {report.delay:.2f} s" if report.action == "restart" else "giving up"
        _log.error("the media worker is lost: %s: %s", report.error, what_next)
    else:
        log_report(report)
