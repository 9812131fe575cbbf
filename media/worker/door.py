"""A listening socket that lets only so many wait at the door: connections on which nobody has shown a secret yet."""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

#: Connections that may wait, in all and from one address: each costs a descriptor and a TLS handshake.
MOST = 64
MOST_OF_ONE = 8
#: Seconds between two lines of the log that say how many were turned away.
SAY_EVERY = 10.0


class Door(socket.socket):
    """What asyncio accepts from. A connection waits until it is closed or `admit` is told; one too many is closed."""

    def __init__(self, *arguments: Any, clock: Callable[[], float] = time.monotonic, **more: Any) -> None:
        super().__init__(*arguments, **more)
        #: Turned away since the start.
        self.refused = 0
        self._clock = clock
        self._waiting: dict[int, str] = {}
        self._addresses: Counter[str] = Counter()
        self._said = (-SAY_EVERY, 0)

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Raises BlockingIOError if there is none that may wait."""
        descriptor, address = self._accept()  # type: ignore[attr-defined]
        caller = _Caller(self, descriptor)
        host = address[0]
        if len(self._waiting) >= MOST or self._addresses[host] >= MOST_OF_ONE:
            caller.close()
            self._refuse(host)
            raise BlockingIOError
        caller.setblocking(False)
        self._waiting[descriptor] = host
        self._addresses[host] += 1
        return caller, address

    def admit(self, descriptor: int) -> None:
        """Whoever is there has shown the secret, or is gone."""
        host = self._waiting.pop(descriptor, None)
        if host is not None:
            self._addresses[host] -= 1
            if not self._addresses[host]:
                del self._addresses[host]

    def _refuse(self, host: str) -> None:
        self.refused += 1
        when, before = self._said
        if self._clock() - when >= SAY_EVERY:
            logger.warning("turned away address=%s reason='too many wait' refused=%d", host, self.refused - before)
            self._said = self._clock(), self.refused


class _Caller(socket.socket):
    """An accepted connection, which waits no longer once it is closed."""

    def __init__(self, door: Door, descriptor: int) -> None:
        super().__init__(door.family, door.type, door.proto, fileno=descriptor)
        self._door = door
        self._number = descriptor

    def close(self) -> None:
        """Close it."""
        self._door.admit(self._number)
        super().close()
