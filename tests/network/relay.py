"""The relay: a port for each person, UDP and TCP, and what can be done to each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import attrs

from tests.network.conditions import CLEAR, Conditions
from tests.network.link import Link, LinkStatistics
from tests.network.tcp import TcpGate
from tests.network.udp import UdpGate

Protocol = Literal["udp", "tcp"]
_PORT_ATTEMPTS = 10


@attrs.frozen
class LineStatistics:
    """What became of what a person sent and was sent, and what is open."""

    up: LinkStatistics
    down: LinkStatistics
    flows: int
    connections: int


class Line:
    """One person's way to the server, and back."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.up, self.down = Link(CLEAR, f"{seed}/{name}/up"), Link(CLEAR, f"{seed}/{name}/down")
        self._udp: UdpGate | None = None
        self._tcp = TcpGate(("", 0), self.up, self.down)

    async def open(self, host: str, target: tuple[str, int]) -> None:
        """Listen on a port that is free for both protocols. Raises OSError if there is none."""
        loop = asyncio.get_running_loop()
        self._tcp.target = target
        for attempt in range(_PORT_ATTEMPTS):
            self._udp = UdpGate(host, target, self.up, self.down, loop)
            try:
                await self._tcp.listen(host, self._udp.port)
            except OSError:
                self._udp.close()
                if attempt == _PORT_ATTEMPTS - 1:
                    raise
            else:
                return

    @property
    def udp(self) -> UdpGate:
        assert self._udp is not None, "it is open"
        return self._udp

    @property
    def port(self) -> int:
        """Where the person finds the server."""
        return self.udp.port

    def become(self, *, up: Conditions | None = None, down: Conditions | None = None) -> None:
        """Be like this from now on, in one direction or both."""
        now = asyncio.get_running_loop().time()
        if up is not None:
            self.up.change(up, now)
        if down is not None:
            self.down.change(down, now)

    def cut(self) -> None:
        """Let nothing through, and tell nobody."""
        self.up.cut()
        self.down.cut()
        self._tcp.cut()

    def mend(self) -> None:
        self.up.mend()
        self.down.mend()
        self._tcp.mend()

    def block(self, protocol: Protocol, *, blocked: bool = True) -> None:
        """Swallow all UDP, or refuse all TCP."""
        if protocol == "udp":
            self.udp.blocked = blocked
        else:
            self._tcp.block(blocked=blocked)

    def move(self) -> None:
        """Go to another address: packets come from other ports, and connections end."""
        self.udp.move()
        self._tcp.reset()

    def statistics(self) -> LineStatistics:
        return LineStatistics(self.up.statistics(), self.down.statistics(), len(self.udp.flows), self._tcp.connections)

    async def close(self) -> None:
        await self._tcp.close()
        self.udp.close()


@asynccontextmanager
async def relaying(
    names: Sequence[str], target: tuple[str, int], seed: int = 0, host: str = "127.0.0.1"
) -> AsyncIterator[dict[str, Line]]:
    """Have a line to the server for each of these names, for as long as the context lasts. Raises OSError."""
    lines: dict[str, Line] = {}
    try:
        for name in names:
            line = Line(name, seed)
            await line.open(host, target)
            lines[name] = line
        yield lines
    finally:
        for line in lines.values():
            await line.close()
