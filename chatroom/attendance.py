"""One stay of one person in one room: the task that is them while they are there.

Whatever ends a stay ends this task's scope: a closed tab, a lost connection, the room, the server, a bug. The leave is
said from that scope's exit, and nowhere else. Saying it is synchronous, so there is no checkpoint at which it could be
cancelled and nothing to shield: it happens exactly once, before anything that waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from chatroom import close_codes
from chatroom.commands import Answer, Chat, Command, Join, Leave, Pong, Publish, Update
from chatroom.errors import UserError
from chatroom.events import MediaLost as MediaLostNotice
from chatroom.events import MediaRestored as MediaRestoredNotice
from chatroom.events import Offer, Ok, Ping, Published
from chatroom.media import LegChanged, MediaEvent, MediaLost, MediaRestored, MediaSession, OfferMade
from chatroom.model import LeaveReason
from chatroom.session import Session
from chatroom.wire import encode

if TYPE_CHECKING:
    from chatroom.room import Room

#: Media commands of one page that wait for the worker. A page sends one and waits for its answer.
MEDIA_COMMANDS_WAITING = 16

_PING = encode(Ping())
_MEDIA_LOST = encode(MediaLostNotice("Pictures and sound were interrupted and are being restored."))
_MEDIA_RESTORED = encode(MediaRestoredNotice())

_log = structlog.stdlib.get_logger("chatroom.attendance")


class Attendance:
    """A participant's life. ``run`` is started in the room's nursery; `end` ends it from outside."""

    def __init__(self, room: Room, session: Session, join: Join, id: str) -> None:
        self.room = room
        self.session = session
        self.join = join
        self.id = id
        #: Drawn by the room when it admits.
        self.epoch = 0
        self._scope = trio.CancelScope()
        self._reason: LeaveReason | None = None
        self._put_media, self._get_media = trio.open_memory_channel[Publish | Answer](MEDIA_COMMANDS_WAITING)
        self._log = _log.bind(room=room.name, participant=id)

    async def run(self, *, task_status: trio.TaskStatus[Attendance] = trio.TASK_STATUS_IGNORED) -> None:
        """Be in the room until something ends it. Raises UserError, before anyone was told, if not let in."""
        self.room.admit(self)
        # Admitted is started: there is no checkpoint in between, so whoever lets us in learns of no half-way state.
        task_status.started(self)
        try:
            with self._scope:
                async with self.room.media.attach(self.room.name, self.id, self.epoch, self._tell) as media:
                    try:
                        await self._attend(media)
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

    async def _attend(self, media: MediaSession) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._negotiate, media, name=f"{trio.lowlevel.current_task().name}/legs")
            await self._listen()
            nursery.cancel_scope.cancel()

    async def _listen(self) -> None:
        """Carry out commands until there are no more, asking for a sign of life when it is silent."""
        limits = self.room.limits
        while True:
            with trio.move_on_after(limits.ping_after) as silence:
                try:
                    command = await self.session.receive()
                except trio.EndOfChannel:
                    return
            if not silence.cancelled_caught:
                self._carry_out(command)
            elif self.session.silence() >= limits.silence:
                self.end("connection_lost", close_codes.SILENT, "Nothing was heard from this page.")
            else:
                self.session.post(_PING)

    def _carry_out(self, command: Command) -> None:
        try:
            match command:
                case Chat():
                    self.room.say(self, command.text)
                case Update():
                    self.room.update(self, command.microphone, command.camera)
                case Publish() | Answer():
                    # Those wait for the worker, and chat must not wait behind them.
                    self._put_media.send_nowait(command)
                    return
                case Leave():
                    self.end("left", close_codes.NORMAL, "You left.")
                    return
                case Join():
                    raise UserError("already_joined", "You are in a room already.")
                case Pong():
                    return
            if command.ref is not None:
                self.session.post(encode(Ok(command.ref)))
        except UserError as error:
            self.session.refuse(command.ref, error)
        except trio.WouldBlock:
            self.session.refuse(command.ref, UserError("busy", "Too many media commands are waiting."))

    async def _negotiate(self, media: MediaSession) -> None:
        """Carry the page's words for its legs to the media plane, one at a time and in order."""
        async for command in self._get_media:
            try:
                if isinstance(command, Publish):
                    sdp = await media.publish(command.sdp, command.tracks)
                    self.session.post(encode(Published(command.ref, sdp)))
                else:
                    await media.accept(command.offer, command.sdp)
                    if command.ref is not None:
                        self.session.post(encode(Ok(command.ref)))
            except UserError as error:
                self._log.info("media refused", command=command.type, code=error.code, message=error.message)
                self.session.refuse(command.ref, error)

    def _tell(self, event: MediaEvent) -> None:
        """Tell the page what the media plane says of its legs."""
        match event:
            case OfferMade(offer, sdp, tracks):
                self.session.post(encode(Offer(offer, sdp, tracks)))
            case MediaLost():
                self.session.post(_MEDIA_LOST)
            case MediaRestored():
                self.session.post(_MEDIA_RESTORED)
            case LegChanged(leg, state):
                self._log.info("leg changed", leg=leg, state=state)

    def _leave(self) -> None:
        """Say the leave; only the first call says anything."""
        closing = self.session.closing
        reason = self._reason or (closing.reason if closing is not None else self.room.closing_reason)
        if reason == "failed":
            self.session.close(close_codes.BUG, "Something went wrong on the server.", reason=reason)
        else:
            self.session.close(close_codes.GOING_AWAY, "The room was closed.", reason=reason)
        self.room.dismiss(self, reason)
