"""The seam between a socket and a participant.

A socket's task feeds it frames and writes what it holds; a participant receives commands and posts frames. Neither
knows the other, so either can be replaced: by another socket, or by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import trio

from chatroom import close_codes
from chatroom.commands import Command
from chatroom.errors import ProtocolError, UserError
from chatroom.events import Error
from chatroom.frame import Frame
from chatroom.lane import Lane, LaneStatistics
from chatroom.limits import Limits, TokenBucket
from chatroom.model import LeaveReason
from chatroom.tracing import Trace
from chatroom.wire import decode, encode


@attrs.frozen
class Closing:
    """How a session ends: what the page is told by the close frame, and what the others are told."""

    code: int
    message: str
    reason: LeaveReason

    @property
    def lost(self) -> bool:
        """Whether it was nobody's will: the page may come back on another socket."""
        return self.code == close_codes.GONE and self.reason == "connection_lost"


@attrs.frozen
class SessionStatistics:
    """What passed through a session and what waits in it."""

    lane: LaneStatistics
    commands: int
    refused: int
    waiting: int


class Session:
    """One socket of a page, as both of its sides see it. ``clock`` returns seconds that never go back."""

    def __init__(self, limits: Limits, lane: Lane, clock: Callable[[], float] = trio.current_time) -> None:
        self._limits = limits
        self._clock = clock
        self._lane = lane
        self._bucket = TokenBucket(limits.command_rate, limits.command_burst)
        # Filled as slowly as the other: a page that keeps to twice the rate is refused half of it, and for ever.
        self._patience = TokenBucket(limits.command_rate, limits.refused_burst)
        self._refused = 0
        self._commands = 0
        self._put, self._get = trio.open_memory_channel[Command](limits.command_burst)
        self.closing: Closing | None = None
        #: When the last frame came, by ``clock``, whatever was in it.
        self.heard_at = clock()
        #: Whose it is, for the log: what `chatroom.attendance.Attendance.about` says; nobody's at first.
        self.about: Mapping[str, Any] = {}
        #: What is told what passes here, while somebody traces it: see `chatroom.tracing`.
        self.trace: Trace | None = None
        #: Breaks its socket off, as a network does; None where that cannot be done.
        self.cut: Callable[[], None] | None = None

    # ---- the socket's side

    def feed(self, frame: str | bytes) -> None:
        """Take a frame from the page. What is wrong with it is answered or closes the session; nothing is raised."""
        if self.closing is not None:
            return
        self.heard_at = self._clock()
        if not isinstance(frame, str):
            self.close(close_codes.UNSUPPORTED, "Frames are text, not binary.")
            return
        if _octets(frame) > self._limits.frame_bytes:
            self.close(close_codes.TOO_BIG, f"A frame has at most {self._limits.frame_bytes} bytes.")
            return
        within_rate = self._bucket.take(self.heard_at)
        try:
            command = decode(frame)
            if not within_rate:
                raise UserError("rate_limited", "That was too much at once. Wait a moment.")
        except ProtocolError as error:
            self.close(error.close_code, error.message)
        except UserError as error:
            self._refuse(error, within_rate)
        else:
            self._commands += 1
            try:
                self._put.send_nowait(command)
            except trio.WouldBlock:
                self.close(close_codes.POLICY, "Too many commands.", reason="kicked")

    def ended(self, reason: LeaveReason) -> None:
        """Say that the socket is gone. What was fed before still reaches the participant."""
        if self.closing is None:
            self._begin_closing(Closing(close_codes.GONE, "", reason))
        self._lane.close(discard=True)
        self._put.close()

    # ---- the participant's side

    async def receive(self) -> Command:
        """Wait for a command. Raises trio.EndOfChannel when there will be no more; ``closing`` then says why."""
        return await self._get.receive()

    def post(self, frame: Frame) -> bool:
        """Send a frame, without waiting; False if the session is over. A page that does not read is closed."""
        if self.closing is not None:
            return False
        if self.trace is not None:
            self.trace("event", frame)
        if self._lane.post(frame):
            return True
        self.close(close_codes.TOO_SLOW, "This page does not read what it is sent.", discard=True)
        return False

    def refuse(self, ref: str | None, error: UserError) -> None:
        """Answer a command that is refused."""
        self._refused += 1
        self.post(encode(Error(ref, error.code, error.message)))

    def close(self, code: int, message: str, *, reason: LeaveReason = "connection_lost", discard: bool = False) -> None:
        """End the session from the server's side: what was posted is still written, then the socket is closed."""
        if self.closing is None:
            self._begin_closing(Closing(code, message, reason))
            self._lane.close(discard=discard)
            self._put.close()

    def statistics(self) -> SessionStatistics:
        waiting = self._get.statistics().current_buffer_used
        return SessionStatistics(self._lane.statistics(), self._commands, self._refused, waiting)

    def _begin_closing(self, closing: Closing) -> None:
        self.closing = closing
        if self.trace is not None:
            self.trace("closed", closing)

    def _refuse(self, error: UserError, within_rate: bool) -> None:
        self.refuse(getattr(error, "ref", None), error)
        if not within_rate and not self._patience.take(self._clock()):
            self.close(close_codes.POLICY, "Too many commands.", reason="kicked")


def _octets(frame: str) -> int:
    return len(frame) if frame.isascii() else len(frame.encode(errors="surrogatepass"))
