"""What tests of stages are made of."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing

from nurseries.stages.node import Node

Item = tuple[str | None, int]


def of(item: Item) -> str | None:
    return item[0]


@asynccontextmanager
async def running(*nodes: Node) -> AsyncGenerator[trio.Nursery]:
    async with trio.open_nursery() as nursery:
        for node in nodes:
            await nursery.start(node.run, name=node.name)
        yield nursery
        nursery.cancel_scope.cancel()


class Slow:
    """A function that lets a batch go when it is told to."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.batches: list[int] = []
        self.may = trio.Semaphore(0)

    async def handle(self, batch: list[Any]) -> None:
        self.batches.append(len(batch))
        await self.may.acquire()
        self.got += batch
