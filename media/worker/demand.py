"""Whether a layer that a publisher is asked for comes. Publishers drop layers without a word."""

from __future__ import annotations

import math

#: Seconds that a publisher has to send a layer that it is asked for.
PATIENCE = 3.0
#: Seconds for which nobody waits again for a layer that did not come.
AVOIDANCE = 5.0


class Demand:
    """Since when a layer is waited for, and until when it is not as it stayed away.

    ``live`` is whether it comes in now, ``came`` when its newest packet did, if one has. Times are seconds.
    """

    __slots__ = ("_avoided_until", "_wanted_since")

    def __init__(self) -> None:
        #: Since when the publisher is asked for it, if it is.
        self._wanted_since: float | None = None
        #: Until when it is not waited for again, as it did not come.
        self._avoided_until = -math.inf

    def is_usable(self, now: float, came: float | None, *, live: bool) -> bool:
        """Whether it comes in, or would if the publisher were asked: not if it was, and it stays away."""
        if live:
            return True
        if now < self._avoided_until:
            return False
        if self._wanted_since is None:
            return True
        return (came is None or came < self._wanted_since) and now - self._wanted_since < PATIENCE

    def is_missed(self, now: float) -> bool:
        """Whether it was waited for in vain: it is asked for meanwhile, and comes when its publisher has room again."""
        return now < self._avoided_until

    def is_lacking(self, now: float, came: float | None, *, live: bool) -> bool:
        """Whether it came once, is asked for or was just now, and stays away."""
        asked = now < self._avoided_until or (
            self._wanted_since is not None and now - self._wanted_since > PATIENCE / 2
        )
        return asked and came is not None and not live

    def want(self, now: float, came: float | None, *, live: bool, wanted: bool, judged: bool) -> None:
        """Take whether anybody is or is to be sent it, and whether it may be blamed for not coming."""
        if not wanted:
            self._wanted_since = None
        elif self._wanted_since is None or not judged:
            self._wanted_since = now
        elif not self.is_usable(now, came, live=live) and now >= self._avoided_until:
            self._avoided_until = now + AVOIDANCE
