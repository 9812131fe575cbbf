"""When to ask a publisher for a keyframe."""

from __future__ import annotations

#: Seconds between two requests. A keyframe costs many times a common frame; and a browser does not hear what comes
#: within 300 ms of the last request that it heard, in any layer: what goes out sooner is lost until it is repeated.
THROTTLE = 0.35
#: Seconds after which an unanswered request is repeated; it doubles each time.
REPEAT = 0.5
#: How often a request is repeated, until somebody asks again.
MAX_REPEATS = 5


class Pace:
    """When a publisher was asked last. The layers of a picture share one, for one encoder makes all their keyframes."""

    def __init__(self) -> None:
        self.asked: float | None = None


class KeyframeRequester:
    """Turns the wishes of many consumers of a layer into few requests, and loses none of them.

    `ask` and `tick` return True when a request is to be sent now. A wish while throttled is granted when the throttle
    ends, unless another layer's request brings the keyframe before; an unanswered request is repeated with growing
    pauses. Times are seconds.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        #: Since when one is wanted, if it is.
        self.wanted_since: float | None = None
        self._sent: float | None = None
        self._repeats = 0
        #: How many were sent.
        self.requests = 0

    @property
    def goes_on(self) -> bool:
        """Whether one is wanted that is still asked for."""
        return self.wanted_since is not None and self._repeats <= MAX_REPEATS

    def ask(self, now: float) -> bool:
        """Somebody needs a keyframe."""
        if self.wanted_since is None:
            self.wanted_since = now
            self._repeats = 0
        elif self._repeats > MAX_REPEATS:
            self._repeats = 0
        return self.tick(now)

    def tick(self, now: float) -> bool:
        """Time has passed. To be called at least every tenth of a second."""
        if not self.goes_on:
            return False
        if self._pace.asked is not None and now < self._pace.asked + THROTTLE:
            return False
        if self._repeats > 0 and self._sent is not None and now - self._sent < REPEAT * 2 ** (self._repeats - 1):
            return False
        self._sent = self._pace.asked = now
        self._repeats += 1
        self.requests += 1
        return True

    def arrived(self) -> None:
        """A keyframe came in: whatever was wished for before it is granted."""
        self.wanted_since = None
        self._repeats = 0
