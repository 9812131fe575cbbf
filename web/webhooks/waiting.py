"""Events on their way to the disk: bounded, and when full the least important ones go."""

from __future__ import annotations

from collections import deque

import attrs

from web.webhooks.event import RANKS, Event


@attrs.frozen
class Numbered:
    """An event with its number, which no other has in this outbox, and its id, which no other has anywhere."""

    number: int
    id: str
    event: Event


class Waiting:
    """First in first out. What is dropped is the oldest of the lowest rank there is."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_rank: tuple[deque[Numbered], ...] = tuple(deque() for _ in RANKS)
        #: How many were dropped, by rank.
        self.dropped = [0 for _ in RANKS]

    def __len__(self) -> int:
        return sum(map(len, self._by_rank))

    def put(self, numbered: Numbered) -> None:
        """Add one. Never refuses."""
        self._by_rank[numbered.event.rank].append(numbered)
        self._bound()

    def take(self, most: int) -> list[Numbered]:
        """Take out the first so many."""
        taken: list[Numbered] = []
        while len(taken) < most:
            heads = [events for events in self._by_rank if events]
            if not heads:
                break
            taken.append(min(heads, key=lambda events: events[0].number).popleft())
        return taken

    def put_back(self, taken: list[Numbered]) -> None:
        """Have what `take` returned wait again, before all others."""
        for numbered in reversed(taken):
            self._by_rank[numbered.event.rank].appendleft(numbered)
        self._bound()

    def _bound(self) -> None:
        while len(self) > self._most:
            rank = next(rank for rank in RANKS if self._by_rank[rank])
            self._by_rank[rank].popleft()
            self.dropped[rank] += 1
