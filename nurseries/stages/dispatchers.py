"""Who gets what: strategies as small objects that do nothing else. Pure.

A `Dispatcher` is asked two things: for how many items there is demand, and to share that many out. It sees of each
subscription what `Seat` tells. To write another one takes no knowledge of stages, and to test it takes plain calls.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
S_contra = TypeVar("S_contra", contravariant=True)


class Seat(Protocol[S_contra]):
    """A subscription as a dispatcher sees it."""

    @property
    def number(self) -> int:
        """Which subscription of its source it is: unique, and growing."""

    @property
    def partition(self) -> Hashable | None:
        """What it asked to be given by `partition`, if it did."""

    @property
    def holds(self) -> bool:
        """Whether what it has not asked for has to wait, and with it the others."""

    @property
    def limit(self) -> int:
        """How many may wait in it."""

    @property
    def demand(self) -> int:
        """How many it has asked for."""

    def offer(self, items: Sequence[S_contra]) -> None:
        """Be given items. Those that were not asked for are its own affair."""


class Dispatcher(Protocol[T]):
    """Shares items out among seats."""

    #: Whether what a cancelled subscription had not handled goes to the others.
    takes_back: bool

    def demand(self, seats: Sequence[Seat[T]]) -> int:
        """Say how many items are asked for."""

    def dispatch(self, items: Sequence[T], seats: Sequence[Seat[T]]) -> int:
        """Share items out, no more than are asked for, and return how many of them were nobody's."""


class Broadcast(Generic[T]):
    """Everything to everyone.

    Those who make others wait set the pace: the slowest of them. If there are none, the quickest of the others does.
    A batch is never more than fits into an empty buffer.
    """

    takes_back = False

    def demand(self, seats: Sequence[Seat[T]]) -> int:
        holding = [seat.demand for seat in seats if seat.holds]
        if len(holding) == len(seats):
            return min(holding, default=0)
        others = [seat for seat in seats if not seat.holds]
        pace = min(holding) if holding else max(seat.demand for seat in others)
        return min(pace, *(seat.limit for seat in others))

    def dispatch(self, items: Sequence[T], seats: Sequence[Seat[T]]) -> int:
        for seat in seats:
            seat.offer(items)
        return 0


class Partition(Generic[T]):
    """Everything with the same key to the same one, in order.

    A subscription for a ``partition`` gets what has that key. The other subscriptions share the other keys, by
    rendezvous hashing: when one comes or goes, only the keys it gets or had move. What nobody is there for is dropped.
    Since it cannot be known what is next, there is as much demand as whoever asks for most has, and what is for another
    one waits there as its backlog. A batch is never more than fits into an empty buffer.
    """

    takes_back = True
    #: How many keys it remembers the seat of.
    MEMORY = 10_000

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        self._key = key
        self._seats: Sequence[Seat[T]] = ()
        self._named: dict[Hashable, list[int]] = {}
        self._shared: list[int] = []
        # A share for each seat, and the last one for what is nobody's; and which of them is for a key.
        self._shares: list[list[T]] = []
        self._known: dict[Hashable, list[T]] = {}
        self._most = 0

    def demand(self, seats: Sequence[Seat[T]]) -> int:
        if seats is not self._seats:
            self._look(seats)
        demand = 0
        for seat in seats:
            if seat.demand > demand and (demand := seat.demand) >= self._most:
                break
        return min(demand, self._most)

    def dispatch(self, items: Sequence[T], seats: Sequence[Seat[T]]) -> int:
        if seats is not self._seats:
            self._look(seats)
        known, key_of = self._known, self._key
        try:
            for item in items:
                key = key_of(item)
                (known[key] if key in known else self._find(key)).append(item)
            for seat, share in zip(seats, self._shares, strict=False):
                if share:
                    seat.offer(share)
            return len(self._shares[-1])
        finally:
            for share in self._shares:
                share.clear()

    def _look(self, seats: Sequence[Seat[T]]) -> None:
        self._seats = seats
        self._shares = [[] for _ in range(len(seats) + 1)]
        self._known.clear()
        self._named.clear()
        self._shared.clear()
        self._most = min((seat.limit for seat in seats), default=0)
        for place, seat in enumerate(seats):
            if seat.partition is None:
                self._shared.append(place)
            else:
                self._named.setdefault(seat.partition, []).append(place)

    def _find(self, key: Hashable) -> list[T]:
        candidates = self._named.get(key, self._shared)
        place = max(candidates, key=lambda each: _weight(key, self._seats[each].number), default=-1)
        if len(self._known) >= self.MEMORY:
            self._known.clear()
        share = self._known[key] = self._shares[place]
        return share


def _weight(key: Hashable, number: int) -> int:
    return hash((hash((key, number)), number))  # once is not enough to spread small numbers


class Balance(Generic[T]):
    """Each item to one of them, whoever has asked for most. Nobody gets more than it asked for."""

    takes_back = True

    def demand(self, seats: Sequence[Seat[T]]) -> int:
        return sum(seat.demand for seat in seats)

    def dispatch(self, items: Sequence[T], seats: Sequence[Seat[T]]) -> int:
        given = 0
        for seat in sorted(seats, key=lambda each: each.demand, reverse=True):
            if share := items[given : given + seat.demand]:
                seat.offer(share)
                given += len(share)
        return 0


def broadcast() -> Broadcast[T]:
    """Everything to everyone. See `Broadcast`."""
    return Broadcast()


def partition(key: Callable[[T], Hashable]) -> Partition[T]:
    """Everything with the same key to the same one. See `Partition`."""
    return Partition(key)


def balance() -> Balance[T]:
    """Each item to one of them. See `Balance`."""
    return Balance()
