"""Which room lives on which worker, and who is in it."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import trio

from media.bridge.link import WorkerLink
from media.bridge.member import Member
from media.bridge.session import Session


@attrs.define(eq=False)
class Room:
    """A room with at least one session. ``member`` is where it lives, None while there is no worker for it.

    ``since`` is when it came there.
    """

    name: str
    member: Member | None = None
    sessions: dict[tuple[str, str, int], Session] = attrs.field(factory=dict)
    since: float = attrs.field(factory=trio.current_time)

    def lose(self, refused_for: float = 0.0) -> None:
        """Live nowhere, and have everyone told, and if it is refused a worker for some seconds, that, too."""
        self.member = None
        for session in tuple(self.sessions.values()):
            session.lose(refused_for)

    def live_on(self, member: Member, link: WorkerLink) -> None:
        """Live on a worker from now on, and have everyone joined to it."""
        self.member = member
        self.since = trio.current_time()
        for session in tuple(self.sessions.values()):
            session.join(link)


class Rooms:
    """All rooms of a bridge. A room is there for as long as it has sessions."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    def get(self, name: str) -> Room | None:
        return self._rooms.get(name)

    def add(self, session: Session) -> Room:
        """Have a session in its room. Raises ValueError when it is there already."""
        name, participant, epoch = session.key
        room = self._rooms.get(name) or Room(name)
        if session.key in room.sessions:
            raise ValueError(f"participant {participant} of room {name} is attached already (epoch {epoch})")
        room.sessions[session.key] = session
        self._rooms[name] = room
        return room

    def remove(self, session: Session) -> None:
        """Have a session in it no longer."""
        room = self._rooms[session.key[0]]
        del room.sessions[session.key]
        if not room.sessions:
            del self._rooms[room.name]

    def find(self, room: str, participant: str, epoch: int) -> Session | None:
        found = self._rooms.get(room)
        return None if found is None else found.sessions.get((room, participant, epoch))

    def on(self, member: Member) -> list[Room]:
        """Those that live on a member."""
        return [room for room in self._rooms.values() if room.member is member]

    def homeless(self) -> list[Room]:
        """Those that live nowhere."""
        return [room for room in self._rooms.values() if room.member is None]

    @property
    def sessions(self) -> int:
        """The number of sessions in all rooms."""
        return sum(len(room.sessions) for room in self._rooms.values())
