"""One measurement: a room of a size at a server, from its start to its end."""

from __future__ import annotations

import asyncio
import time

import attrs

from benchmarks.media.contender import Contender, Wrong, cpu, resident, waited
from benchmarks.media.load import Load

#: Seconds in which keyframes come and code gets warm.
WARM_UP = 2.0
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


@attrs.frozen
class Figures:
    """What was measured."""

    size: Size
    #: Seconds of CPU time of the server's process for each packet that came from it, and packets a second.
    cost: float
    packets: float
    #: Part of a core, and of the packets that did not come.
    core: float
    lost: float
    #: Seconds in each second in which a thread of the server waited for a core, as others had both.
    waited: float
    #: Seconds from a publisher's send to a subscriber's socket.
    delays: list[float] = attrs.field(repr=False)
    #: Bytes by which the server's process grew.
    memory: int

    def delay(self, part: float) -> float:
        """Return the delay below which that part of them lies."""
        return sorted(self.delays)[min(int(part * len(self.delays)), len(self.delays) - 1)]


async def measure(contender: Contender, size: Size, enter: tuple[str, ...], seconds: float) -> Figures:
    """Start a server, fill a room, and see what it takes. Raises Wrong."""
    async with contender.run(enter) as room, Load().running() as load:
        memory = resident(room.pid)
        names = [f"person{number}" for number in range(size.people)]
        for name in names[: size.publishers]:
            await room.publish(load.publisher(name, size.rate))
        subscribers = names if size.all_publish else names[size.publishers :]
        for start in range(0, len(subscribers), _AT_ONCE):
            coming = subscribers[start : start + _AT_ONCE]
            await asyncio.gather(*(room.subscribe(load, name, size.publishers - size.all_publish) for name in coming))
        load.begin()
        await asyncio.sleep(WARM_UP)
        load.sample(wanted=True)
        load.read()
        # What is under way at the beginning is not of this time, and as much is at the end that is.
        sent, received, began = load.sent, load.received, time.monotonic()
        spent, queued = cpu(room.pid), waited(room.pid)
        await asyncio.sleep(seconds)
        load.read()
        sent, received = load.sent - sent, load.received - received
        spent, queued = cpu(room.pid) - spent, waited(room.pid) - queued
        elapsed, memory = time.monotonic() - began, resident(room.pid) - memory
        load.sample(wanted=False)
        if received <= 0 or not load.delays:
            raise Wrong(f"{contender.name} forwarded nothing at {size.name}")
        expected = sent * size.subscribers
        return Figures(
            size=size,
            cost=spent / received,
            packets=received / elapsed,
            core=spent / elapsed,
            lost=max(0.0, 1 - received / expected),
            waited=queued / elapsed,
            delays=load.delays,
            memory=memory,
        )
