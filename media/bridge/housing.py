"""Where the rooms of a bridge live: `media.bridge.placement` and `media.bridge.quarantine`, of what there is."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NoReturn

import attrs
import trio

from media.bridge import placement
from media.bridge.link import Loss
from media.bridge.member import Member
from media.bridge.placement import Candidate
from media.bridge.quarantine import Quarantine
from media.bridge.rooms import Room, Rooms
from media.serving import mark

#: Seconds for which a room must have been on a worker for that to have died of it: it is told of the room first.
MOMENT = 0.005

_log = logging.getLogger("media.bridge")


class Housing:
    """Gives rooms workers. As many as ``wanted`` are to have rooms; if there is one more, it is the spare."""

    def __init__(self, members: Sequence[Member], wanted: int, rooms: Rooms) -> None:
        self._members = members
        self._wanted = wanted
        self._rooms = rooms
        self.quarantine = Quarantine()
        #: Around the wait of `readmit`.
        self._wait = trio.CancelScope()

    def place(self, room: str) -> Member | None:
        """Say where a room goes that lives nowhere; None if there is no place for it now, and the next is to hurry."""
        standing = self.quarantine.standing(room, trio.current_time())
        if standing == "refused":
            return None
        number = self._place_free() if standing == "free" else self._place_apart(room)
        if number is None:
            self.hurry()
            return None
        return self._members[number]

    def hurry(self) -> None:
        """Have workers that were put off start now."""
        for member in self._members:
            member.hurry()

    def refused_for(self, room: str) -> float:
        """Return for how many seconds more a room is refused a worker."""
        return self.quarantine.refused_for(room, trio.current_time())

    def lost(self, member: Member, loss: Loss) -> dict[str, Room]:
        """Return the rooms of a worker that was lost, by name, having thought about which of them it died of."""
        rooms = {room.name: room for room in self._rooms.on(member)}
        if not loss.died or not rooms:
            return rooms
        now = trio.current_time()
        culprit = next((name for name in rooms if loss.serving and mark(name) == loss.serving), None)
        aboard = [name for name, room in rooms.items() if now - room.since >= MOMENT or name == culprit]
        for name in self.quarantine.died(
            aboard, culprit, now, others=len(self._members) > 1, evident=loss.serving != 0
        ):
            seconds = self.quarantine.refused_for(name, now)
            told = {"room": name, "worker": member.name, "seen_at_it": name == culprit}
            if seconds:
                _log.error("room is refused media: workers died with it", extra={**told, "seconds": seconds})
            else:
                _log.warning("room is kept apart from others: a worker died with it", extra=told)
        self._wait.deadline = self.quarantine.due(now)
        return rooms

    def house(self, kept: int | None = None) -> None:
        """Have rooms that live nowhere live somewhere, if there is a place for them; ``kept`` was the spare."""
        homeless = self._rooms.homeless()
        if not homeless:
            return
        now = trio.current_time()
        standing = {room.name: self.quarantine.standing(room.name, now) for room in homeless}
        free = {room.name: room for room in homeless if standing[room.name] == "free"}
        if free:
            self._rescue(free, kept)
        for room in free.values():
            if room.member is None:
                self._try(room)
        for room in homeless:
            if standing[room.name] == "apart":
                self._try(room)
                if room.member is None and not self._is_another_coming():
                    self.quarantine.wait(room.name, now)
        self._wait.deadline = self.quarantine.due(now)

    async def readmit(self) -> NoReturn:
        """Have rooms live somewhere that are refused no more, until cancelled."""
        while True:
            with trio.CancelScope(deadline=self.quarantine.due(trio.current_time())) as self._wait:
                await trio.sleep_forever()
            self.house()

    def spare(self, lost: Member | None = None) -> int | None:
        """Say which worker is the spare, or was with ``lost``."""
        return placement.spare(self._candidates(lost), self._wanted)

    def carried(self) -> list[Candidate]:
        """Return what each worker carries, in their order."""
        rooms, sessions, apart = Counter[int](), Counter[int](), Counter[int]()
        suspects = {suspect.room for suspect in self.quarantine.suspects(trio.current_time())}
        for room in self._rooms:
            if room.member is not None:
                rooms[room.member.number] += 1
                apart[room.member.number] += room.name in suspects
                sessions[room.member.number] += len(room.sessions)
        return [
            Candidate(
                member.number,
                rooms=rooms[member.number],
                sessions=sessions[member.number],
                packets=0.0 if member.link is None else member.link.rate.value,
                remote=member.address is not None,
                apart=apart[member.number],
            )
            for member in self._members
        ]

    def _candidates(self, lost: Member | None = None) -> list[Candidate]:
        """What each worker carries that takes requests, and ``lost``, which did until now."""
        carried = self.carried()
        return [carried[member.number] for member in self._members if member.link is not None or member is lost]

    def _rescue(self, rooms: Mapping[str, Room], kept: int | None) -> None:
        candidates = self._candidates()
        if kept is None:
            spare = placement.spare(candidates, self._wanted)
            candidates = [each for each in candidates if each.number != spare]
        targets = placement.rescue(candidates, kept, {name: len(room.sessions) for name, room in rooms.items()})
        for name, number in targets.items():
            self._move(rooms[name], self._members[number])

    def _try(self, room: Room) -> None:
        member = self.place(room.name)
        if member is not None:
            self._move(room, member)

    def _place_free(self) -> int | None:
        candidates = self._candidates()
        number = placement.place(candidates, self._wanted)
        if number is None:
            number = placement.alone(candidates)  # on the spare: all others have suspects
        if number is None and not self._is_another_coming():
            # Rather beside a suspect than nowhere.
            number = placement.place([attrs.evolve(each, apart=0) for each in candidates], self._wanted)
        return number

    def _place_apart(self, room: str) -> int | None:
        candidates = self._candidates()
        number = placement.alone(candidates)
        if number is None and not self._is_another_coming() and not self.quarantine.is_certain(room):
            number = placement.scattered(candidates)
        return number

    def _is_another_coming(self) -> bool:
        return any(member.link is None and member.trying for member in self._members)

    def _move(self, room: Room, member: Member) -> None:
        assert member.link is not None, "rooms go where there is a worker"
        room.live_on(member, member.link)
