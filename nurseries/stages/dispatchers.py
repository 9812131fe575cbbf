"""Who gets what: strategies as small objects that do nothing else. Pure.

A `Dispatcher` is asked two things: for how many items there is demand, and to share that many out. It sees of each
subscription what `Seat` tells. To write another one takes no knowledge of stages, and to test it takes plain calls.
"""

from __future__ import annotations

import math
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
    #: Whether a subscription may ask for a partition by name.
    by_name: bool

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
    by_name = False

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


class _Share(list[T]):
    """What one seat gets of a batch; without a seat, what is nobody's."""

    __slots__ = ("seat",)

    def __init__(self, seat: Seat[T] | None = None) -> None:
        super().__init__()
        self.seat = seat


class Partition(Generic[T]):
    """Everything with the same key to the same one, in order.

    A subscription for a ``partition`` gets what has that key. The other subscriptions share the other keys, by
    rendezvous hashing: when one comes or goes, only the keys it gets or had move. What nobody is there for is dropped.
    Since it cannot be known what is next, there is as much demand as one that has asked for plenty has, or else the one
    that has asked for most; what is for another one waits there as its backlog. A batch is never more than fits into an
    empty buffer. What it costs does not grow with the number of subscriptions.
    """

    takes_back = True
    by_name = True
    #: How many keys it remembers the seat of.
    MEMORY = 10_000

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        self._key = key
        self._seats: Sequence[Seat[T]] = ()
        self._named: dict[Hashable, list[_Share[T]]] = {}
        self._shared: list[_Share[T]] = []
        self._nobodys: _Share[T] = _Share()
        self._known: dict[Hashable, _Share[T]] = {}
        self._most = 0

    def demand(self, seats: Sequence[Seat[T]]) -> int:
        if seats is not self._seats:
            self._look(seats)
        demand = 0
        for seat in seats:
            if seat.demand > demand and (demand := seat.demand) >= self._most // 2:
                break
        return min(demand, self._most)

    def dispatch(self, items: Sequence[T], seats: Sequence[Seat[T]]) -> int:
        if seats is not self._seats:
            self._look(seats)
        known, key_of = self._known, self._key
        shares: list[_Share[T]] = []
        nobodys = 0
        try:
            for item in items:
                key = key_of(item)
                share = known[key] if key in known else self._find(key)
                if not share:
                    shares.append(share)
                share.append(item)
            for share in shares:
                if share.seat is None:
                    nobodys = len(share)
                else:
                    share.seat.offer(share)
        finally:
            for share in shares:
                share.clear()
        return nobodys

    def _look(self, seats: Sequence[Seat[T]]) -> None:
        self._seats = seats
        self._known.clear()
        self._named.clear()
        self._shared.clear()
        self._most = min((seat.limit for seat in seats), default=0)
        for seat in seats:
            places = self._shared if seat.partition is None else self._named.setdefault(seat.partition, [])
            places.append(_Share(seat))

    def _find(self, key: Hashable) -> _Share[T]:
        found, most = self._nobodys, -math.inf
        for share in self._named.get(key, self._shared):
            assert share.seat is not None
            if (weight := _weight(key, share.seat.number)) > most:
                found, most = share, weight
        if len(self._known) >= self.MEMORY:
            self._known.clear()
        self._known[key] = found
        return found


def _weight(key: Hashable, number: int) -> int:
    return hash((hash((key, number)), number))  # once is not enough to spread small numbers


class Balance(Generic[T]):
    """Each item to one of them, whoever has asked for most. Nobody gets more than it asked for."""

    takes_back = True
    by_name = False

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
