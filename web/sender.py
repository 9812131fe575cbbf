"""The sending half of a connection: one writer at a time, nothing torn, a deadline to whatever waits.

Those who write are of two kinds. What waits for its turn is Hypercorn's: the answer to a handshake, pongs, close
frames, what the web framework sends; and the frames that did not fit before. What never waits is `offer`: the frames of
a lane, written by whoever posts them, if it is nobody's turn and the socket takes them.

Why no frame is torn: octets go to the socket in `offer`, which is one step that nothing comes between, and in `send`,
under the lock. Where the socket takes a part of what is offered, the rest of it is kept here, and as long as there is a
rest nothing is offered: it is written first by whoever has the next turn. A turn ends when all is written, or with the
connection: it is shielded, since what is cancelled half-way would have a close frame in its middle.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from socket import SHUT_RDWR, SHUT_WR
from typing import Any

import structlog
import trio

#: Octets that are sent at a time, and seconds that a peer may take to accept them; the same once the server stops.
PIECE = 65_536
SEND_TIMEOUT = 8.0
SEND_TIMEOUT_STOPPING = 0.5

_log = structlog.stdlib.get_logger("web.sender")


class Sender:
    """What is written on one connection. ``lost`` is called when nothing more will be, for a fault of the peer's."""

    __slots__ = (
        *("_ended", "_fileno", "_free", "_lock", "_lost", "_rest", "_scopes", "_sealed", "_stream", "_timeout"),
        *("_writing", "about"),
    )

    def __init__(self, stream: trio.abc.SendStream, lost: Callable[[], None]) -> None:
        self._stream = stream
        self._lost = lost
        # Which is -1 once the socket is closed, so it is asked for each time.
        self._fileno = stream.socket.fileno if isinstance(stream, trio.SocketStream) else None
        self._lock = trio.Lock()
        self._rest: bytes | memoryview = b""
        self._scopes: set[trio.CancelScope] = set()
        self._timeout = SEND_TIMEOUT
        self._sealed = False
        self._ended = False
        self._writing = False
        #: Says whose connection it is, for the log.
        self.about: Callable[[], Mapping[str, Any]] = dict
        #: Whether an offer may be written: it is nobody's turn, nothing is left over, and no close frame was written.
        self._free = True

    @property
    def takes_offers(self) -> bool:
        """Whether it may be written past the stream: on a plain socket, which is never a blocking one under Trio."""
        return self._fileno is not None

    def offer(self, frame: bytes) -> int:
        """Write a frame without waiting, and return how many octets of it are still to be written.

        All of them: it was somebody's turn, or the socket is full, and the frame is the caller's. Some: they are kept,
        and the caller sees to it that `send` is called soon. None: it is written, or there is nobody to read it.
        """
        if not self._free:
            return 0 if self._sealed else len(frame)
        assert self._fileno is not None, "offers are for plain sockets"
        try:
            left = len(frame) - os.write(self._fileno(), frame)
        except BlockingIOError:
            return len(frame)
        except OSError:  # the peer is gone, which whoever reads from the connection learns, too
            self._fail()
            return 0
        if left:
            self._rest = memoryview(frame)[-left:]
            self._free = False
        return left

    def shout(self, octets: bytes) -> None:
        """Write from another thread, while a step holds the loop; nothing, if it cannot be done at once.

        For connections on which nothing else is written meanwhile.
        """
        if self._free and self._fileno is not None:
            with suppress(OSError):
                if left := len(octets) - os.write(self._fileno(), octets):
                    self._rest = memoryview(octets)[-left:]
                    self._free = False

    async def send(self, data: bytes, *, frame: bool = False) -> bool:
        """Write data, after what was written in part; False if the connection is lost.

        A ``frame`` is a lane's, and not written once a close frame was. Each piece has a deadline and none can be
        cancelled. To wait for one's turn has no deadline of its own: whoever has the turn has one.
        """
        scope = trio.CancelScope(shield=True)
        self._scopes.add(scope)
        self._free = False
        try:
            with scope:
                async with self._lock:
                    await self._write(self._rest, scope)
                    self._rest = b""
                    if not (frame and self._sealed):
                        await self._write(data, scope)
                    scope.deadline = inf
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._fail()
            return False
        finally:
            self._scopes.discard(scope)
            self._free = not (self._scopes or self._rest or self._sealed)
        if scope.cancelled_caught:
            _log.info("connection dropped: the peer does not read", **self.about())
            self._fail()
            await trio.aclose_forcefully(self._stream)
            return False
        return True

    async def _write(self, data: bytes | memoryview, scope: trio.CancelScope) -> None:
        for start in range(0, len(data), PIECE):
            if self._ended:
                return
            scope.deadline = trio.current_time() + self._timeout
            self._writing = True
            try:
                await self._stream.send_all(data[start : start + PIECE])
            finally:
                self._writing = False

    def seal(self) -> None:
        """Take no more frames of a lane, because a close frame follows (RFC 6455, section 5.5.1)."""
        self._sealed = True
        self._free = False

    def end(self) -> None:
        """Say to the peer that nothing follows. Only the first call does anything."""
        if self._ended:
            return
        self._ended = True
        self.seal()
        # TLS has no such thing, the peer may be gone already, and who still writes would be cut off. It is said to the
        # socket itself: errors of its stream hold their own traceback, and with it the connection (Python 3.12).
        if isinstance(self._stream, trio.SocketStream) and not self._writing:
            with suppress(OSError):
                self._stream.socket.shutdown(SHUT_WR)

    @property
    def ended(self) -> bool:
        return self._ended

    def cut(self) -> None:
        """Break the connection off without a word, as if the network had."""
        with suppress(OSError, AttributeError):  # it is gone, or is no socket
            self._stream.socket.shutdown(SHUT_RDWR)  # type: ignore[attr-defined]

    def hurry(self) -> None:
        """Have less patience with a peer that does not read."""
        self._timeout = SEND_TIMEOUT_STOPPING
        for scope in self._scopes:
            scope.deadline = min(scope.deadline, trio.current_time() + SEND_TIMEOUT_STOPPING)

    def release(self) -> None:
        """Let go of whoever is told: the connection has ended."""
        self.seal()
        self._lost = _nobody
        self.about = dict

    def _fail(self) -> None:
        self.seal()
        self._rest = b""
        self._lost()


def _nobody() -> None:
    """Stand for who was told."""
