"""The heartbeat of one socket: when to ask for a sign of life, and what the answers say of the way there and back."""

from __future__ import annotations

#: How many of our pings may be on their way; what is answered later than that says nothing of the network.
OUTSTANDING = 8


class Heartbeat:
    """Decides about the pings on one socket. Times are passed in, in seconds of a clock that never goes back."""

    def __init__(self, interval: float, now: float) -> None:
        self._interval = interval
        self._heard = now
        self._sent: dict[int, float] = {}
        self._number = 0
        self._last = now
        #: The last round trip, in seconds; None before there was one.
        self.rtt: float | None = None

    def heard(self, at: float) -> None:
        """A frame came in."""
        self._heard = max(self._heard, at)

    @property
    def due(self) -> float:
        """When to send the next ping, unless something is heard before."""
        return max(self._heard, self._last) + self._interval

    def ping(self, now: float) -> int:
        """Take note that a ping is sent, and return its number."""
        self._number += 1
        self._last = now
        self._sent[self._number] = now
        self._sent.pop(self._number - OUTSTANDING, None)
        return self._number

    def pong(self, number: int | None, now: float) -> None:
        """An answer came in. One that names no ping of ours, or one that was answered, measures nothing."""
        sent = None if number is None else self._sent.pop(number, None)
        if sent is not None:
            self.rtt = now - sent
