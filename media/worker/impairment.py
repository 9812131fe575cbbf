"""Which packets a link that is made worse on purpose lets through. Sans-I/O; chance is seeded, so a run repeats."""

from __future__ import annotations

import random

#: Seconds of its rate that pass at once after a pause, and bytes that do at least.
BURST, SMALLEST = 0.25, 3_000


class Gate:
    """Lets through at most ``kbits`` (a thousand bits a second; None: any), and of that all but a share of ``loss``.

    What is too much is dropped and never kept: a bottleneck without a queue.
    """

    def __init__(self, loss: float, kbits: int | None, seed: int) -> None:
        self._loss = loss
        self._rate = None if kbits is None else kbits * 125.0  # bytes a second
        self._burst = max(BURST * (self._rate or 0.0), SMALLEST)
        self._tokens = self._burst
        self._filled: float | None = None
        self._random = random.Random(seed)  # noqa: S311 - it repeats a run, it keeps no secret
        self.passed = 0
        self.dropped = 0

    def takes(self, size: int, now: float) -> bool:
        """Whether a packet of ``size`` bytes is let through."""
        if self._random.random() < self._loss or not self._affords(size, now):
            self.dropped += 1
            return False
        self.passed += 1
        return True

    def _affords(self, size: int, now: float) -> bool:
        if self._rate is None:
            return True
        if self._filled is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < size:
            return False
        self._tokens -= size
        return True
