"""A room: the task that owns its state, and the nursery its participants live in.

The state is changed by plain calls, each of which applies a command and posts its events before anything else can run:
Trio switches tasks only at checkpoints, and there is none in between. That is what an inbox and a task reading it would
give, without the inbox: nothing to bound, nothing to overflow, no leave that is still in a queue when its room ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import structlog
import trio
from trio_util import AsyncValue

from chatroom import close_codes
from chatroom.attendance import Attendance, AttendanceStatistics
from chatroom.commands import Join, Resume
from chatroom.errors import UserError
from chatroom.events import IceServersRenewed, Joined, Resumed, RoomEvent
from chatroom.frame import Frame
from chatroom.happenings import StayBegan, StayEnded, Watch
from chatroom.history import History
from chatroom.ice_servers import IceServer, IceServers
from chatroom.limits import Limits
from chatroom.log import RoomLog
from chatroom.media import Media
from chatroom.model import Connection, LeaveReason, Participant
from chatroom.noticeboard import Noticeboard
from chatroom.problems import Direction
from chatroom.quality.inputs import Came, Changed, Went
from chatroom.quality.port import NoQuality, Quality
from chatroom.screens import shared_screens
from chatroom.session import Session
from chatroom.state import RoomState, RoomStatistics
from chatroom.tracing import Trace
from chatroom.wire import encode
from nurseries import provide_facts

_log = structlog.stdlib.get_logger("chatroom.room")


class HereAlready(Exception):
    """The same join, said on another socket, was let in first."""


class _Ended(Exception):
    """Whoever comes now comes to another room of this name."""


class Room:
    """One room while it lives. ``clock`` returns Unix seconds, ``epochs`` are shared by all rooms."""

    def __init__(
        self,
        name: str,
        *,
        media: Media,
        limits: Limits,
        clock: Callable[[], float],
        epochs: Iterator[int],
        new_token: Callable[[], str],
        log: RoomLog | None = None,
        ice_servers: IceServers | None = None,
        watch: Watch = lambda _: None,
        quality: Quality | None = None,
        trace_of: Callable[[Mapping[str, Any]], Trace | None] = lambda _: None,
    ) -> None:
        self.name = name
        self.media = media
        self.limits = limits
        self.state = RoomState(name, limits, log)
        #: Why those leave whom the end of the room's nursery takes with it: nothing but the server's end does that.
        self.closing_reason: LeaveReason = "server_stopping"
        #: Why nobody is let in any more.
        self._closing: UserError | _Ended | None = None
        self._path = name
        #: Who is told how calls are, and tells what is wrong.
        self.quality = quality or NoQuality()
        #: What the session of a stay tells what passes, by the stay's ``about``.
        self.trace_of = trace_of
        self._notices = Noticeboard(self)
        self._ice_servers = ice_servers or IceServers()
        self._clock = clock
        self._watch = watch
        self._epochs = epochs
        self._new_token = new_token
        self._attendances: dict[int, Attendance] = {}
        #: Those who are here, by what proves it.
        self._tokens: dict[str, Attendance] = {}
        #: The same, by the keys that they joined with.
        self._keys: dict[str, Attendance] = {}
        #: The tokens of the last who were removed, some of them while they had no socket to be told on.
        self._removed: deque[str] = deque(maxlen=limits.participants)
        # Half of what a page may have waiting, so that nobody is closed for having missed much.
        self._history = History(limits.outbox_frames // 2, limits.outbox_bytes // 2)
        # People here and people on their way in; the room ends when there was nobody for a while.
        self._occupants = AsyncValue(0)
        # Not vacant before the first has come: whoever it was opened for is on the way.
        self._vacant_since: float | None = None
        self._lingering = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._ready = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until nobody was here for ``limits.room_linger`` seconds."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                self._path = trio.lowlevel.current_task().name
                provide_facts("room", self.statistics)
                self._ready.set()
                task_status.started(None)
                try:
                    with (
                        self.quality.follow(self.name, lambda: self.participants, self._notices.show),
                        self.media.follow(self.name, self._notices.hear),
                        self._lingering,
                    ):
                        await self._occupants.wait_value(0, held_for=self.limits.room_linger)
                        while self._occupants.value:  # somebody came in the moment in which the time was up
                            await self._occupants.wait_value(0, held_for=self.limits.room_linger)
                except Exception:
                    self.closing_reason = "failed"
                    raise
                # Nobody is here or at the door, and there is no checkpoint before the door is shut.
                self._nursery = None
        finally:
            self.abandon()

    @property
    def vacant_since(self) -> float | None:
        """When the last one left, in seconds of Trio's clock; None while anyone is here, at the door, or on the way."""
        return self._vacant_since if self._occupants.value == 0 else None

    def evict(self) -> None:
        """End now and not after a while, for want of space. Only for a vacant room."""
        self.abandon()
        self._lingering.cancel()

    def abandon(self) -> None:
        """Let nobody in any more. Those who wait at the door find another room."""
        self._nursery = None
        self._ready.set()

    @property
    def occupied(self) -> bool:
        """Whether anyone is here or at the door."""
        return bool(self._occupants.value)

    async def empty(self) -> None:
        """Wait until nobody is here or at the door."""
        await self._occupants.wait_value(0)

    async def enter(self, session: Session, join: Join, id: str) -> Attendance | None:
        """Let someone in and return their stay, which lives in this room from now on; None if the room has ended.

        Raises UserError if they are not let in, and HereAlready.
        """
        self._occupants.value += 1
        try:
            await self._ready.wait()
            if self._nursery is None:
                return None
            attendance = Attendance(self, session, join, id, self._new_token())
            await self._nursery.start(attendance.run, name=f"{self._path}/participant:{id}")
            return attendance
        except _Ended:
            return None
        finally:
            self._occupants.value -= 1

    def admit(self, attendance: Attendance) -> None:
        """Begin a stay: the others are told, and the newcomer gets the snapshot. Raises UserError, HereAlready.

        The epoch is drawn here and not at the door, so that epochs grow in the order of admission.
        """
        if self._closing is not None:
            raise self._closing
        join = attendance.join
        if self._joined_with(join.key) is not None:
            raise HereAlready
        attendance.epoch = next(self._epochs)
        event = self.state.admit(
            attendance.id, attendance.epoch, join.name, join.microphone, join.camera, self._clock(), join.screens
        )
        attendance.session.trace = self.trace_of(attendance.about)
        self._tell(event)
        self._attendances[attendance.epoch] = attendance
        self._tokens[attendance.token] = attendance
        if join.key is not None:
            self._keys[join.key] = attendance
        self._occupants.value += 1
        attendance.session.post(encode(self._snapshot(attendance, join.ref)))
        self._notices.tell(attendance)
        self.quality.post(Came(self.name, event.participant))
        _log.info("joined", **attendance.about)
        person = event.participant
        attendance.joined_at = person.joined_at
        self._watch(StayBegan(self.name, person.id, person.epoch, person.name, person.joined_at))

    def resume(self, session: Session, command: Resume) -> None:
        """Have ``session`` speak for someone who is here.

        Raises UserError (`unknown_token`, `removed`, `too_many_tracks`).
        """
        if command.token in self._removed:
            raise UserError("removed", "You were removed from the room.")
        attendance = self._tokens.get(command.token)
        if attendance is None or attendance.ending:
            raise UserError("unknown_token", "You are no longer in this room.")
        shared_screens(command.screens, self.limits.screens)  # or it is refused before anything has changed
        attendance.resume(session, command)

    def rejoin(self, session: Session, join: Join) -> Attendance | None:
        """Have ``session`` speak for someone whom the same join has let in already; None if there is nobody.

        Raises UserError.
        """
        attendance = self._joined_with(join.key)
        if attendance is not None:
            shared_screens(join.screens, self.limits.screens)
            attendance.resume(
                session,
                Resume(
                    room=join.room,
                    token=attendance.token,
                    seq=0,
                    microphone=join.microphone,
                    camera=join.camera,
                    screens=join.screens,
                    ref=join.ref,
                ),
            )
        return attendance

    def catch_up(self, attendance: Attendance, command: Resume) -> None:
        """Tell a page that came back what it missed, and the others what it says of itself."""
        missed = None if command.seq == 0 else self._history.after(command.seq)
        if missed is None:
            attendance.session.post(encode(self._snapshot(attendance, command.ref)))
        else:
            attendance.session.post(
                encode(
                    Resumed(
                        command.ref,
                        self.state.statistics().seq,
                        self.media.available,
                        attendance.legs.media_session,
                        self._ice_servers_of(attendance),
                    )
                )
            )
            for frame in missed:
                attendance.session.post(frame)
        self._notices.tell(attendance)
        self.update(
            attendance,
            microphone=command.microphone,
            camera=command.camera,
            screens=command.screens,
            connection="present",
        )

    def dismiss(self, attendance: Attendance, reason: LeaveReason) -> None:
        """End a stay: the others are told. Only the first call for a stay does anything."""
        now = self._clock()
        event = self.state.leave(attendance.epoch, reason, now)
        if event is None:
            return
        del self._attendances[attendance.epoch]
        del self._tokens[attendance.token]
        if (key := attendance.join.key) is not None and self._keys.get(key) is attendance:
            del self._keys[key]
        self._occupants.value -= 1
        self._vacant_since = trio.current_time()
        self._notices.forget(attendance.id)
        self._tell(event)
        self.quality.post(Went(self.name, attendance.id, attendance.epoch, reason))
        _log.info("left", **attendance.about, reason=reason)
        self._watch(StayEnded(self.name, event.id, attendance.epoch, event.name, now, attendance.joined_at, reason))

    def say(self, attendance: Attendance, text: str) -> None:
        """Write in the chat. Raises UserError."""
        self._tell(self.state.say(attendance.epoch, text, self._clock()))

    def update(
        self,
        attendance: Attendance,
        *,
        microphone: bool | None = None,
        camera: bool | None = None,
        screens: tuple[int, ...] | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Say what is on and off, and who is heard. Raises UserError."""
        event = self.state.update(attendance.epoch, microphone, camera, connection, screens)
        if event is not None:
            self._tell(event)
            self.quality.post(Changed(self.name, event.participant))

    def kick(self, id: str, message: str = "You were removed from the room.") -> bool:
        """End the stay of a participant; False if there is none of that id."""
        for attendance in list(self._attendances.values()):
            if attendance.id == id:
                self._removed.append(attendance.token)
                attendance.end("kicked", close_codes.REMOVED, message)
                return True
        return False

    def close(self, message: str = "The room was closed.") -> None:
        """End every stay, and then the room. Whoever comes from now on opens another one."""
        self.end_all("room_closed", close_codes.ROOM_CLOSED, message)
        self._closing = _Ended()
        self.abandon()
        self._lingering.cancel()

    def end_all(self, reason: LeaveReason, code: int, message: str) -> None:
        """End every stay, and let nobody in any more."""
        self.closing_reason = reason
        self._closing = UserError(reason, message)
        for attendance in list(self._attendances.values()):
            attendance.end(reason, code, message)

    def post_to_all(self, frame: Frame) -> None:
        """Send one frame to everyone here."""
        for attendance in self._attendances.values():  # nothing that a post does takes anyone out of it
            attendance.session.post(frame)

    def statistics(self) -> RoomStatistics:
        return self.state.statistics()

    def slow(self, participant: str, direction: Direction) -> bool:
        """Whether a participant's connection was found to be slow, in that direction."""
        return self._notices.slow(participant, direction)

    def find(self, id: str) -> Attendance | None:
        """The stay of a participant who is here."""
        return next((each for each in self._attendances.values() if each.id == id), None)

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Those who are here, in order of joining."""
        return self.state.snapshot().participants

    def present(self) -> Collection[Attendance]:
        """The stays of those who are here, in order of joining."""
        return self._attendances.values()

    def attendances(self) -> list[AttendanceStatistics]:
        """Those who are here, in order of joining."""
        return [attendance.statistics() for attendance in self._attendances.values()]

    def _joined_with(self, key: str | None) -> Attendance | None:
        attendance = None if key is None else self._keys.get(key)
        return None if attendance is None or attendance.ending else attendance

    def _tell(self, event: RoomEvent) -> None:
        """Broadcast: encoded once, posted to each without waiting for any."""
        frame = encode(event)
        self._history.append(event.seq, frame)
        self.post_to_all(frame)

    def _snapshot(self, attendance: Attendance, ref: str | None) -> Joined:
        snapshot = self.state.snapshot()
        return Joined(
            ref=ref,
            seq=snapshot.seq,
            room=self.name,
            you=attendance.id,
            participants=snapshot.participants,
            messages=snapshot.messages,
            media=self.media.available,
            media_port=self.media.port_of(self.name),
            media_session=attendance.legs.media_session,
            token=attendance.token,
            heartbeat=self.limits.ping_after,
            ice_servers=self._ice_servers_of(attendance),
            screens=self.limits.screens,
        )

    def renew_ice_servers(self, attendance: Attendance) -> None:
        """Tell a page new credentials before those that it has expire."""
        attendance.session.post(encode(IceServersRenewed(self._ice_servers_of(attendance))))

    def _ice_servers_of(self, attendance: Attendance) -> tuple[IceServer, ...]:
        attendance.ice_servers_due = trio.current_time() + self._ice_servers.renewed_after
        return self._ice_servers.for_participant(attendance.id, self._clock())
