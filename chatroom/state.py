"""What happens in a room, without I/O: commands and the time go in, events come out.

`RoomState` decides and remembers; `chatroom.room.Room` gives it lifetimes and tells the events to the people. Whoever
speaks is named by the epoch of their admission, so that words of an ended stay are never taken for those of a new one.
"""

from __future__ import annotations

from collections import deque

import attrs

from chatroom.errors import UserError
from chatroom.events import ChatSaid, ParticipantJoined, ParticipantLeft, ParticipantUpdated
from chatroom.limits import Limits
from chatroom.log import LogStatistics, RoomLog
from chatroom.model import Connection, LeaveReason, Message, Participant
from chatroom.names import message_text, person_name
from chatroom.screens import shared_screens


@attrs.frozen
class Snapshot:
    """A room at one moment: the events after it are those with a greater ``seq``."""

    seq: int
    participants: tuple[Participant, ...]
    messages: tuple[Message, ...]


@attrs.frozen
class RoomStatistics:
    """How much a room holds, and how many events there have been."""

    log: LogStatistics
    messages: int
    seq: int


class RoomState:
    """The truth about one room. Every method that changes something takes ``now``, in Unix seconds."""

    def __init__(self, name: str, limits: Limits, log: RoomLog | None = None) -> None:
        self.name = name
        #: Of this meeting and of those before it, if one was given.
        self.log = RoomLog(limits.log_records) if log is None else log
        self._limits = limits
        self._people: dict[int, Participant] = {}
        self._messages: deque[Message] = deque(maxlen=limits.messages)
        self._said = 0
        self._seq = 0

    def admit(
        self,
        id: str,
        epoch: int,
        name: str,
        microphone: bool,
        camera: bool,
        now: float,
        screens: tuple[int, ...] = (),
    ) -> ParticipantJoined:
        """Let someone in. Raises UserError (`invalid_name`, `room_full`, `too_many_tracks`)."""
        name = person_name(name)
        screens = shared_screens(screens, self._limits.screens)
        if len(self.log) >= self._limits.participants:
            raise UserError("room_full", f"This room is full: it holds {self._limits.participants} people.")
        self.log.joined(epoch, id, name, now)
        participant = self._people[epoch] = Participant(id, epoch, name, microphone, camera, now, screens=screens)
        return ParticipantJoined(self._next(), participant)

    def leave(self, epoch: int, reason: LeaveReason, now: float) -> ParticipantLeft | None:
        """Let someone go; None if that stay had already ended."""
        record = self.log.left(epoch, reason, now)
        if record is None:
            return None
        del self._people[epoch]
        return ParticipantLeft(self._next(), record.id, record.name, reason)

    def say(self, epoch: int, text: str, now: float) -> ChatSaid:
        """Write a chat message. Raises UserError (`invalid_text`, `not_joined`)."""
        author = self._present(epoch)
        text = message_text(text)
        self._said += 1
        message = Message(self._said, author.id, author.name, text, now)
        self._messages.append(message)
        return ChatSaid(self._next(), message)

    def update(
        self,
        epoch: int,
        microphone: bool | None = None,
        camera: bool | None = None,
        connection: Connection | None = None,
        screens: tuple[int, ...] | None = None,
    ) -> ParticipantUpdated | None:
        """Say what is on and off, and who is heard; None if that changes nothing.

        Raises UserError (`not_joined`, `too_many_tracks`).
        """
        before = self._present(epoch)
        after = attrs.evolve(
            before,
            microphone=before.microphone if microphone is None else microphone,
            camera=before.camera if camera is None else camera,
            connection=before.connection if connection is None else connection,
            screens=before.screens if screens is None else shared_screens(screens, self._limits.screens),
        )
        if after == before:
            return None
        self._people[epoch] = after
        return ParticipantUpdated(self._next(), after)

    def snapshot(self) -> Snapshot:
        return Snapshot(self._seq, tuple(self._people[epoch] for epoch in self.log.present), tuple(self._messages))

    def statistics(self) -> RoomStatistics:
        return RoomStatistics(self.log.statistics(), len(self._messages), self._seq)

    @property
    def reconnecting(self) -> int:
        """How many are not heard just now."""
        return sum(person.connection == "reconnecting" for person in self._people.values())

    def _present(self, epoch: int) -> Participant:
        if epoch not in self.log:
            raise UserError("not_joined", "You are not in this room.")
        return self._people[epoch]

    def _next(self) -> int:
        self._seq += 1
        return self._seq
