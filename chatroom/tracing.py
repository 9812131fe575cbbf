"""Following one participant or one room: every command, event, word of the media plane, and item of a stage.

A trace ends by itself, after a time or a number of entries, and lets only so many a second through; what it leaves out
it counts. Where nobody traces, what passes asks one attribute, `chatroom.session.Session.trace` or, once a batch,
`nurseries.stages.Sink.tap`, and finds None.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import attrs
import trio

from chatroom.frame import Frame
from chatroom.limits import TokenBucket
from chatroom.model import Participant
from nurseries.stages import Tap

if TYPE_CHECKING:
    from chatroom.room import Room

#: ``asked`` and ``answered`` are of the media plane, ``media`` is what that says by itself; ``item`` of a stage.
Kind = Literal["command", "event", "asked", "answered", "media", "closed", "item"]
#: Takes what passes at one stay.
Trace = Callable[[Kind, object], None]
Reason = Literal["count", "seconds", "stopped"]

#: Traces at a time; entries of one a second, and at once; those that wait to be read.
TRACES = 8
RATE, BURST, WAITING = 500.0, 1_000.0, 2_000
#: What is not shown but by its length: what people say, and what lets in.
_SECRET = {"text", "sdp", "token", "key", "credential", "username"}
#: Characters of a text that are shown.
_SHOWN = 300


class TooManyTraces(Exception):
    """There are as many as may be."""


@attrs.frozen
class Item:
    """What a stage is about to handle."""

    stage: str
    what: object


@attrs.frozen
class Entry:
    """Something that passed. ``at`` is in Unix seconds; ``what`` is a command, a frame, an event, or how it went.

    ``participant`` and ``epoch`` are None of what is about nobody in particular, such as the server.
    """

    at: float
    room: str
    participant: str | None
    epoch: int | None
    kind: Kind
    what: object

    def shown(self) -> dict[str, Any]:
        """Say it in what JSON has, without what people say and what lets in."""
        name, body = described(self.what)
        return {
            "at": self.at,
            "room": self.room,
            "participant": self.participant,
            "epoch": self.epoch,
            "kind": self.kind,
            "type": name,
            "body": body,
        }


@attrs.frozen
class TraceStatistics:
    """How many entries there were, how many were left out as there were too many, and how many wait to be read."""

    taken: int
    skipped: int
    waiting: int


class Follow:
    """One trace. Made by `Tracer.follow`. ``clock`` returns Unix seconds."""

    def __init__(
        self, room: str | None, participant: str | None, count: int, seconds: float, clock: Callable[[], float]
    ) -> None:
        self.room = room
        self.participant = participant
        #: Why it is over.
        self.ended: Reason | None = None
        self._count = count
        self._until = trio.current_time() + seconds
        self._clock = clock
        self._bucket = TokenBucket(RATE, BURST)
        self._taken = self._skipped = 0
        self._put, self._get = trio.open_memory_channel[Entry](WAITING)
        #: The last frame, of which each person in a room that is followed gets the same.
        self._last: object = None

    def concerns(self, about: Mapping[str, Any]) -> bool:
        """Whether it follows the stay with that ``about``."""
        return (self.room is None or about["room"] == self.room) and (
            self.participant is None or about["participant"] == self.participant
        )

    def concerns_item(self, about: Mapping[str, Any], what: object) -> bool:
        """Whether it follows whom an item of its room, if it has one, is about, or who is to be told of it."""
        if self.concerns(about):
            return True
        told = (*getattr(what, "concerns", ()), getattr(what, "of", None))
        return self.participant is not None and self.participant in told

    def take(self, about: Mapping[str, Any], kind: Kind, what: object) -> None:
        """Take what passed. Never waits."""
        if self.ended is not None:
            return
        if self.participant is None and isinstance(what, Frame):
            if what is self._last:
                return
            self._last = what
        if not self._bucket.take(trio.current_time()):
            self._skipped += 1
            return
        try:
            self._put.send_nowait(Entry(self._clock(), about["room"], about["participant"], about["epoch"], kind, what))
        except trio.WouldBlock:
            self._skipped += 1
            return
        self._taken += 1
        if self._taken >= self._count:
            self.end("count")

    def end(self, reason: Reason) -> None:
        """Take no more. What was taken can still be read."""
        if self.ended is None:
            self.ended = reason
            self._put.close()

    async def next(self) -> Entry | None:
        """Wait for an entry; None when it is over and all were read."""
        with trio.move_on_at(self._until):
            try:
                return await self._get.receive()
            except trio.EndOfChannel:
                return None
        self.end("seconds")
        try:
            return self._get.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return None

    def statistics(self) -> TraceStatistics:
        return TraceStatistics(self._taken, self._skipped, self._get.statistics().current_buffer_used)


class Tracer:
    """The traces of a directory. ``rooms`` are those that are here, ``clock`` returns Unix seconds.

    ``tap`` is called with what is to see the items of stages, and with None when nobody wants to any more.
    """

    def __init__(
        self,
        rooms: Callable[[], Iterable[Room]],
        clock: Callable[[], float],
        tap: Callable[[Tap[object] | None], None] | None = None,
    ) -> None:
        self._rooms = rooms
        self._tap = tap
        self._clock = clock
        self._follows: list[Follow] = []

    @contextmanager
    def follow(
        self, *, room: str | None = None, participant: str | None = None, count: int, seconds: float
    ) -> Generator[Follow, None, None]:
        """Follow a participant, by id, or all in a room, whoever comes while the block lasts. Raises TooManyTraces."""
        if self.full:
            raise TooManyTraces
        follow = Follow(room, participant, count, seconds, self._clock)
        self._follows.append(follow)
        self._set()
        try:
            yield follow
        finally:
            self._follows.remove(follow)
            follow.end("stopped")
            self._set()

    def of(self, about: Mapping[str, Any]) -> Trace | None:
        """What the session of a stay has as its ``trace``."""
        concerned = [follow for follow in self._follows if follow.concerns(about)]
        if not concerned:
            return None

        def trace(kind: Kind, what: object) -> None:
            for follow in concerned:
                follow.take(about, kind, what)

        return trace

    @property
    def full(self) -> bool:
        """Whether there are as many traces as may be."""
        return len(self._follows) >= TRACES

    def statistics(self) -> tuple[TraceStatistics, ...]:
        return tuple(follow.statistics() for follow in self._follows)

    def _items(self, stage: str, items: Sequence[object]) -> None:
        """Take what a stage is about to handle."""
        for what in items:
            room = getattr(what, "room", None)
            follows = [] if room is None else [each for each in self._follows if each.room in (None, room)]
            if not follows:  # it is nobody's of them, or time has passed
                continue
            person = getattr(what, "person", None) or what
            whom = person.id if isinstance(person, Participant) else getattr(what, "participant", None)
            about = {"room": room, "participant": whom, "epoch": getattr(person, "epoch", None)}
            for follow in follows:
                if follow.concerns_item(about, what):
                    follow.take(about, "item", Item(stage, what))

    def _set(self) -> None:
        if self._tap is not None:
            self._tap(self._items if self._follows else None)
        for room in self._rooms():
            for attendance in room.present():
                attendance.session.trace = self.of(attendance.about)


def described(what: object) -> tuple[str, Any]:
    """Say what a command, frame, event or item is called, and what is in it."""
    if isinstance(what, Item):
        name, body = described(what.what)
        for known in ("room", "participant", "epoch"):
            body.pop(known, None)
        return f"{what.stage} {getattr(what.what, 'name', name)}", body
    if isinstance(what, Frame):
        body = json.loads(what.text)
        return body.pop("type"), _plain(body)
    if isinstance(what, BaseException):
        return type(what).__name__, {"message": str(what)}
    if attrs.has(type(what)):
        cls: Any = type(what)
        body = {field.name: getattr(what, field.name) for field in attrs.fields(cls)}
        name = body.pop("type", None) or getattr(what, "type", None) or cls.__name__
        return str(name), _plain(body)
    return type(what).__name__, _plain(what)


def _plain(value: object, name: str = "") -> Any:
    if isinstance(value, str):
        if name in _SECRET:
            return f"<{len(value)} characters>"
        return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}… <{len(value)} characters>"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if attrs.has(type(value)):
        cls: Any = type(value)
        return {field.name: _plain(getattr(value, field.name), field.name) for field in attrs.fields(cls)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, Iterable):
        return [_plain(inner, name) for inner in value]
    return repr(value)
