"""The load: all its connections, driven by one task, which sends what is due and reads what came in large batches.

A socket is read fifty times a second, whatever comes: the kernel keeps the packets, and notes when they arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.media.inbox import SLOTS, STRIDE, Inbox
from benchmarks.media.peer import Peer, Subscriber
from benchmarks.media.publisher import Publisher

#: Seconds between two looks at what is due to be sent, as a browser's pacer does, and how many of those between reads.
TICK = 0.005
_READ_EVERY = 4


class Load:
    """Publishers and subscribers, while they come, and then while they stay."""

    def __init__(self) -> None:
        self.publishers: list[Publisher] = []
        self.subscribers: list[Subscriber] = []
        self._inbox = Inbox()
        self._sampling = False
        #: While people come there is little to read, and it is waited for.
        self._hurry = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Load]:
        """Drive it for as long as the context lasts, then say goodbye for all."""
        driver = asyncio.create_task(self._drive())
        try:
            yield self
            # A goodbye that is not answered costs nothing, so it is said to all at once.
            await asyncio.gather(*(peer.close() for peer in self._peers()))
        finally:
            driver.cancel()
            await asyncio.wait([driver])
            if not driver.cancelled():
                driver.result()
            for peer in self._peers():
                peer.sock.close()

    def publisher(self, name: str, rate: int) -> Publisher:
        peer = Publisher(name, rate)
        self.publishers.append(peer)
        return peer

    def subscriber(self, name: str) -> Subscriber:
        peer = Subscriber(name)
        self.subscribers.append(peer)
        return peer

    def come_to_rest(self) -> None:
        """Everyone is there: read in batches."""
        self._hurry = False

    def begin(self) -> None:
        """Send from now on, publishers a little apart from each other."""
        now = time.monotonic()
        for number, publisher in enumerate(self.publishers):
            publisher.begin(now + number * 0.0037)

    def end(self) -> None:
        """Send nothing any more."""
        for publisher in self.publishers:
            publisher.end()

    def sample(self, *, wanted: bool) -> None:
        """Note how long packets take, or stop that."""
        self._sampling = wanted

    @property
    def sent(self) -> int:
        return sum(peer.sent for peer in self.publishers)

    @property
    def received(self) -> int:
        """Packets of media that came, up to the last reading."""
        return sum(peer.media for peer in self.subscribers)

    @property
    def delays(self) -> list[float]:
        return [delay for peer in self.subscribers for delay in peer.delays]

    def _peers(self) -> list[Peer]:
        return [*self.publishers, *self.subscribers]

    async def _drive(self) -> None:
        count, due = 0, time.monotonic()
        while True:
            now = time.monotonic()
            for peer in self._peers():
                if peer.connected:
                    peer.tick(now)
            if self._hurry or count % _READ_EVERY == 0:
                self.read()
            count += 1
            due = max(due + TICK, now - 10 * TICK)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def read(self) -> None:
        """Read all that has come."""
        for peer in self._peers():
            while self._read(peer) == SLOTS:
                continue

    def _read(self, peer: Peer) -> int:
        inbox, octets = self._inbox, self._inbox.octets
        try:
            count = inbox.receive(peer.descriptor)
        except ConnectionRefusedError:
            return 0  # the server is gone
        media = 0
        for number in range(count):
            start = number * STRIDE
            if octets[start] < 128:
                peer.take(inbox.datagram(number))
            elif 192 <= octets[start + 1] < 224:
                peer.take_control(inbox.datagram(number))
            else:
                media += 1
                if number == 0 and self._sampling and isinstance(peer, Subscriber):
                    arrival = inbox.arrival()
                    if arrival is not None:
                        peer.take_sample(inbox.datagram(0), arrival)
        peer.media += media
        return count
