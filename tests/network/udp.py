"""The packets of one person: each of their sockets leads to the server through a socket of its own, by one link."""

from __future__ import annotations

import asyncio
import heapq
import socket
from collections.abc import Callable
from typing import Any

from tests.network.link import Link

Address = tuple[str, int]

#: Sockets of one person that are kept apart; a browser tries some for each connection.
MAX_FLOWS = 128
_DATAGRAM = 65_536
_BURST = 64
_BUFFER = 1 << 20


class Wire:
    """Packets under way on a link, each with what delivers it."""

    def __init__(self, link: Link, loop: asyncio.AbstractEventLoop) -> None:
        self.link = link
        self._loop = loop
        self._heap: list[tuple[float, int, Callable[[bytes], None], bytes]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def send(self, packet: bytes, deliver: Callable[[bytes], None]) -> None:
        """Hand it to the link; call ``deliver`` with it when it arrives, if it does."""
        for delivery in self.link.send(packet, self._loop.time()):
            heapq.heappush(self._heap, (delivery.at, self._count, deliver, packet))
            self._count += 1
        self._arrive()

    def close(self) -> None:
        """Lose what is under way."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arrive(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._heap and self._heap[0][0] <= self._loop.time():
            _, _, deliver, packet = heapq.heappop(self._heap)
            deliver(packet)
        if self._heap:
            self._timer = self._loop.call_at(self._heap[0][0], self._arrive)


class Flow:
    """One socket of the person, and ours that speaks to the server for it."""

    def __init__(self, gate: UdpGate, source: Address) -> None:
        self._gate = gate
        self.source = source
        self._far = self._open()

    @property
    def port(self) -> int:
        """The port that the server sees."""
        port: int = self._far.getsockname()[1]
        return port

    def move(self) -> None:
        """Speak to the server from another port. What is still sent to the old one is lost."""
        old, self._far = self._far, self._open()
        self._close(old)

    def close(self) -> None:
        self._close(self._far)

    def to_server(self, packet: bytes) -> None:
        _send(self._far.send, packet)

    def to_person(self, packet: bytes) -> None:
        self._gate.to_person(packet, self.source)

    def _open(self) -> socket.socket:
        far = _socket(self._gate.target[0])
        far.connect(self._gate.target)
        self._gate.loop.add_reader(far, self._readable, far)
        return far

    def _close(self, far: socket.socket) -> None:
        self._gate.loop.remove_reader(far)
        far.close()

    def _readable(self, far: socket.socket) -> None:
        for _ in range(_BURST):
            try:
                packet = far.recv(_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # nobody listens there any more
                continue
            if not self._gate.blocked:
                self._gate.down.send(packet, self.to_person)


class UdpGate:
    """Where one person's packets go instead of to the server."""

    def __init__(self, host: str, target: Address, up: Link, down: Link, loop: asyncio.AbstractEventLoop) -> None:
        self.target = target
        self.loop = loop
        self.up, self.down = Wire(up, loop), Wire(down, loop)
        #: Whether nothing is let through, as firewalls do with UDP.
        self.blocked = False
        self._flows: dict[Address, Flow] = {}
        self._near = _socket(host)
        self._near.bind((host, 0))
        loop.add_reader(self._near, self._readable)

    @property
    def port(self) -> int:
        port: int = self._near.getsockname()[1]
        return port

    @property
    def flows(self) -> list[Flow]:
        return list(self._flows.values())

    def move(self) -> None:
        """Give every flow another address, as a router does that was started again."""
        for flow in self._flows.values():
            flow.move()

    def close(self) -> None:
        self.loop.remove_reader(self._near)
        self._near.close()
        for flow in self._flows.values():
            flow.close()
        self.up.close()
        self.down.close()

    def to_person(self, packet: bytes, source: Address) -> None:
        _send(self._near.sendto, packet, source)

    def _readable(self) -> None:
        for _ in range(_BURST):
            try:
                packet, source = self._near.recvfrom(_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # the person's socket is gone
                continue
            if not self.blocked:
                self.up.send(packet, self._flow(source).to_server)

    def _flow(self, source: Address) -> Flow:
        flow = self._flows.pop(source, None)
        if flow is None:
            if len(self._flows) >= MAX_FLOWS:  # the one that has been silent for longest
                self._flows.pop(next(iter(self._flows))).close()
            flow = Flow(self, source)
        self._flows[source] = flow
        return flow


def _socket(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    return sock


def _send(send: Callable[..., Any], *arguments: Any) -> None:
    try:
        send(*arguments)
    except OSError:
        return  # a full buffer, or nobody there: lost, as on any network
