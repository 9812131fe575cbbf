"""Passive ICE-TCP (RFC 6544): for browsers on networks that let no UDP through.

It listens on the same addresses and the same port number as UDP does. A connection is one more way to a browser: its
packets, framed (RFC 4571), take the same synchronous path as datagrams, and what the kernel does not take at once is
kept up to a bound; then whole packets are dropped, as a full router would, and never a part of one.

Who connects has proved nothing. So until the first authenticated check a connection has little time and few octets, and
it gives way when there are too many.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

import attrs

from media.worker.counters import Counters
from media.worker.framing import Deframer, FramingError, frame
from media.worker.ice import Address, Endpoint, IceAgent, Path

logger = logging.getLogger(__name__)

#: Connections at a time: of everybody, and of one address (or IPv6 /64). A browser opens a few for each of two legs.
MAX_CONNECTIONS = 512
MAX_PER_ADDRESS = 128
#: Octets that may come in before the first authenticated check, which has some 150.
MAX_UNPROVEN = 4_096
#: Seconds until that check, and then between two packets of a known peer; browsers check unused paths every 25 s.
HANDSHAKE_TIMEOUT = 10.0
IDLE_TIMEOUT = 40.0
#: Octets of packets that wait for the kernel: here, and there before they are sent. More would only come late.
MAX_UNSENT = 64 << 10
NOT_SENT = 128 << 10
#: Octets read, and connections accepted, per wake-up; the rest waits a turn of the loop.
MAX_READ = 64 << 10
MAX_ACCEPTED = 16
#: Seconds between two looks for those whose time is up.
LOOK_INTERVAL = 0.5
_BACKLOG = 128
#: The kernel has no more to give. What waits to be accepted waits on.
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

#: Takes a packet, what it came on, the address it came from, and the time in seconds; says whether its sender is known.
Receive = Callable[[bytes, Endpoint, Address, float], bool]


@attrs.frozen
class TcpStatistics:
    """The connections now; from ``accepted`` on, what has happened since the start."""

    connections: int = 0
    #: of these, those on which an authenticated check has come in
    proven: int = 0
    #: octets that wait for the kernel to take them
    unsent: int = 0
    accepted: int = 0
    #: closed at once, because there were too many, or given up for others before they had proved anything
    refused: int = 0
    timed_out: int = 0
    #: closed because of what came in: no frames, or too much without an authenticated check
    broken: int = 0
    #: packets that no buffer had room for
    packets_dropped: int = 0


class TcpConnection:
    """One accepted connection. An endpoint of ICE, whose only address is its peer's."""

    is_stream = True

    def __init__(self, listener: TcpListener, sock: socket.socket, address: Address, now: float) -> None:
        self._listener = listener
        self._socket = sock
        self._deframer = Deframer()
        self._unsent = bytearray()
        self._received = 0
        self.address = address
        self.proven = False
        self.closed = False
        #: When it is given up.
        self.deadline = now + HANDSHAKE_TIMEOUT

    @property
    def unsent(self) -> int:
        """How many octets wait for the kernel to take them."""
        return len(self._unsent)

    def start(self) -> None:
        """Begin to read."""
        self._listener.loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Close the connection at once, and forget it. Doing it twice is doing it once."""
        if self.closed:
            return
        self.closed = True
        self._listener.loop.remove_reader(self._socket)
        self._listener.loop.remove_writer(self._socket)
        self._socket.close()
        self._unsent.clear()
        self._listener.forget(self)

    def send(self, data: bytes, address: Address) -> bool:  # noqa: ARG002 - there is only one
        """Send a packet, or drop it where the buffers are full. An error is left for the reader to find."""
        if self.closed:
            self._listener.counters.sends_refused += 1
            return False
        framed = frame(data)
        if self._unsent:
            if len(self._unsent) + len(framed) > MAX_UNSENT:
                self._listener.dropped += 1
                self._listener.counters.sends_full += 1
                return False
            self._unsent += framed
        else:
            try:
                sent = self._socket.send(framed)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._listener.counters.sends_refused += 1
                return False
            if sent < len(framed):
                self._unsent += framed[sent:]
                self._listener.loop.add_writer(self._socket, self._writable)
        self._listener.counters.packets_sent += 1
        self._listener.counters.octets_sent += len(data)
        return True

    def _writable(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:  # the reader finds it, too
            sent = len(self._unsent)
        del self._unsent[:sent]
        if not self._unsent:
            self._listener.loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(MAX_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._received += len(data)
        try:
            packets = self._deframer.feed(data)
        except FramingError as error:
            self._give_up(str(error))
            return
        now = self._listener.clock()
        for packet in packets:
            if self._listener.receive(packet, self, self.address, now):
                self.proven = True
                self.deadline = now + IDLE_TIMEOUT
            if self.closed:  # by what it said
                return
        if not self.proven and self._received > MAX_UNPROVEN:
            self._give_up(f"{self._received} octets without an authenticated check")

    def _give_up(self, reason: str) -> None:
        logger.debug("connection given up address=%s reason=%r", self.address[0], reason)
        self._listener.broken += 1
        self.close()


class TcpListener:
    """The listening sockets, and the connections that came to them.

    ``tick`` is to be called now and then with the time, in seconds of ``clock``.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        agent: IceAgent,
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sockets = list(sockets)
        self._agent = agent
        self.receive: Receive = agent.receive
        self.counters = counters
        self.clock = clock
        self.loop: asyncio.AbstractEventLoop
        #: In the order in which they came.
        self._connections: dict[TcpConnection, None] = {}
        self._per_address: Counter[str] = Counter()
        self._paused = False
        self._next_look = 0.0
        self._accepted = self._refused = self._timed_out = 0
        self.broken = 0
        self.dropped = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to accept."""
        self.loop = loop
        self._resume()

    def close(self) -> None:
        """Close everything."""
        self._pause()
        for sock in self._sockets:
            sock.close()
        for connection in list(self._connections):
            connection.close()

    def tick(self, now: float) -> None:
        """Time has passed: give up those whose time is up."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_INTERVAL
        if self._paused:
            self._resume()
        for connection in [each for each in self._connections if each.deadline <= now]:
            self._timed_out += 1
            connection.close()

    def statistics(self) -> TcpStatistics:
        """Return what there is now, and what has happened."""
        return TcpStatistics(
            connections=len(self._connections),
            proven=sum(each.proven for each in self._connections),
            unsent=sum(each.unsent for each in self._connections),
            accepted=self._accepted,
            refused=self._refused,
            timed_out=self._timed_out,
            broken=self.broken,
            packets_dropped=self.dropped,
        )

    def forget(self, connection: TcpConnection) -> None:
        """A connection was closed."""
        self._connections.pop(connection)
        key = _group(connection.address)
        self._per_address[key] -= 1
        if not self._per_address[key]:
            del self._per_address[key]
        self._agent.forget(Path(connection, connection.address))

    def _resume(self) -> None:
        self._paused = False
        for sock in self._sockets:
            self.loop.add_reader(sock, self._acceptable, sock)

    def _pause(self) -> None:
        self._paused = True
        for sock in self._sockets:
            self.loop.remove_reader(sock)

    def _acceptable(self, listener: socket.socket) -> None:
        for _ in range(MAX_ACCEPTED):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    logger.warning("no connection can be accepted error=%r", error.strerror)
                    self._pause()  # or it would wake us for ever
                    return
                continue  # it went before it was accepted
            self._accept(sock, address)

    def _accept(self, sock: socket.socket, address: Address) -> None:
        if not self._make_room(_group(address)):
            self._refused += 1
            sock.close()
            return
        try:
            _prepare(sock)
        except OSError:  # gone already
            sock.close()
            return
        connection = TcpConnection(self, sock, address, self.clock())
        self._connections[connection] = None
        self._per_address[_group(address)] += 1
        self._accepted += 1
        connection.start()

    def _make_room(self, group: str) -> bool:
        """Have a place for one more; whoever has proved nothing for longest gives way. False if there is none."""
        of_address = self._per_address[group] >= MAX_PER_ADDRESS
        if not of_address and len(self._connections) < MAX_CONNECTIONS:
            return True
        for each in self._connections:
            if not each.proven and (not of_address or _group(each.address) == group):
                self._refused += 1
                each.close()
                return True
        return False


def listen(address: str, port: int) -> socket.socket:
    """Open a listening socket. Raises OSError."""
    family, kind, protocol, _, name = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        # or what is left of the connections of a worker before this one would keep the port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(name)
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOT_SENT)


def _group(address: Address) -> str:
    """Whose connections are counted together: those of an IPv4 address, or of an IPv6 network of 64 bits."""
    host = str(address[0]).partition("%")[0]
    return host if "." in host else str(ipaddress.IPv6Network((host, 64), strict=False))
