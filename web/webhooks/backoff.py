"""How long to wait after a failure: longer each time, and not as long as others do."""

from __future__ import annotations

import attrs


@attrs.frozen
class Backoff:
    """``first`` seconds, twice as long each time, up to ``cap``; each by up to a share of ``jitter`` shorter."""

    first: float = 1.0
    cap: float = 300.0
    jitter: float = 0.5
    #: what an endpoint may ask for at most (``Retry-After``)
    asked_cap: float = 3_600.0

    def delay(self, failures: int, random: float, asked: float | None = None) -> float:
        """Seconds after so many failures in a row; ``random`` is from 0 to 1, ``asked`` what the endpoint asked for."""
        delay = min(self.cap, self.first * 2.0 ** min(failures - 1, 32)) * (1.0 - self.jitter * random)
        return delay if asked is None else max(delay, min(asked, self.asked_cap))
