"""Whose a worker is that any bridge could reach: one at a time, and for how long after its last word.

Nothing here has a clock: times come in, in seconds.
"""

from __future__ import annotations

#: Seconds that a bridge may say nothing, connected or not, before what it left here is dropped. It asks for figures
#: every second, and takes us for lost after three.
PATIENCE = 5.0


class Tenancy:
    """Which bridge a worker belongs to, if any."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.bridge: str | None = None
        self._patience = patience
        self._connected = False
        self._heard = 0.0

    def admits(self, bridge: str, now: float) -> bool:
        """Whether it may come in: the same one always, another when the last one is gone or silent for too long."""
        return self.bridge in (None, bridge) or not self._connected or self._is_silent(now)

    def enter(self, bridge: str, now: float) -> None:
        """It came in, in place of whoever was here."""
        self.bridge, self._connected, self._heard = bridge, True, now

    def heard(self, now: float) -> None:
        """It said something."""
        self._heard = now

    def leave(self, now: float) -> None:
        """Its connection is gone. It may come again."""
        self._connected, self._heard = False, now

    def expire(self, now: float) -> bool:
        """Whether it is given up now: it is the tenant no longer."""
        if self.bridge is None or not self._is_silent(now):
            return False
        self.bridge, self._connected = None, False
        return True

    def _is_silent(self, now: float) -> bool:
        return now - self._heard >= self._patience
