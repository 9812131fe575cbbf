"""One stay of one person in one room: the task that is them while they are there.

A stay outlives its sockets. Its lease says who is still there (`chatroom.lease`); a page whose socket was lost comes
back on another, and is the same participant. Only the socket that came last speaks for them: what another says, or is
answered, is nobody's.

Whatever ends a stay ends this task's scope: a closed tab, a lease that ran out, the room, the server, a bug. The leave
is said from that scope's exit, and nowhere else. Saying it is synchronous, so there is no checkpoint at which it could
be cancelled and nothing to shield: it happens exactly once, before anything that waits.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

import attrs
import structlog
import trio

from chatroom import close_codes
from chatroom.commands import (
    Answer,
    Chat,
    Command,
    Join,
    Layout,
    Leave,
    Ping,
    Pong,
    Publish,
    Report,
    Restart,
    Resume,
    Update,
)
from chatroom.errors import UserError
from chatroom.events import Ok, ReportWanted
from chatroom.events import Ping as PingNotice
from chatroom.heartbeat import Heartbeat
from chatroom.lease import Lease
from chatroom.lease import State as LeaseState
from chatroom.legs import Legs, LegsStatistics
from chatroom.media import Heard, LegChanged, MediaEvent, MediaLost, MediaRestored, VideoPaused, VideoResumed
from chatroom.model import LeaveReason
from chatroom.quality.inputs import MediaSaid, Reported
from chatroom.reports import MAX_PLAYING
from chatroom.screens import check_published
from chatroom.session import Session, SessionStatistics
from chatroom.wire import encode
from nurseries import provide_facts

if TYPE_CHECKING:
    from chatroom.room import Room

#: Seconds by which we may look too late before that is our fault, and seconds more to hear what came meanwhile.
#: A machine that was stopped for a while must not take everybody for lost, whose words wait in its buffers.
STALL = 1.0
HEARING = 2.0

#: Seconds for which nobody needs another report of the same page.
REPORT_AGE = 1.0

_REPORT_WANTED = encode(ReportWanted())

_log = structlog.stdlib.get_logger("chatroom.attendance")


@attrs.frozen
class AttendanceStatistics:
    """One stay as it is now. ``rtt`` is in seconds; ``sockets`` counts those that spoke for it, one after the other.

    ``silent`` is for how many seconds nothing has come on its socket.
    """

    id: str
    epoch: int
    lease: LeaseState
    sockets: int
    rtt: float | None
    name: str
    silent: float
    session: SessionStatistics
    legs: LegsStatistics


class Attendance:
    """A participant's life. ``run`` is started in the room's nursery; `end` ends it from outside."""

    def __init__(self, room: Room, session: Session, join: Join, id: str, token: str) -> None:
        self.room = room
        #: The one that speaks for this participant.
        self.session = session
        self.join = join
        self.id = id
        self.token = token
        #: When the page needs new credentials for ICE servers, in seconds of Trio's clock.
        self.ice_servers_due = inf
        #: What the page said last of itself, and when, in seconds of Trio's clock.
        self.report: Report | None = None
        self.reported_at = -inf
        #: Those who wait for the next report.
        self._reports = trio.lowlevel.ParkingLot()
        #: Drawn by the room when it admits.
        self.epoch = 0
        #: Written there, too, in Unix seconds.
        self.joined_at = 0.0
        self.legs = Legs(room.name, id)
        now = trio.current_time()
        self._lease = Lease(room.limits.terms, now)
        self._heartbeat = Heartbeat(room.limits.ping_after, now)
        self._sockets = 1
        #: Whether the socket is lost, and another is waited for.
        self._lost = False
        self._scope = trio.CancelScope()
        #: Around each wait of `_listen`: cancelled when there is something else to wait for.
        self._wait = trio.CancelScope()
        self._reason: LeaveReason | None = None
        self._errand: Callable[[], object] | None = None
        self._log = _log.bind(room=room.name, participant=id)

    @property
    def ending(self) -> bool:
        """Whether it was decided that this stay ends, though the leave may not have been said."""
        return self._reason is not None

    async def run(self, *, task_status: trio.TaskStatus[Attendance] = trio.TASK_STATUS_IGNORED) -> None:
        """Be in the room until something ends it. Raises UserError, before anyone was told, if not let in."""
        self.room.admit(self)
        self._log = self._log.bind(epoch=self.epoch)
        self.legs.log = self.legs.log.bind(epoch=self.epoch)
        self.session.about = self.about
        # Admitted is started: there is no checkpoint in between, so whoever lets us in learns of no half-way state.
        task_status.started(self)
        self.legs.session = self.session
        provide_facts("stay", self.statistics)
        try:
            with self._scope:
                async with self.room.media.attach(self.room.name, self.id, self.epoch, self._tell) as media:
                    try:
                        async with trio.open_nursery() as nursery:
                            path = trio.lowlevel.current_task().name
                            nursery.start_soon(self.legs.negotiate, media, name=f"{path}/legs")
                            await self._listen()
                            nursery.cancel_scope.cancel()
                    except* Exception:
                        self._reason = "failed"
                        raise
                    finally:
                        # Here rather than only below: leaving the media plane waits for the worker.
                        self._leave()
        except* Exception:  # noqa: BLE001
            # The boundary of a participant: a bug in one stay ends that stay and is said, and the room lives.
            self._reason = self._reason or "failed"
            self._log.exception("participant failed", task=trio.lowlevel.current_task().name)
        finally:
            self._leave()

    def end(self, reason: LeaveReason, code: int, message: str) -> None:
        """End this stay now: the page is told by ``code`` and ``message``, the others by ``reason``."""
        if self._reason is None:
            self._reason = reason
        self.session.close(code, message, reason=reason)
        self._scope.cancel()

    def send_on(self, errand: Callable[[], object]) -> None:
        """Have the task of this stay do something, soon. What it raises ends the stay, as any other bug does."""
        self._errand = errand
        self._wait.cancel()

    def resume(self, session: Session, command: Resume) -> None:
        """Have another socket speak for this participant from now on; the last one is told so and heard no more."""
        now = trio.current_time()
        self.session.close(close_codes.REPLACED, "Another tab is in this call for you now.", discard=True)
        self.session = self.legs.session = session
        session.about = self.about
        session.trace = self.room.trace_of(self.about)
        self._lost = False
        self._sockets += 1
        self._lease.resumed(now)
        self._lease.look(now)
        self._heartbeat = Heartbeat(self.room.limits.ping_after, now)
        self._wait.cancel()
        self.room.catch_up(self, command)
        self.legs.repeat()
        self._log.info("resumed", sockets=self._sockets)

    @property
    def about(self) -> dict[str, Any]:
        """What each line of the log about this stay says."""
        return {"room": self.room.name, "participant": self.id, "epoch": self.epoch}

    async def ask_report(self, within: float) -> None:
        """Have the page report, and wait for it for at most so many seconds; not if it did less than a second ago."""
        if trio.current_time() - self.reported_at < REPORT_AGE:
            return
        if self.session.post(_REPORT_WANTED):
            with trio.move_on_after(within):
                await self._reports.park()

    def statistics(self) -> AttendanceStatistics:
        return AttendanceStatistics(
            id=self.id,
            epoch=self.epoch,
            lease=self._lease.state,
            sockets=self._sockets,
            rtt=self._heartbeat.rtt,
            name=self.join.name,
            silent=trio.current_time() - self.session.heard_at,
            session=self.session.statistics(),
            legs=self.legs.statistics(),
        )

    async def _listen(self) -> None:
        """Carry out commands, of one socket after the other, until somebody leaves or the lease ends."""
        while True:
            session = self.session
            self._look()
            errand, self._errand = self._errand, None
            if errand is not None:
                errand()
            with trio.CancelScope(deadline=self._due()) as self._wait:
                if self._lost:
                    await trio.sleep_forever()
                try:
                    command = await session.receive()
                except trio.EndOfChannel:
                    if session is self.session:
                        assert session.closing is not None, "commands end when the session is closing"
                        if not session.closing.lost:
                            # Said here, or another socket could still resume while the legs are waited for.
                            self._reason = self._reason or session.closing.reason
                            return
                        self._lose()
                    continue
            if not self._wait.cancelled_caught and session is self.session:
                self._carry_out(command)

    def _due(self) -> float:
        return self._lease.due if self._lost else min(self._lease.due, self._heartbeat.due, self.ice_servers_due)

    def _lose(self) -> None:
        """The socket ended without a word: another may come."""
        self._lost = True
        self._lease.socket_heard(self.session.heard_at)  # not all that is heard wakes us
        self._lease.socket_lost(trio.current_time())
        self._log.info("socket lost")

    def _look(self) -> None:
        """See what the witnesses say now: tell the others of a change, ask the page if it is silent."""
        now = trio.current_time()
        if (late := now - self._wait.deadline) > STALL:
            self._wait.deadline = inf  # excused once
            self._lease.excuse(late, until=now + HEARING)
            self._log.warning("looked too late for who is there", seconds=round(late, 1))
        if not self._lost:
            self._lease.socket_heard(self.session.heard_at)
            self._heartbeat.heard(self.session.heard_at)
        before = self._lease.state
        match self._lease.look(now):
            case "left":
                self.end("connection_lost", close_codes.SILENT, "Nothing was heard from this page for too long.")
            case state if state != before:
                self.room.update(self, connection=state)
        if not self._lost and now >= self._heartbeat.due:
            self.session.post(encode(PingNotice(self._heartbeat.ping(now), self._heartbeat.rtt)))
        if not self._lost and now >= self.ice_servers_due:
            self.room.renew_ice_servers(self)

    def _tell(self, event: MediaEvent) -> None:
        """Take what the media plane says."""
        if isinstance(event, Heard):
            self._media_heard(event.age)
        else:
            if self.session.trace is not None:
                self.session.trace("media", event)
            self.legs.tell(event)
            if isinstance(event, (LegChanged, MediaLost, MediaRestored, VideoPaused, VideoResumed)):
                self.room.quality.post(MediaSaid(self.room.name, self.id, self.epoch, event))

    def _media_heard(self, age: float) -> None:
        if self._reason is not None:
            return
        self._lease.media_heard(trio.current_time() - age)
        if self._lease.state == "reconnecting":
            self._look()
        self._wait.deadline = self._due()

    def _carry_out(self, command: Command) -> None:
        if self.session.trace is not None:
            self.session.trace("command", command)
        try:
            match command:
                case Chat():
                    self.room.say(self, command.text)
                case Update():
                    self.room.update(
                        self, microphone=command.microphone, camera=command.camera, screens=command.screens
                    )
                case Publish() | Answer() | Restart() | Layout():
                    if isinstance(command, Publish):
                        check_published(command.tracks.values(), self.room.limits.screens)
                    self.legs.submit(command)
                    return
                case Report():
                    if len(command.playing) > MAX_PLAYING:
                        raise UserError("invalid_command", f"At most {MAX_PLAYING} are played.")
                    self.report, self.reported_at = command, trio.current_time()
                    self._reports.unpark_all()
                    self.room.quality.post(Reported(self.room.name, self.id, self.epoch, command))
                case Leave():
                    self.end("left", close_codes.NORMAL, "You left.")
                    return
                case Join() | Resume():
                    raise UserError("already_joined", "You are in a room already.")
                case Pong():
                    self._heartbeat.pong(command.n, trio.current_time())
                    return
                case Ping():
                    pass
            if command.ref is not None:
                self.session.post(encode(Ok(command.ref)))
        except UserError as error:
            self.session.refuse(command.ref, error)

    def _leave(self) -> None:
        """Say the leave; only the first call says anything."""
        closing = self.session.closing
        reason = self._reason or (closing.reason if closing is not None else self.room.closing_reason)
        self._reason = reason
        if reason == "failed":
            self.session.close(close_codes.BUG, "Something went wrong on the server.", reason=reason)
        else:
            self.session.close(close_codes.GOING_AWAY, "The room was closed.", reason=reason)
        self.room.dismiss(self, reason)
