"""One measurement: a room of a size at each server, from their start to their end."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Sequence

import attrs

from benchmarks.media.contender import Contender, Room, Wrong, cpu, resident, waited
from benchmarks.media.load import Load

#: Seconds of each turn before those that are measured.
WARM_UP = 0.5
#: Subscribers that come at once.
_AT_ONCE = 8


@attrs.frozen
class Size:
    """A room: so many publish, and each of them has so many subscribers, of whom some may publish, too."""

    publishers: int
    subscribers: int
    #: Packets a second of each publisher.
    rate: int

    @property
    def name(self) -> str:
        return f"{self.publishers}×{self.subscribers}"

    @property
    def people(self) -> int:
        """Everybody publishes, if that leaves nobody over."""
        return self.publishers if self.all_publish else self.publishers + self.subscribers

    @property
    def consumers(self) -> int:
        """Tracks on their way to somebody: sound and picture."""
        return 2 * self.publishers * self.subscribers

    @property
    def all_publish(self) -> bool:
        return self.publishers == self.subscribers + 1


@attrs.define
class Figures:
    """What was measured at one server, in turns with the others."""

    size: Size
    #: Bytes by which the server's process grew while people came and first sent.
    memory: int
    #: Of each turn: seconds of CPU time of the server's process for each packet that came from it.
    costs: list[float] = attrs.field(factory=list)
    #: Of each turn: packets a second, and the part of them that did not come.
    packets: list[float] = attrs.field(factory=list)
    lost: list[float] = attrs.field(factory=list)
    #: Of each turn: seconds in each second in which a thread of the server waited for a core, as others had both.
    waited: list[float] = attrs.field(factory=list)
    #: Seconds from a publisher's send to a subscriber's socket, of some packets.
    delays: list[float] = attrs.field(factory=list, repr=False)

    @property
    def cost(self) -> float:
        return statistics.median(self.costs)

    def delay(self, part: float) -> float:
        """Return the delay below which that part of them lies."""
        return sorted(self.delays)[min(int(part * len(self.delays)), len(self.delays) - 1)]


@attrs.define(eq=False)
class _Running:
    """A server with its room and its load."""

    name: str
    room: Room
    load: Load
    size: Size
    memory: int

    @classmethod
    async def start(
        cls, stack: contextlib.AsyncExitStack, contender: Contender, size: Size, enter: tuple[str, ...]
    ) -> _Running:
        """Start a server and fill a room."""
        room = await stack.enter_async_context(contender.run(enter))
        load = await stack.enter_async_context(Load().running())
        running = cls(contender.name, room, load, size, resident(room.pid))
        names = [f"person{number}" for number in range(size.people)]
        for name in names[: size.publishers]:
            await room.publish(load.publisher(name, size.rate))
        subscribers = names if size.all_publish else names[size.publishers :]
        for start in range(0, len(subscribers), _AT_ONCE):
            coming = subscribers[start : start + _AT_ONCE]
            await asyncio.gather(*(room.subscribe(load, name, size.publishers - size.all_publish) for name in coming))
        load.come_to_rest()
        return running

    async def turn(self, seconds: float, figures: Figures) -> None:
        """Send for a while, and add what it took to the figures. Raises Wrong."""
        load, pid = self.load, self.room.pid
        load.begin()
        await asyncio.sleep(WARM_UP)
        load.sample(wanted=True)
        load.read()
        # What is under way at the beginning is not of this time, and as much is at the end that is.
        sent, received, began = load.sent, load.received, time.monotonic()
        spent, queued = cpu(pid), waited(pid)
        await asyncio.sleep(seconds)
        load.read()
        sent, received = load.sent - sent, load.received - received
        spent, queued = cpu(pid) - spent, waited(pid) - queued
        elapsed = time.monotonic() - began
        load.sample(wanted=False)
        load.end()
        if received <= 0:
            raise Wrong(f"{self.name} forwarded nothing at {self.size.name}")
        figures.costs.append(spent / received)
        figures.packets.append(received / elapsed)
        figures.lost.append(max(0.0, 1 - received / (sent * self.size.subscribers)))
        figures.waited.append(queued / elapsed)
        figures.delays = load.delays


async def measure(
    contenders: Sequence[Contender], size: Size, enter: tuple[str, ...], turns: int, seconds: float
) -> dict[str, Figures]:
    """Have all servers forward in turns, so that what else the machine does is done to all. Raises Wrong."""
    found: dict[str, Figures] = {}
    async with contextlib.AsyncExitStack() as stack:
        running = [await _Running.start(stack, each, size, enter) for each in contenders]
        for _ in range(turns):
            for each in running:
                if each.name not in found:
                    found[each.name] = Figures(size, 0)
                    await each.turn(seconds, Figures(size, 0))  # keyframes come, and code gets warm
                    found[each.name].memory = resident(each.room.pid) - each.memory
                await each.turn(seconds, found[each.name])
    return found
