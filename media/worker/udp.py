"""The UDP sockets: non-blocking, read in the loop's readable callback, written at once."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import struct
import sys
import time
from array import array
from collections.abc import Callable, Sequence

from media.worker.counters import Counters
from media.worker.ice import Address

logger = logging.getLogger(__name__)

#: Datagrams read per wake-up; the rest waits a turn of the loop, so that a burst does not starve timers and requests.
MAX_BURST = 64
#: Bytes asked of the kernel for each socket; it grants what ``net.core.rmem_max`` allows.
BUFFER = 4 << 20
_DATAGRAM = 2_048
#: Not in the socket module: the option, and the type of its ancillary message, a struct timespec (socket(7)).
_SO_TIMESTAMPNS = 35
_TIMESTAMP = struct.Struct("@ll")
_ANCILLARY = socket.CMSG_SPACE(_TIMESTAMP.size)
#: Seconds that a datagram may have waited.
_MAX_AGE = 1.0
_PORT_ATTEMPTS = 10
#: What the kernel says of a full buffer, and of a full queue behind it.
_FULL = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)

#: Takes a datagram, the endpoint it came to, the address it came from, and the time in seconds.
Receive = Callable[[bytes, "UdpEndpoint", Address, float], object]


class PortInUseError(Exception):
    """The port is taken on this address."""

    def __init__(self, address: str, port: int, protocol: str = "UDP") -> None:
        super().__init__(f"{protocol} port {port} is in use on {address}")
        self.address = address
        self.port = port


class UdpEndpoint:
    """One bound socket."""

    is_stream = False

    def __init__(self, sock: socket.socket, receive: Receive, counters: Counters) -> None:
        self._socket = sock
        self._receive = receive
        self._counters = counters
        self.host: str = sock.getsockname()[0]
        #: The file descriptor, and -1 once it is closed: in memory, for C to read.
        self.descriptor = array("i", [sock.fileno()])

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read."""
        loop.add_reader(self._socket, self._readable)

    def take(self, data: bytes, address: Address, now: float) -> None:
        """Take a datagram that another has read."""
        self._receive(data, self, address, now)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop reading and close the socket."""
        loop.remove_reader(self._socket)
        self.descriptor[0] = -1  # the number may be another file's soon
        self._socket.close()

    def send(self, data: bytes, address: Address) -> bool:
        """Send a datagram. What the kernel does not take at once (full buffer, no route) is dropped and counted.

        Returns whether it was taken.
        """
        try:
            self._socket.sendto(data, address)
        except OSError as error:
            if error.errno in _FULL:
                self._counters.sends_full += 1
            else:
                self._counters.sends_refused += 1
            return False
        self._counters.packets_sent += 1
        self._counters.octets_sent += len(data)
        return True

    def _readable(self) -> None:
        receive, read = self._receive, self._socket.recvmsg
        for _ in range(MAX_BURST):
            try:
                data, ancillary, _, address = read(_DATAGRAM, _ANCILLARY)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error about something sent earlier
                continue
            receive(data, self, address, arrival(ancillary, time.monotonic(), time.time()))


def arrival(ancillary: Sequence[tuple[int, int, bytes]], now: float, wall: float) -> float:
    """Return when a datagram arrived, on the clock of ``now``, from the kernel's note of it on that of ``wall``.

    A sender takes a datagram that waited for a busy worker for one that waited in the network, and slows down; so the
    time that counts is the kernel's.
    """
    if len(ancillary) == 1 and ancillary[0][1] == _SO_TIMESTAMPNS and len(ancillary[0][2]) == _TIMESTAMP.size:
        seconds, nanoseconds = _TIMESTAMP.unpack(ancillary[0][2])
        age: float = wall - seconds - nanoseconds * 1e-9
        if 0.0 < age < _MAX_AGE:  # else the wall clock was set
            return now - age
    return now


def bind(addresses: Sequence[str], port: int, *, all_needed: bool) -> tuple[int, list[socket.socket]]:
    """Bind one socket per address to the same port; 0 chooses one.

    One socket per address, because a socket on the wildcard address answers from whatever address the route prefers,
    and a browser ignores answers from an address it did not ask. With ``all_needed`` False an address that cannot be
    bound is left out. Raises PortInUseError, and OSError if no address (``all_needed``: one of them) could be bound.
    """
    for attempt in range(_PORT_ATTEMPTS):
        try:
            return _bind(addresses, port, all_needed=all_needed)
        except PortInUseError:
            # the kernel chose it for the first address without knowing of the others
            if port != 0 or attempt == _PORT_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _bind(addresses: Sequence[str], port: int, *, all_needed: bool) -> tuple[int, list[socket.socket]]:
    sockets: list[socket.socket] = []
    failure = OSError("there is no address to listen on")
    try:
        for address in addresses:
            try:
                sockets.append(_socket(address, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise PortInUseError(address, port) from error
                failure = error
                if all_needed:
                    raise
                logger.warning("address skipped address=%s error=%r", address, error.strerror or str(error))
                continue
            port = sockets[-1].getsockname()[1]
        if not sockets:
            raise failure
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return port, sockets


def _socket(address: str, port: int) -> socket.socket:
    family, kind, protocol, _, name = socket.getaddrinfo(
        address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST | socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        if sys.platform == "linux":
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(name)
    except BaseException:
        sock.close()
        raise
    return sock
