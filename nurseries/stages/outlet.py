"""Where a source or stage gives out its items: its subscriptions, and what they have not asked for yet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from nurseries.stages.dispatchers import Dispatcher
from nurseries.stages.subscription import Subscription, SubscriptionStatistics

T = TypeVar("T")


class Outlet(Generic[T]):
    """Items go in with `send`, when the demand is not over, and to the subscriptions as they ask for them."""

    def __init__(self, dispatcher: Dispatcher[T]) -> None:
        self._dispatcher = dispatcher
        self._seats: tuple[Subscription[T], ...] = ()
        #: Those who hold the others up: they were given items that they cannot take yet.
        self._blocked: set[Subscription[T]] = set()
        self._pending: list[T] = []
        self._numbers = 0
        self.sent = 0
        self.dropped: dict[str, int] = {}

    @property
    def pending(self) -> int:
        """How many items wait here because nobody has asked for them, or somebody holds the others up."""
        return len(self._pending)

    @property
    def demand(self) -> int:
        """How many items are asked for, and not here already. None while one who must be waited for is waited for."""
        return 0 if self._pending else self._demand()

    def _demand(self) -> int:
        return 0 if self._blocked else self._dispatcher.demand(self._seats)

    def next_number(self) -> int:
        """Give a number to a subscription that is about to be added."""
        self._numbers += 1
        return self._numbers

    def add(self, seat: Subscription[T]) -> None:
        """Give to this one, too, from now on. Raises ValueError if it asks for a partition and there are none."""
        if seat.partition is not None and not self._dispatcher.by_name:
            raise ValueError(f"{seat.source} has no partitions, and {seat.sink} asks for {seat.partition!r}")
        seat.join(self._blocked)
        self._seats = (*self._seats, seat)

    def remove(self, seat: Subscription[T]) -> None:
        """Give to this one no more. What waited in it goes to the others, or is dropped, as the dispatcher has it."""
        if seat not in self._seats:
            seat.surrender("cancelled")  # its source has ended: there are no others
            return
        self._seats = tuple(each for each in self._seats if each is not seat)
        if self._dispatcher.takes_back:
            self._pending[:0] = seat.surrender("returned")
        else:
            seat.surrender("cancelled")

    def send(self, items: Sequence[T]) -> None:
        """Give items out; those that nobody has asked for are `pending`."""
        if self._pending:
            self._pending += items
        else:
            self._pending = list(items)
        self.flush()

    def flush(self) -> None:
        """Give out what is pending and asked for.

        Raises what a dispatcher's or a buffer's key does; the items it was tried with are dropped then, as ``failed``.
        """
        while self._pending and (demand := self._demand()) > 0:
            if demand >= len(self._pending):
                items, self._pending = self._pending, []
            else:
                items = self._pending[:demand]
                del self._pending[:demand]
            self.sent += len(items)
            try:
                self._drop("unclaimed", self._dispatcher.dispatch(items, self._seats))
            except Exception:
                self._drop("failed", len(items))
                raise

    def end(self) -> None:
        """Tell the subscriptions that this was all."""
        seats, self._seats = self._seats, ()
        self._blocked = set()
        for seat in seats:
            seat.end()

    def statistics(self) -> tuple[SubscriptionStatistics, ...]:
        """Tell how the subscriptions are now."""
        return tuple(seat.statistics() for seat in self._seats)

    def _drop(self, reason: str, number: int) -> None:
        if number:
            self.dropped[reason] = self.dropped.get(reason, 0) + number
