"""The media plane as rooms see it: a pool of workers, and everybody who is attached to one of them."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial

import trio

from chatroom.media import MediaEvent, MediaUnavailable, RoomWord
from media.bridge.followers import Followers, samples, speakers
from media.bridge.housing import Housing
from media.bridge.link import Loss, WorkerLink
from media.bridge.member import Member
from media.bridge.placement import Candidate
from media.bridge.pool import Pool
from media.bridge.process import Worker, open_worker
from media.bridge.remote import Access, open_remote
from media.bridge.rooms import Rooms
from media.bridge.session import Session
from media.bridge.settings import Deadlines, MediaSettings
from media.bridge.statistics import BridgeStatistics, MemberStatistics
from media.messages import (
    Done,
    GetMediaStatistics,
    GetStatistics,
    Heard,
    MediaStatistics,
    ParticipantEvent,
    RoomEvent,
    Samples,
    Simulate,
    SpeakersChanged,
    WorkerStatistics,
)

WORKER = (sys.executable, "-m", "media.worker")

#: Opens worker number so and so of this machine, or the one at an address.
OpenLocal = Callable[[int], AbstractAsyncContextManager[Worker]]
OpenRemote = Callable[[str], AbstractAsyncContextManager[Worker]]


class Bridge:
    """Implements `chatroom.media.Media` with worker processes.

    ``command`` is run in place of this Python's ``-m media.worker``; ``open_worker`` in place of any process, and
    ``open_remote`` in place of any connection to another machine.
    """

    def __init__(
        self,
        settings: MediaSettings,
        command: Sequence[str] | None = None,
        *,
        deadlines: Deadlines | None = None,
        open_worker: OpenLocal | None = None,
        open_remote: OpenRemote | None = None,
    ) -> None:
        self._settings = settings
        self._deadlines = deadlines or Deadlines()
        self._command = WORKER if command is None else tuple(command)
        open_local = open_worker or self._open_process
        open_other = open_remote or self._open_connection
        members = [
            Member(number, f"worker:{number}", partial(open_local, number), self._deadlines, self)
            for number in range(settings.local)
        ]
        members += [
            Member(number, address, partial(open_other, address), self._deadlines, self, address)
            for number, address in enumerate(settings.remotes, settings.local)
        ]
        self._rooms = Rooms()
        self._housing = Housing(members, settings.workers + len(settings.remotes), self._rooms)
        self._pool = Pool(members, self._deadlines, self._housing.readmit)
        self._followers = Followers()
        self._events_dropped = 0
        self._access: Access | None = None
        self._reads_access = open_remote is None

    @property
    def available(self) -> bool:
        """Whether there is a worker that takes requests now."""
        return any(member.link for member in self._pool.members)

    def port_of(self, room: str) -> int:
        """The port that browsers in a room send to, or would if they joined now; 0 while it is not known."""
        found = self._rooms.get(room)
        member = self._housing.place(room) if found is None else found.member
        if member is not None:
            return member.port
        return next((member.port for member in self._pool.members if member.port), 0)

    async def run(  # noqa: ASYNC128 - the pool says started
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Have workers until cancelled. Started when the first one is ready.

        Raises MediaStartFailed if none is, or one of them cannot be for a reason that is the operator's: the message
        is for them. A worker that is lost later is replaced; when none can be, raises TooManyRestarts.
        """
        if self._settings.remotes and self._reads_access:
            self._access = Access.load(self._settings)
        await self._pool.run(task_status=task_status)

    @asynccontextmanager
    async def attach(
        self, room: str, participant: str, epoch: int, post: Callable[[MediaEvent], None]
    ) -> AsyncGenerator[Session, None]:
        """Be in the media plane for as long as the context lasts; see `chatroom.media.Media.attach`.

        Leaving waits for the worker's answer, shielded, for at most `Deadlines.leave` seconds. Raises ValueError when
        that participant is attached with that epoch already.
        """
        session = Session(
            *(room, participant, epoch, post, self._settings.video_codecs), audio_red=self._settings.audio_red
        )
        member = self._housing.place(room) if self._rooms.get(room) is None else None
        place = self._rooms.add(session)
        place.member = place.member or member
        try:
            if place.member is None or place.member.link is None:
                session.lose(self._housing.refused_for(room))
            else:
                session.join(place.member.link)
            yield session
        finally:
            self._rooms.remove(session)
            if self._rooms.get(room) is None and not self._pool.closing:
                self._housing.house()  # it may have left a worker to one that is to be alone
            with trio.move_on_after(self._deadlines.leave, shield=True):
                await session.leave(self._deadlines.leave)

    @contextmanager
    def follow(self, room: str, post: Callable[[RoomWord], None]) -> Generator[None]:
        """Be told what is said of a room for as long as the context lasts; see `chatroom.media.Media.follow`."""
        with self._followers.follow(room, post):
            yield

    async def worker_statistics(self, number: int = 0) -> WorkerStatistics:
        """Ask a worker for its figures. Raises MediaUnavailable."""
        link = self._pool.members[number].link
        if link is None:
            raise MediaUnavailable
        return await link.request(GetStatistics(), WorkerStatistics)

    async def media_statistics(self, room: str, participant: str | None = None) -> MediaStatistics:
        """Ask the room's worker what flows in it, to and from everyone or one: nothing where nobody is.

        Raises MediaUnavailable.
        """
        found = self._rooms.get(room)
        if found is None:
            return MediaStatistics([], [], [], complete=True)
        link = None if found.member is None else found.member.link
        if link is None:
            raise MediaUnavailable
        return await link.request(GetMediaStatistics(room, participant), MediaStatistics)

    async def simulate(self, request: Simulate) -> None:
        """Have a participant's media made worse on purpose. Raises MediaRefused, and MediaUnavailable."""
        session = self._rooms.find(request.router, request.participant, request.epoch)
        found = self._rooms.get(request.router)
        link = None if found is None or found.member is None else found.member.link
        if session is None or link is None:
            raise MediaUnavailable
        await link.request(request, Done)

    def statistics(self) -> BridgeStatistics:
        """A snapshot of the bridge itself, without asking any worker."""
        spare = self._housing.spare()
        carried = self._housing.carried()
        links = [member.link for member in self._pool.members if member.link is not None]
        return BridgeStatistics(
            members=tuple(_describe(member, carried[member.number], spare) for member in self._pool.members),
            sessions=self._rooms.sessions,
            pending=sum(link.pending for link in links),
            events_dropped=self._events_dropped,
            suspects=tuple(self._housing.quarantine.suspects(trio.current_time())),
        )

    def rooms(self) -> dict[str, list[str]]:
        """Which rooms live on each worker, by the name of its place."""
        return {member.name: [room.name for room in self._rooms.on(member)] for member in self._pool.members}

    def figures(self) -> dict[str, WorkerStatistics]:
        """What each worker said of itself in its last answer to a heartbeat, by the name of its place."""
        links = {member.name: member.link for member in self._pool.members if member.link is not None}
        return {name: link.figures for name, link in links.items() if link.figures is not None}

    # ---- what members tell

    def worker_up(self, member: Member) -> None:  # noqa: ARG002 - there may be better places
        """Have it take the rooms that live nowhere."""
        self._pool.notice()
        self._housing.house()

    def worker_down(self, member: Member, loss: Loss) -> None:
        """Move its rooms: everyone there is told of the loss, and then joined elsewhere."""
        kept = self._housing.spare(member)
        closing = self._pool.closing  # the others will be gone in a moment
        rooms = self._rooms.on(member) if closing else self._housing.lost(member, loss).values()
        for room in rooms:
            room.lose(self._housing.refused_for(room.name))
            self._followers.lose(room.name)
        if closing:
            return
        self._housing.house(kept)
        if rooms and kept is not None and not self._rooms.homeless():
            member.put_off()  # there was a spare, so all others are up, and it has them now
        else:
            self._housing.hurry()

    def worker_failed(self, member: Member, error: Exception) -> None:
        self._pool.failed(member, error)

    def worker_said(self, link: WorkerLink, event: ParticipantEvent | Heard | RoomEvent) -> None:
        """Pass it on to those it is about."""
        if isinstance(event, Heard):
            for room, participant, epoch, age in event.participants:
                if (session := self._find(link, room, participant, epoch)) is not None:
                    session.heard(age)
        elif isinstance(event, (SpeakersChanged, Samples)):
            found = self._rooms.get(event.router)
            if found is not None and found.member is not None and found.member.link is link:
                word = samples(found.member.name, event) if isinstance(event, Samples) else speakers(event)
                self._followers.tell(event.router, word)
        elif (session := self._find(link, event.router, event.participant, event.epoch)) is not None:
            session.hear(event)

    def _find(self, link: WorkerLink, room: str, participant: str, epoch: int) -> Session | None:
        # The key holds the epoch: what is late, for an admission that is over, finds nobody. And whoever has been
        # moved is on another link than the worker that has not heard of it.
        session = self._rooms.find(room, participant, epoch)
        if session is None or not session.is_on(link):
            self._events_dropped += 1
            return None
        return session

    def _open_process(self, number: int) -> AbstractAsyncContextManager[Worker]:
        return open_worker([*self._command, *self._settings.arguments(number)], stop=self._deadlines.stop)

    def _open_connection(self, address: str) -> AbstractAsyncContextManager[Worker]:
        assert self._access is not None, "loaded before any member is run"
        return open_remote(address, self._access, self._deadlines.connect)


def _describe(member: Member, carried: Candidate, spare: int | None) -> MemberStatistics:
    link = member.link
    return MemberStatistics(
        name=member.name,
        pid=None if link is None else link.pid,
        address=member.address,
        state="spare" if member.number == spare else member.state,
        port=member.port,
        rooms=carried.rooms,
        sessions=carried.sessions,
        packets_per_second=round(carried.packets, 1),
        restarts=max(0, member.lives - 1),
        rtt=None if link is None else link.rtt,
        stalls=0 if link is None or link.figures is None else link.figures.stalls,
    )
