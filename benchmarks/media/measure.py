"""One measurement: a room of a size at a server, from its start to its end."""

from __future__ import annotations

import asyncio
import time

import attrs

from benchmarks.media.contender import Contender, Wrong, cpu, resident
from benchmarks.media.load import Load

#: Seconds in which keyframes come and code gets warm, and those that are measured.
WARM_UP, SECONDS = 2.0, 6.0


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
    #: Seconds from a publisher's send to a subscriber's socket.
    delays: list[float] = attrs.field(repr=False)
    #: Bytes by which the server's process grew.
    memory: int

    def delay(self, part: float) -> float:
        """Return the delay below which that part of them lies."""
        return sorted(self.delays)[min(int(part * len(self.delays)), len(self.delays) - 1)]


async def measure(contender: Contender, size: Size, enter: tuple[str, ...]) -> Figures:
    """Start a server, fill a room, and see what it takes. Raises Wrong."""
    async with contender.run(enter) as room, Load().running() as load:
        memory = resident(room.pid)
        names = [f"person{number}" for number in range(size.people)]
        for name in names[: size.publishers]:
            await room.publish(load.publisher(name, size.rate))
        for name in names if size.all_publish else names[size.publishers :]:
            await room.subscribe(load, name, size.publishers - size.all_publish)
        load.begin()
        await asyncio.sleep(WARM_UP)
        load.sample(wanted=True)
        load.read()
        # What is under way at the beginning is not of this time, and as much is at the end that is.
        sent, received, spent, began = load.sent, load.received, cpu(room.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        load.read()
        sent, received, spent = load.sent - sent, load.received - received, cpu(room.pid) - spent
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
            delays=load.delays,
            memory=memory,
        )
