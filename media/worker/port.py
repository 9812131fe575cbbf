"""The port of a worker: one number, for UDP and for TCP, on each of its addresses."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

import attrs

from media.worker import tcp, udp
from media.worker.udp import PortInUseError

_ATTEMPTS = 10


@attrs.frozen
class Port:
    """The number and the sockets, bound and not yet read from."""

    number: int
    udp: list[socket.socket]
    tcp: list[socket.socket]

    @property
    def addresses(self) -> list[str]:
        """The addresses it is open on."""
        return [sock.getsockname()[0] for sock in self.udp]

    def close(self) -> None:
        """Close all sockets."""
        for sock in (*self.udp, *self.tcp):
            sock.close()


def open_port(addresses: Sequence[str], number: int, *, all_needed: bool) -> Port:
    """Bind a UDP and a TCP socket per address to the same number; 0 chooses one. See `udp.bind`.

    Raises PortInUseError, and OSError if it cannot be opened otherwise.
    """
    for attempt in range(_ATTEMPTS):
        chosen, datagrams = udp.bind(addresses, number, all_needed=all_needed)
        port = Port(chosen, datagrams, [])
        try:
            for address in port.addresses:
                port.tcp.append(_listen(address, chosen))
        except BaseException as error:
            port.close()
            # the kernel chose it for UDP without a look at TCP
            if isinstance(error, PortInUseError) and number == 0 and attempt < _ATTEMPTS - 1:
                continue
            raise
        return port
    raise AssertionError("unreachable")


def _listen(address: str, number: int) -> socket.socket:
    try:
        return tcp.listen(address, number)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(address, number, "TCP") from error
        raise
