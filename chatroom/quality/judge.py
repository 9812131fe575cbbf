"""Attributes, and debounces: what workers and pages say goes in, and what is wrong and whose it is comes out.

A pure core: `Judge.take` takes one input, `Judge.tick` is called twice a second, and both return what is to be said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import attrs

from chatroom.media import MediaLost, MediaRestored, VideoPaused, VideoResumed
from chatroom.model import Participant
from chatroom.quality import events
from chatroom.quality.debounce import Seen
from chatroom.quality.events import QualityEvent
from chatroom.quality.hearing import Hearing
from chatroom.quality.inputs import Came, Changed, Input, MediaSaid, Reported, Sampled, Went
from chatroom.quality.ours import WorkerHealth
from chatroom.quality.person import Person
from chatroom.quality.watched import Moment, Watched

#: Seconds between two ticks.
TICK = 0.5
#: Seconds after which a worker that told nothing is forgotten.
FORGET = 60.0

_EventT = TypeVar("_EventT", bound=QualityEvent)


class _Room:
    """The people of one room, by their epochs."""

    def __init__(self, name: str) -> None:
        self.people: dict[int, Person] = {}
        self.worker = ""
        self.hearing = Hearing()
        self.lost = Watched(name, None, None, "worker_lost", begin=0.0, calm=1.0)
        self.overloaded = Watched(name, None, None, "server_overloaded", begin=0.8)
        #: Those who are without a worker.
        self.without: set[int] = set()


@attrs.frozen
class JudgeStatistics:
    """``refused`` counts what was said of stays that are over, or are not known."""

    rooms: int
    people: int
    problems: int
    refused: int


class Judge:
    """All rooms of a server. What is said of an epoch that is not present is refused, and counted."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._workers: dict[str, WorkerHealth] = {}
        self._refused = 0

    def take(self, said: Input, moment: Moment) -> Sequence[QualityEvent]:
        """Take what is told, and return what is to be said at once."""
        match said:
            case Came(_, person):
                there = self._rooms.setdefault(said.room, _Room(said.room))
                there.people[person.epoch] = Person(said.room, person, moment.now)
                return [self._event(events.Joined, said.room, person.id, person.epoch, moment, person=person)]
            case Went():
                return self._went(said, moment)
        room, found = self._find(said)
        if room is None or found is None:
            self._refused += 1
            return []
        match said:
            case Changed(_, person):
                found.changed(person, moment.now)
                return [self._event(events.Updated, said.room, person.id, person.epoch, moment, person=person)]
            case Sampled():
                room.worker = said.worker
                health = self._workers.setdefault(said.worker, WorkerHealth())
                health.told(said.late, said.unsent, moment.now)
                found.sampled(said, moment.now)
                if said.downlink is not None and said.downlink.unsent:
                    room.hearing.look(found, room.people, moment.now)
            case Reported(_, _, _, report):
                found.reported(report, moment.now)
                room.hearing.look(found, room.people, moment.now)
            case MediaSaid():
                return self._media(room, found, said, moment)
        return []

    def tick(self, moment: Moment, late: float) -> Sequence[QualityEvent]:
        """Time has passed; ``late`` is by how many seconds more than it should have."""
        now, said = moment.now, list[QualityEvent]()
        self._workers = {name: health for name, health in self._workers.items() if now - health.told_at < FORGET}
        for name, health in self._workers.items():
            rooms = [room for room in self._rooms.values() if room.worker == name]
            health.crowd((person for room in rooms for person in room.people.values()), now)
        for room in self._rooms.values():
            said += self._tick(room, moment, late)
        return said

    def sync(self, rooms: Mapping[str, Sequence[Participant]], moment: Moment) -> Sequence[QualityEvent]:
        """Take who is in which room now, after words about that were missed; return what follows from it."""
        said: list[QualityEvent] = []
        present = {person.epoch for people in rooms.values() for person in people}
        known = [(name, person) for name, room in self._rooms.items() for person in room.people.values()]
        for name, person in known:
            if person.person.epoch not in present:
                said += self.take(Went(name, person.id, person.person.epoch, "failed"), moment)
        here = {person.person.epoch: person.person for _, person in known}
        for name, people in rooms.items():
            for each in people:
                if each.epoch not in here:
                    said += self.take(Came(name, each), moment)
                elif here[each.epoch] != each:
                    said += self.take(Changed(name, each), moment)
        return said

    def statistics(self) -> JudgeStatistics:
        people = [person for room in self._rooms.values() for person in room.people.values()]
        watched = [watched for person in people for watched in person.watched]
        watched += [watched for room in self._rooms.values() for watched in (room.lost, room.overloaded)]
        problems = sum(each.told is not None for each in watched)
        return JudgeStatistics(len(self._rooms), len(people), problems, self._refused)

    def _tick(self, room: _Room, moment: Moment, late: float) -> list[QualityEvent]:
        health = self._workers.get(room.worker) or WorkerHealth()
        said: list[QualityEvent] = []
        said += room.lost.look("severe" if room.without else None, moment)
        said += room.overloaded.look(health.seen(late, moment.now), moment, health.figures(late))
        for person in room.people.values():
            said += person.judge(moment, health.suffers)
        if room.hearing.any or any(person.unheard.told for person in room.people.values()):
            said += self._hear(room, moment)
        return said

    def _hear(self, room: _Room, moment: Moment) -> list[QualityEvent]:
        said: list[QualityEvent] = []
        for listener in room.people.values():
            room.hearing.look(listener, room.people, moment.now)
        for epoch, person in room.people.items():
            listeners = room.hearing.listeners(epoch, room.people, moment.now)
            everyone = len(listeners) >= len(room.people) - 1
            seen: Seen = None if not listeners else "severe" if everyone else "mild"
            said += person.unheard.look(seen, moment, concerns=listeners)
        return said

    def _went(self, said: Went, moment: Moment) -> Sequence[QualityEvent]:
        room = self._rooms.get(said.room)
        person = None if room is None else room.people.pop(said.epoch, None)
        if room is None or person is None:
            self._refused += 1
            return []
        over: list[QualityEvent] = [event for watched in person.watched for event in watched.end(moment)]
        room.hearing.forget(said.epoch)
        room.without.discard(said.epoch)
        if not room.people:
            over += [*room.lost.end(moment), *room.overloaded.end(moment)]
            del self._rooms[said.room]
        left = self._event(events.Left, said.room, said.participant, said.epoch, moment, reason=said.reason)
        return [*over, left]

    def _media(self, room: _Room, person: Person, said: MediaSaid, moment: Moment) -> Sequence[QualityEvent]:
        names = (said.room, said.participant, said.epoch, moment)
        match said.event:
            case VideoPaused(of, source, reason):
                return [self._event(events.VideoPaused, *names, of=of, source=source, reason=reason)]
            case VideoResumed(of, source):
                return [self._event(events.VideoResumed, *names, of=of, source=source)]
            case MediaLost():
                person.media_lost()
                room.without.add(said.epoch)
                return room.lost.look("severe", moment)
            case MediaRestored():
                room.without.discard(said.epoch)
        return []

    def _find(self, said: Input) -> tuple[_Room | None, Person | None]:
        room = self._rooms.get(said.room)
        if room is None:
            return None, None
        epoch = said.person.epoch if isinstance(said, (Came, Changed)) else said.epoch
        found = room.people.get(epoch)
        return room, found

    def _event(
        self, cls: Callable[..., _EventT], room: str, participant: str, epoch: int, moment: Moment, **fields: object
    ) -> _EventT:
        return cls(room=room, at=moment.stamp(moment.now), participant=participant, epoch=epoch, **fields)
