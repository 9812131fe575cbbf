"""How many items go through a pipeline in a second of CPU time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable

import attrs
import trio
import trio.testing

from nurseries import Buffer, Dispatcher, Sink, Source, Stage, balance, broadcast, partition
from nurseries.stages.node import Node

SINKS = 4
ROOMS = 300
#: How many are posted before others get their turn.
BURST = 500


@attrs.frozen
class Event:
    """What goes through: like a quality sample, as small as it may be."""

    room: str
    subject: int
    value: int


#: A way to post events.
Feed = Callable[[Source["Event"], list["Event"]], Awaitable[None]]


@attrs.frozen
class Figures:
    """``items`` went in; ``seen`` were seen by sinks, all together; ``cpu`` and ``wall`` are in seconds."""

    items: int
    seen: int
    batches: int
    cpu: float
    wall: float


def events(number: int) -> list[Event]:
    """Events of all rooms in turn, made before anything is measured."""
    rooms = [f"room-{each}" for each in range(ROOMS)]
    return [Event(rooms[each % ROOMS], each % 3_000, each) for each in range(number)]


def room(event: Event) -> Hashable:
    return event.room


def subject(event: Event) -> Hashable:
    return event.subject


def same(batch: list[Event]) -> list[Event]:
    return batch


class Pipeline:
    """A source, a stage and sinks, ready to run, and what the sinks have counted."""

    def __init__(
        self, dispatch: Dispatcher[Event], sinks: int = SINKS, *, key: bool = False, named: bool = False
    ) -> None:
        self.seen = 0
        buffer: Buffer[Event] = Buffer(10_000, "coalesce", key=subject) if key else Buffer(2_000)
        self.source = Source("source", buffer=buffer)
        self.stage = Stage("stage", same, dispatch=dispatch)
        self.sinks = [Sink(f"sink:{number}", self.count) for number in range(sinks)]
        self.stage.subscribe(self.source)
        for number, sink in enumerate(self.sinks):
            sink.subscribe(self.stage, partition=f"room-{number}" if named else None)

    def count(self, batch: list[Event]) -> None:
        self.seen += len(batch)

    @property
    def nodes(self) -> list[Node]:
        return [*self.sinks, self.stage, self.source]


async def bursts(source: Source[Event], items: list[Event]) -> None:
    """Post in bursts, as a batch of reports is."""
    place = 0
    while place < len(items):
        place += source.post_all(items[place : place + BURST])
        await trio.lowlevel.checkpoint()


async def singly(source: Source[Event], items: list[Event]) -> None:
    """Post one by one, as callbacks do."""
    for number, item in enumerate(items):
        while not source.post(item):
            await trio.lowlevel.checkpoint()
        if not number % BURST:
            await trio.lowlevel.checkpoint()


async def trickle(source: Source[Event], items: list[Event]) -> None:
    """Post one, and let everyone see to it: there is never more than one to handle."""
    for item in items:
        source.post(item)
        for _ in range(6):
            await trio.lowlevel.checkpoint()


async def through(pipeline: Pipeline, feed: Feed, number: int) -> Figures:
    """Send so many events through, and wait until all are handled."""
    items = events(number)
    async with trio.open_nursery() as nursery:
        for node in pipeline.nodes:
            nursery.start_soon(node.run)
        await trio.testing.wait_all_tasks_blocked()
        cpu, wall = time.process_time(), time.perf_counter()
        await feed(pipeline.source, items)
        pipeline.source.close()
    return Figures(
        items=number,
        seen=pipeline.seen,
        batches=sum(sink.statistics().batches for sink in pipeline.sinks),
        cpu=time.process_time() - cpu,
        wall=time.perf_counter() - wall,
    )


async def channels(number: int) -> Figures:
    """The same with two memory channels and one receiver, one item at a time: what Trio has without stages."""
    items, seen = events(number), 0
    first, middle = trio.open_memory_channel[Event](2_000)
    second, last = trio.open_memory_channel[Event](2_000)

    async def relay() -> None:
        async with second:
            async for item in middle:
                await second.send(item)

    async def count() -> None:
        nonlocal seen
        async for _ in last:
            seen += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(relay)
        nursery.start_soon(count)
        await trio.testing.wait_all_tasks_blocked()
        cpu, wall = time.process_time(), time.perf_counter()
        async with first:
            for item in items:
                await first.send(item)
    return Figures(number, seen, number, time.process_time() - cpu, time.perf_counter() - wall)


#: What is measured, and with how many events.
MEASUREMENTS: dict[str, Callable[[], Awaitable[Figures]]] = {
    "partition by room to 4 sinks": lambda: through(Pipeline(partition(room)), bursts, 1_000_000),
    "the same, posted one by one": lambda: through(Pipeline(partition(room)), singly, 1_000_000),
    "the same, coalesced in the source": lambda: through(Pipeline(partition(room), key=True), singly, 500_000),
    "a sink for each of 300 rooms": lambda: through(Pipeline(partition(room), ROOMS, named=True), bursts, 500_000),
    "broadcast to 4 sinks": lambda: through(Pipeline(broadcast()), bursts, 1_000_000),
    "balanced over 4 sinks": lambda: through(Pipeline(balance()), bursts, 1_000_000),
    "partition, one event at a time": lambda: through(Pipeline(partition(room)), trickle, 20_000),
    "two memory channels, one receiver": lambda: channels(100_000),
}
