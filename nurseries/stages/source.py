"""Where items come from."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Literal, TypeVar

import attrs
import trio

from nurseries.stages.buffers import Buffer, Overflow
from nurseries.stages.dispatchers import Dispatcher
from nurseries.stages.statistics import StageStatistics
from nurseries.stages.upstream import Upstream

T = TypeVar("T")


class Source(Upstream[T], Generic[T]):
    """Gives out items, never more than it was asked for.

    Without ``produce`` it is fed by `post`, which is for plain code and never waits; what is not asked for yet waits in
    its ``buffer``. With ``produce`` it has none: that is awaited with the number of items asked for and returns some of
    them, as soon as there are any; none are the end.
    """

    kind: Literal["source"] = "source"

    def __init__(
        self,
        name: str,
        *,
        buffer: Buffer[T] | None = None,
        produce: Callable[[int], Awaitable[Sequence[T]]] | None = None,
        dispatch: Dispatcher[T] | None = None,
    ) -> None:
        super().__init__(name, dispatch)
        if buffer is not None and produce is not None:
            raise ValueError("what is produced on demand needs no buffer")
        self._produce = produce
        self._buffer = buffer or Buffer()
        self._queue = self._buffer.open()
        self._closed = False

    def post(self, item: T) -> bool:
        """Take an item in, without waiting, from plain code in Trio's thread. Returns whether it is in.

        It is not when the buffer is full and says ``wait`` (counted as ``refused``, and still the caller's) or has
        dropped it. Raises Overflow when the buffer says ``fail``, ClosedResourceError after `close`, and RuntimeError
        if items are produced here.
        """
        return self.post_all((item,)) == 1

    def post_all(self, items: Sequence[T]) -> int:
        """Take items in as `post` does, and return how many are in: the first ones, or with ``drop_oldest`` the last.

        A key of which there was news already is in, as newer news.
        """
        if self._produce is not None:
            raise RuntimeError(f"{self._name} produces its items itself")
        if self._closed:
            raise trio.ClosedResourceError(f"{self._name} is closed")
        queue = self._queue
        number = queue.put(items)
        if self._doing == "items":  # and not for demand: then nothing is to be done with them yet
            self._wake()
        if number < len(items):
            self._drop("refused", len(items) - number)
            if self._buffer.fails:
                raise Overflow(f"{self._name} has {len(queue)} items that must not be dropped, and no room for more")
        return number

    def close(self) -> None:
        """Say that nothing will be posted any more. What was is still given out, and then it ends."""
        self._closed = True
        self._wake()

    def statistics(self) -> StageStatistics:
        """Tell how it is now."""
        buffer = self._queue.statistics() if self._produce is None else None
        return attrs.evolve(super().statistics(), buffer=buffer)

    async def _work(self) -> None:
        while True:
            await trio.lowlevel.checkpoint()
            self._outlet.flush()
            demand = self._outlet.demand
            if self._produce is not None:
                if not demand:
                    await self._park("demand")
                elif not await self._ask(self._produce, demand):
                    break
            elif demand and self._queue:
                self._give(self._queue.take(demand))
            elif self._closed and not self._queue and not self._outlet.pending:
                break
            else:
                await self._park("items" if demand else "demand")
        self._outlet.end()

    async def _ask(self, produce: Callable[[int], Awaitable[Sequence[T]]], demand: int) -> bool:
        self._doing = "producing"
        began = time.perf_counter()
        try:
            items = await produce(demand)
        except Exception:
            self._failures += 1
            raise
        finally:
            self._busy += time.perf_counter() - began
        if len(items) > demand:
            raise ValueError(f"{self._name} was asked for {demand} items and produced {len(items)}")
        if items:
            self._give(items)
        return bool(items)

    def _give(self, items: Sequence[T]) -> None:
        self._received += len(items)
        self._batches += 1
        self._outlet.send(items)
