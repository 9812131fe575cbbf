"""The rooms of a server: one appears with the first to come and vanishes some time after the last has gone."""

from __future__ import annotations

import itertools
import secrets
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager

import attrs
import trio
from trio_util import wait_any

from chatroom import close_codes
from chatroom.attendance import Attendance
from chatroom.commands import Join, Resume
from chatroom.errors import UserError
from chatroom.happenings import Happening, RoomEnded, RoomStarted, StayBegan, StayEnded, Watch
from chatroom.ice_servers import IceServers
from chatroom.limits import Limits
from chatroom.log import RoomLog
from chatroom.media import Media
from chatroom.model import LeaveReason
from chatroom.names import person_name, room_name
from chatroom.quality.port import Quality
from chatroom.room import HereAlready, Room
from chatroom.session import Session
from chatroom.tracing import Tracer
from nurseries import ChildSpec, Supervisor, open_supervisor, provide_facts

#: Characters of a join's key: as many as cannot be guessed.
MIN_KEY, MAX_KEY = 16, 64


@attrs.frozen
class DirectoryStatistics:
    """How many there are now, and how many stays there have been."""

    rooms: int
    participants: int
    admissions: int
    #: of the participants, those who are not heard just now
    reconnecting: int = 0
    #: how many stays have ended, by their reasons
    left: Mapping[LeaveReason, int] = attrs.field(factory=dict)


class Directory:
    """The rooms by their names.

    ``clock`` returns Unix seconds, ``new_id`` an id that was never used before, ``new_token`` what nobody can guess.
    """

    def __init__(
        self,
        *,
        media: Media,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(24),
        ice_servers: IceServers | None = None,
        quality: Quality | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._media = media
        self._clock = clock
        self._new_id = new_id
        self._new_token = new_token
        self._ice_servers = ice_servers
        self._quality = quality
        self._epochs = itertools.count(1)
        self._rooms: dict[str, Room] = {}
        #: Of the rooms that are here and of the last that were, in order of their last opening.
        self._logs: dict[str, RoomLog] = {}
        self._opened = itertools.count(1)
        self._supervisor: Supervisor
        self._stopping: str | None = None
        self._admissions = 0
        self._left = Counter[LeaveReason]()
        #: When the rooms that somebody has been in had their first.
        self._started: dict[str, float] = {}
        self._watchers: list[Watch] = []
        self.tracer = Tracer(self.rooms, clock, quality.tap if quality is not None else None)

    async def run(self, *, task_status: trio.TaskStatus[Directory] = trio.TASK_STATUS_IGNORED) -> None:
        """Be where the rooms live, until cancelled."""
        under, _, name = trio.lowlevel.current_task().name.rpartition("/")  # this task is the supervisor
        provide_facts("rooms", self.statistics)
        async with open_supervisor(name, under=under) as self._supervisor:
            task_status.started(self)
            await trio.sleep_forever()

    async def join(self, session: Session, join: Join) -> Attendance:
        """Let someone into a room, which is made if it is not there. Raises UserError.

        Where the same was said before, on a socket that was lost before the answer came, they are in it already, and
        this returns the stay that there is.
        """
        name = room_name(join.room)
        person_name(join.name)  # before a room is made for it
        if join.key is not None and not MIN_KEY <= len(join.key) <= MAX_KEY:
            raise UserError("invalid_command", f"“key” has {MIN_KEY} to {MAX_KEY} characters.")
        while True:
            room = self._rooms.get(name)
            if room is not None and (attendance := room.rejoin(session, join)) is not None:
                return attendance
            if room is None:
                if self._stopping is not None:
                    raise UserError("server_stopping", self._stopping)
                room = await self._open(name)
            try:
                attendance = await room.enter(session, join, self._new_id())
            except HereAlready:
                continue
            if attendance is not None:
                self._admissions += 1
                return attendance
            # The room ended while we stood at its door: the next look finds another, or makes one. Not before all have
            # left, for both have the same log; but what they still have to tell the media plane is not waited for.
            await room.empty()
            self._forget(room)

    def resume(self, session: Session, command: Resume) -> None:
        """Have ``session`` speak for someone who is in a room. Raises UserError (`invalid_room`, `unknown_token`)."""
        room = self._rooms.get(room_name(command.room))
        if room is None:
            raise UserError("unknown_token", "You are no longer in this room.")
        room.resume(session, command)

    @contextmanager
    def watch(self, watch: Watch) -> Generator[None]:
        """Have ``watch`` told of rooms and stays for as long as the context lasts."""
        self._watchers.append(watch)
        try:
            yield
        finally:
            self._watchers.remove(watch)

    def rooms(self) -> Iterator[Room]:
        """Those that are here."""
        yield from list(self._rooms.values())

    def find(self, name: str) -> Room | None:
        return self._rooms.get(name)

    def log(self, name: str) -> RoomLog | None:
        """The log of a room that is here, or was not long ago."""
        return self._logs.get(name)

    async def emptied(self, message: str, *, within: float, unless: trio.Event) -> None:
        """Open no room any more, and wait until all have left, for so many seconds, unless ``unless`` is set."""
        self._stopping = message
        with trio.move_on_after(within):
            await wait_any(self._empty, unless.wait)

    async def drain(self, message: str) -> None:
        """Take nobody in any more, tell everyone why, and return when all have left."""
        self._stopping = message
        for room in list(self._rooms.values()):
            room.end_all("server_stopping", close_codes.GOING_AWAY, message)
        await self._empty()

    async def _empty(self) -> None:
        while occupied := [room for room in self._rooms.values() if room.occupied]:  # one may fill while others empty
            await occupied[0].empty()

    def statistics(self) -> DirectoryStatistics:
        people = sum(room.statistics().log.present for room in self._rooms.values())
        reconnecting = sum(room.state.reconnecting for room in self._rooms.values())
        return DirectoryStatistics(len(self._rooms), people, self._admissions, reconnecting, dict(self._left))

    async def _open(self, name: str) -> Room:
        if len(self._rooms) >= self.limits.rooms and not self._evict():
            raise UserError("too_many_rooms", "This server has no place for another room just now.")
        log = self._logs.pop(name, None)
        if log is None:
            log = RoomLog(self.limits.log_records)
        self._logs[name] = log
        room = self._rooms[name] = Room(
            name,
            media=self._media,
            limits=self.limits,
            clock=self._clock,
            epochs=self._epochs,
            new_token=self._new_token,
            log=log,
            ice_servers=self._ice_servers,
            trace_of=self.tracer.of,
            watch=self._happened,
            quality=self._quality,
        )
        while len(self._logs) > self.limits.rooms:  # of which at least one belongs to no room
            del self._logs[next(name for name in self._logs if name not in self._rooms)]

        async def live(*, task_status: trio.TaskStatus[None]) -> None:  # noqa: ASYNC128 - the room says started
            try:
                await room.run(task_status=task_status)
            finally:
                self._forget(room)

        try:
            # Numbered, because the last room of this name may not be quite gone.
            await self._supervisor.start(ChildSpec(f"room:{name}#{next(self._opened)}", live, restart="temporary"))
        except BaseException:
            # Cancelled, perhaps before the room's first step: whoever waits at its door must not wait for ever.
            room.abandon()
            self._forget(room)
            raise
        return room

    def _evict(self) -> bool:
        """Make space by ending the room that has been vacant for longest; False if there is none."""
        vacant = [(since, room) for room in self._rooms.values() if (since := room.vacant_since) is not None]
        if not vacant:
            return False
        _, room = min(vacant, key=lambda each: each[0])
        room.evict()
        self._forget(room)
        return True

    def _forget(self, room: Room) -> None:
        if self._rooms.get(room.name) is room:
            del self._rooms[room.name]
            started_at = self._started.pop(room.name, None)
            if started_at is not None:
                self._tell(RoomEnded(room.name, self._clock(), started_at))

    def _happened(self, happening: Happening) -> None:
        if isinstance(happening, StayBegan) and happening.room not in self._started:
            self._started[happening.room] = happening.at
            self._tell(RoomStarted(happening.room, happening.at))
        if isinstance(happening, StayEnded):
            self._left[happening.reason] += 1
        self._tell(happening)

    def _tell(self, happening: Happening) -> None:
        for watch in self._watchers:
            watch(happening)
