"""How much passes in a second, measured over the last ones."""

from __future__ import annotations

from collections import deque

#: Seconds that are looked back, and seconds between two looks that count.
WINDOW = 2.0
STEP = 0.2


class RateMeter:
    """Bits a second over the last ``window``, from totals of bytes. Times are seconds."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._samples: deque[tuple[float, int]] = deque()

    def look(self, now: float, octets: int) -> float:
        """Take what has passed in all until now; return the rate. To be called more than once a second."""
        samples = self._samples
        if not samples or now - samples[-1][0] >= STEP:
            samples.append((now, octets))
        # one from before the window is kept, so that it is whole
        while len(samples) > 1 and now - samples[1][0] >= self._window:
            samples.popleft()
        begin, before = samples[0]
        return 8 * (octets - before) / max(STEP, now - begin)
