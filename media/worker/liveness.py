"""Whether a leg is up: its state from the moments at which something was heard of it."""

from __future__ import annotations

from media.messages import LegState

#: Seconds within which a leg must be connected.
CONNECT_TIMEOUT = 10.0
#: Seconds without an authenticated check after which consent to send is lost (RFC 7675); browsers check every 2.5 s.
CONSENT_TIMEOUT = 8.0


class Liveness:
    """The state of a leg as a pure function of what has happened and of the time, in seconds.

    A leg that failed for want of checks is connected again with the next one; one that failed in its handshake, or was
    closed by the page, stays so.
    """

    def __init__(self, now: float) -> None:
        self._since = now
        self._checked: float | None = None
        self._secure = False
        self._ended: LegState | None = None

    def checked(self, now: float) -> None:
        """An authenticated connectivity check came in."""
        self._checked = now

    def secured(self) -> None:
        """The DTLS handshake is done."""
        self._secure = True

    def ended(self, state: LegState) -> None:
        """DTLS ended for good: ``failed`` or ``closed``."""
        if self._ended is None:
            self._ended = state

    @property
    def is_open(self) -> bool:
        """Whether it did not end for good."""
        return self._ended is None

    def restarted(self, now: float) -> None:
        """ICE was restarted: the page has another ten seconds."""
        if not self._secure:
            self._since = now

    def state(self, now: float) -> LegState:
        """Return the state of the leg at ``now``."""
        if self._ended is not None:
            return self._ended
        if self._secure:
            alive = self._checked is not None and now - self._checked < CONSENT_TIMEOUT
            return "connected" if alive else "failed"
        return "connecting" if now - self._since < CONNECT_TIMEOUT else "failed"
