"""What is to be sent to one endpoint, and when: no I/O and no clock.

A room's events go one after the other, so an endpoint has them in order. Different rooms go side by side, and one whose
event an endpoint refuses does not hold up the others. Where the endpoint itself does not answer, everything waits, and
one event is tried, less and less often.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from math import inf

import attrs

from web.webhooks.backoff import Backoff

#: Rooms whose events are on their way at a time.
AT_ONCE = 8


@attrs.frozen
class _Sent:
    room: str
    #: failures of the endpoint that were known when it was sent
    failures: int


class Schedule:
    """The events for one endpoint by their numbers, which grow. ``random`` returns numbers from 0 to 1."""

    def __init__(self, backoff: Backoff, random: Callable[[], float], at_once: int = AT_ONCE) -> None:
        self._backoff = backoff
        self._random = random
        self._at_once = at_once
        #: Those that wait and those that are on their way, which are the first of their rooms.
        self._rooms: dict[str, deque[int]] = {}
        #: Rooms whose first event can be sent.
        self._ready: deque[str] = deque()
        #: Rooms whose first event was refused, by when it is tried again.
        self._refused: list[tuple[float, str]] = []
        self._refusals: dict[str, int] = {}
        self._sent: dict[int, _Sent] = {}
        #: Those that are not done. What is dropped stays in its room's line until that comes to it.
        self._numbers: set[int] = set()
        #: Failures of the endpoint in a row, and until when nothing is sent for that.
        self.failures = 0
        self._until = -inf

    def __len__(self) -> int:
        """How many are not done."""
        return len(self._numbers)

    @property
    def on_their_way(self) -> int:
        return len(self._sent)

    def add(self, number: int, room: str) -> None:
        """An event is to be sent."""
        events = self._rooms.get(room)
        if events is None:
            self._rooms[room] = deque([number])
            self._ready.append(room)
        else:
            events.append(number)
        self._numbers.add(number)

    def drop(self, number: int) -> None:
        """An event is not to be sent any more, if it is not on its way or done already."""
        if number not in self._sent:
            self._numbers.discard(number)

    def take(self, now: float) -> int | None:
        """Return an event that is to be sent now, or None: see `due`. What became of it is to be told."""
        while self._refused and self._refused[0][0] <= now:
            self._ready.append(heapq.heappop(self._refused)[1])
        if now < self._until or len(self._sent) >= (1 if self.failures else self._at_once):
            return None
        while self._ready:
            room = self._ready.popleft()
            events = self._rooms[room]
            while events and events[0] not in self._numbers:
                events.popleft()
            if events:
                self._sent[events[0]] = _Sent(room, self.failures)
                return events[0]
            del self._rooms[room]
            self._refusals.pop(room, None)
        return None

    def due(self) -> float:
        """When `take` may have something that it has not now, if nothing else is told meanwhile."""
        if len(self._sent) >= (1 if self.failures else self._at_once):
            return inf
        if self._ready:
            return self._until
        return max(self._until, self._refused[0][0]) if self._refused else inf

    def done(self, number: int) -> None:
        """The endpoint has it, or it is too old."""
        room = self._sent.pop(number).room
        self._numbers.discard(number)
        self.failures = 0
        self._until = -inf
        self._refusals.pop(room, None)
        events = self._rooms[room]
        events.popleft()
        if events:
            self._ready.append(room)
        else:
            del self._rooms[room]

    def refused(self, number: int, now: float) -> None:
        """The endpoint is there and does not want this one: it is tried again later, and its room waits."""
        room = self._sent.pop(number).room
        self.failures = 0
        self._until = -inf
        failures = self._refusals[room] = self._refusals.get(room, 0) + 1
        heapq.heappush(self._refused, (now + self._backoff.delay(failures, self._random()), room))

    def failed(self, number: int, now: float, asked: float | None = None) -> None:
        """The endpoint did not answer, or said that it cannot; ``asked`` are the seconds that it asked for."""
        sent = self._sent.pop(number)
        self._ready.appendleft(sent.room)
        if sent.failures == self.failures:  # those that were sent together fail together, and that is one failure
            self.failures += 1
            self._until = now + self._backoff.delay(self.failures, self._random(), asked)

    def abandon(self) -> None:
        """Whoever sent them is gone, and nobody knows what became of those on their way."""
        for sent in self._sent.values():
            self._ready.appendleft(sent.room)
        self._sent.clear()
