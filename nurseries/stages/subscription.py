"""One subscription: what was asked for, what has come, and what became of it. Pure: whom it wakes is told to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

import attrs

from nurseries.stages.buffers import Buffer, Full, Overflow
from nurseries.stages.demand import Window

T = TypeVar("T")


@attrs.frozen
class SubscriptionStatistics:
    """A subscription as it is now.

    Of all that it was given (``received``), ``depth`` wait in its buffer and ``backlog`` for room in it, ``in_hand``
    are being handled, ``handled`` were taken and are done with, however that went, and the others were ``dropped``, by
    reason: ``full`` and ``coalesced`` are its buffer's; ``overflow``: it had failed; ``cancelled``: it was cancelled;
    ``returned``: the same, and they went to others.
    """

    source: str
    sink: str
    partition: Hashable | None
    full: Full
    limit: int
    depth: int
    backlog: int
    demand: int
    in_hand: int
    received: int
    handled: int
    dropped: Mapping[str, int]


@attrs.frozen
class Ends:
    """The two sides of a subscription, as it calls them. None of these may call back before it returns."""

    #: There is something to take, or there will never be any more.
    came: Callable[[], None]
    #: There is demand where there was none.
    asked: Callable[[], None]
    #: What must not be dropped did not fit.
    failed: Callable[[Overflow], None]


_NOBODY = Ends(lambda: None, lambda: None, lambda _: None)


class Subscription(Generic[T]):
    """Made by ``subscribe`` of a stage or sink, and good until `cancel`, or until its source has ended.

    It lives longer than the tasks at either end: those may fail and be run again, and it is what it was.
    """

    def __init__(
        self, *, source: str, sink: str, number: int, window: Window, buffer: Buffer[T], partition: Hashable | None
    ) -> None:
        self.source = source
        self.sink = sink
        self.number = number
        self.partition = partition
        self.holds = buffer.full == "wait"
        self.limit = buffer.limit
        self.batch = window.batch
        self.ended = False
        self.cancelled = False
        self._buffer = buffer
        self._window = window
        self._queue = buffer.open()
        self._backlog: list[T] = []
        self._blocked: set[Subscription[T]] = set()
        self._broken = False
        self._ends: Ends | None = None
        self._on_cancel: tuple[Callable[[], None], ...] = ()
        self._received = 0
        self._in_hand = 0
        self._handled = 0
        self._dropped: dict[str, int] = {}

    def connect(self, ends: Ends, *on_cancel: Callable[[], None]) -> None:
        """Tell it whom to wake, and whom to tell that it is cancelled. Then it asks for the first time."""
        self._ends = ends
        self._on_cancel = on_cancel
        self._ask()

    def join(self, blocked: set[Subscription[T]]) -> None:
        """Be in this set as long as it was given items that it cannot take yet."""
        self._blocked = blocked

    def __enter__(self) -> Subscription[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    @property
    def demand(self) -> int:
        """How many items it asks for now. It has room for those."""
        if self._broken or self._backlog:
            return 0
        return min(self._window.demand, self.limit - len(self._queue))

    @property
    def ready(self) -> bool:
        """Whether there is something to take."""
        return bool(self._queue)

    @property
    def drained(self) -> bool:
        """Whether it has ended, and nothing is left of it."""
        return self.ended and not self._queue and not self._backlog

    def offer(self, items: Sequence[T]) -> None:
        """Be given items: they wait, or are dropped, or are a backlog, or break it, as its buffer says."""
        if self._broken:
            self._received += len(items)
            self._drop("overflow", len(items))
            return
        number = 0 if self._backlog else self._put(items)
        self._received += len(items)
        if number < len(items):
            self._backlog += items[number:]
            self._blocked.add(self)
            if self._buffer.fails:
                self._break()
                return
        assert self._ends is not None
        self._ends.came()

    def take(self, most: int) -> list[T]:
        """Give out the first items, a batch of them at most. `settle` says that they are done with."""
        full = len(self._queue) >= self.limit
        items = self._queue.take(min(most, self.batch))
        self._in_hand += len(items)
        self._let_in()
        if full and self.demand and self._ends is not None:
            self._ends.asked()
        return items

    def settle(self, number: int) -> None:
        """Take note that this many of those taken are done with, and ask for more if it is time to."""
        self._in_hand -= number
        self._handled += number
        self._window.went(number)
        self._ask()

    def end(self) -> None:
        """Take note that nothing will come any more. What has come can still be taken."""
        self.ended = True
        assert self._ends is not None
        self._ends.came()

    def cancel(self) -> None:
        """End it, from the side of whoever subscribed. The source is asked for nothing, and gives nothing, any more.

        What has come and is not handled goes to the other subscriptions of a source that partitions or balances; from
        one that broadcasts it is dropped. A batch that is being handled is not concerned. May be called again.
        """
        if not self.cancelled:
            self.cancelled = True
            on_cancel, self._on_cancel = self._on_cancel, ()
            for tell in on_cancel:
                tell()
            self._ends = _NOBODY  # those of a stage hold it, and it would hold them

    def surrender(self, reason: str) -> list[T]:
        """Drop what waits, for that reason, and return it."""
        items = self._queue.take(len(self._queue))
        self._window.went(len(items))
        items += self._backlog
        self._backlog = []
        self._blocked.discard(self)
        self._drop(reason, len(items))
        return items

    def mend(self) -> None:
        """Be as new after a failure."""
        if self._broken:
            self._broken = False
            self._ask()
            if self._ends is not None:
                self._ends.asked()  # also for what it had asked for before

    def statistics(self) -> SubscriptionStatistics:
        """Tell how it is now."""
        queue = self._queue.statistics()
        dropped = {**queue.dropped}
        for reason, number in self._dropped.items():
            dropped[reason] = dropped.get(reason, 0) + number
        return SubscriptionStatistics(
            source=self.source,
            sink=self.sink,
            partition=self.partition,
            full=self._buffer.full,
            limit=self.limit,
            depth=queue.depth,
            backlog=len(self._backlog),
            demand=self.demand,
            in_hand=self._in_hand,
            received=self._received,
            handled=self._handled,
            dropped=MappingProxyType(dropped),
        )

    def _put(self, items: Sequence[T]) -> int:
        if self.holds and len(items) > (demand := self._window.demand):
            items = items[:demand]
        before = len(self._queue)
        number = self._queue.put(items)
        self._window.came(number)
        self._window.went(before + number - len(self._queue))  # those that were dropped for it
        return number

    def _let_in(self) -> None:
        if self._backlog and (number := self._put(self._backlog)):
            del self._backlog[:number]
            assert self._ends is not None
            self._ends.came()
            if not self._backlog:
                self._blocked.discard(self)
                self._ends.asked()

    def _ask(self) -> None:
        if self._broken or self.cancelled:
            return
        asked = self._window.ask()
        self._let_in()
        if asked and not self.ended and self._ends is not None:
            self._ends.asked()

    def _break(self) -> None:
        self._broken = True
        self.surrender("overflow")
        assert self._ends is not None
        self._ends.failed(
            Overflow(f"{self.sink} fell behind {self.source}: more than {self.limit} items that must not be dropped")
        )

    def _drop(self, reason: str, number: int) -> None:
        if number:
            self._dropped[reason] = self._dropped.get(reason, 0) + number
