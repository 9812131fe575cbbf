"""Where a stage or sink takes its items from: its subscriptions, each in its turn. Pure."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import attrs

from nurseries.stages.subscription import Subscription, SubscriptionStatistics

T = TypeVar("T")


@attrs.frozen
class Batch(Generic[T]):
    """Items taken from one subscription, and how often handling them has failed."""

    subscription: Subscription[T]
    items: list[T]
    failures: int = 0


class Inlet(Generic[T]):
    """Batches come from one subscription at a time; those that have something take turns."""

    def __init__(self) -> None:
        self._seats: list[Subscription[T]] = []
        self._ready: deque[Subscription[T]] = deque()
        self._over = False

    @property
    def ended(self) -> bool:
        """Whether there were sources and all of them have ended, with nothing left of them."""
        return self._over and not self._seats

    @property
    def ready(self) -> bool:
        """Whether there is something to take."""
        return bool(self._ready)

    def add(self, seat: Subscription[T]) -> None:
        """Take from this one, too."""
        self._seats.append(seat)
        self._over = False

    def remove(self, seat: Subscription[T]) -> None:
        """Take from this one no more."""
        if seat in self._seats:
            self._seats.remove(seat)
        if seat in self._ready:
            self._ready.remove(seat)

    def came(self, seat: Subscription[T]) -> None:
        """Take note that there is something to take from this one, or never will be any more."""
        if seat.ready:
            if seat not in self._ready:
                self._ready.append(seat)
        elif seat.drained:
            self._close(seat)

    def take(self, most: int) -> Batch[T] | None:
        """Take a batch of at most so many from whoever's turn it is, or None."""
        while self._ready:
            seat = self._ready.popleft()
            items = seat.take(most)
            if seat.ready and seat not in self._ready:  # room in it may have made it ready again by itself
                self._ready.append(seat)
            elif seat.drained:
                self._close(seat)
            if items:
                return Batch(seat, items)
        return None

    def mend(self) -> None:
        """Have those subscriptions that failed begin anew."""
        for seat in self._seats:
            seat.mend()

    def statistics(self) -> tuple[SubscriptionStatistics, ...]:
        """Tell how the subscriptions are now."""
        return tuple(seat.statistics() for seat in self._seats)

    def _close(self, seat: Subscription[T]) -> None:
        self.remove(seat)
        self._over = True
