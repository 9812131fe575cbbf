"""What subscribes: the lower side of a stage, and a sink."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar, cast

import attrs
import trio

from nurseries.stages.buffers import Buffer
from nurseries.stages.demand import Window
from nurseries.stages.inlet import Batch, Inlet
from nurseries.stages.node import Node
from nurseries.stages.statistics import StageStatistics
from nurseries.stages.subscription import Ends, Subscription
from nurseries.stages.upstream import Upstream

T = TypeVar("T")
R = TypeVar("R")
#: Is shown a batch that is about to be handled, with the name of whose it is. It must be quick, and raise nothing.
Tap = Callable[[str, Sequence[T]], None]


class Downstream(Node, Generic[T, R]):
    """Takes batches from those it has subscribed to, and has a function handle each.

    ``tap`` is set by whoever wants to see them pass, and may be at any time.
    """

    tap: Tap[T] | None = None

    def _set_up(self, handle: Callable[[list[T]], Awaitable[R] | R], attempts: float) -> None:
        if not attempts >= 1:
            raise ValueError(f"attempts must be at least 1, not {attempts!r}")
        self._handle = handle
        self._attempts = attempts
        self._inlet: Inlet[T] = Inlet()
        self._again: Batch[T] | None = None

    def subscribe(
        self,
        source: Upstream[T],
        *,
        max_demand: int = 1000,
        min_demand: int | None = None,
        buffer: Buffer[T] | None = None,
        partition: Hashable | None = None,
    ) -> Subscription[T]:
        """Take from ``source``, too, from now on, whether either of the two runs or not.

        At most ``max_demand`` items are asked for or held here at a time, and more is asked for when it is
        ``min_demand``, by default half of it; batches are of the difference. ``buffer`` says what happens to what comes
        and was not asked for; by default nothing does, and the source waits. One that drops should hold a batch or two:
        twice ``max_demand`` loses nothing to a sink that keeps up. ``partition`` asks for one partition of a
        source that has them.

        Raises ValueError for demands that do not fit together, and for a partition where there are none. Use it with
        ``with``, or call `Subscription.cancel`, to end it. A sink that will not be run again must be unsubscribed: the
        source cannot know that it is gone.
        """
        seat = Subscription(
            source=source.name,
            sink=self.name,
            number=source._outlet.next_number(),
            window=Window(max_demand, max_demand // 2 if min_demand is None else min_demand),
            buffer=buffer or Buffer(limit=max_demand),
            partition=partition,
        )

        def came() -> None:
            self._inlet.came(seat)
            self._wake()

        def leave() -> None:
            self._inlet.remove(seat)
            source._leave(seat)

        source._outlet.add(seat)
        self._inlet.add(seat)
        seat.connect(Ends(came, source._wake, self._fail), leave)
        return seat

    def statistics(self) -> StageStatistics:
        """Tell how it is now."""
        return attrs.evolve(super().statistics(), subscriptions=self._inlet.statistics())

    async def _work(self) -> None:
        self._inlet.mend()
        while (batch := await self._next()) is not None:
            self._doing = "handling"
            began = time.perf_counter()
            try:
                if self.tap is not None:
                    self.tap(self._name, batch.items)
                result = self._handle(batch.items)
                done = self._finish(cast("R", await result if inspect.isawaitable(result) else result))
            except BaseException as error:
                self._put_aside(batch, error)
                raise
            finally:
                self._busy += time.perf_counter() - began
            done()
            batch.subscription.settle(len(batch.items))
        self._end()

    async def _next(self) -> Batch[T] | None:
        """Wait for a batch, and for demand for what it will become. None is the end."""
        await trio.lowlevel.checkpoint()
        while True:
            most = self._may_take()
            if most:
                batch, self._again = self._again, None
                if batch is None and (batch := self._inlet.take(most)) is not None:
                    self._received += len(batch.items)
                    self._batches += 1
                if batch is not None:
                    return batch
            if self._inlet.ended and self._again is None and self._is_empty():
                return None
            await self._park("items" if most else "demand")

    def _put_aside(self, batch: Batch[T], error: BaseException) -> None:
        """See to a batch that was not handled to its end."""
        failed = isinstance(error, Exception)
        self._failures += failed
        failures = batch.failures + failed
        if failures < self._attempts and self._attempts > 1:
            self._again = attrs.evolve(batch, failures=failures)
            return
        self._drop("failed" if failed else "cancelled", len(batch.items))
        batch.subscription.settle(len(batch.items))

    def _may_take(self) -> int:
        """How many items there is demand for."""
        return 1 << 30

    def _is_empty(self) -> bool:
        """Whether nothing waits to be given out."""
        return True

    def _finish(self, result: R) -> Callable[[], None]:
        """Look at what the function returned, and return what is to be done when nothing can fail any more."""
        raise NotImplementedError

    def _end(self) -> None:
        """Do what is to be done at the end of everything."""
