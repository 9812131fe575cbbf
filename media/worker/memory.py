"""Giving memory back to the machine once nobody is left.

What a crowd took is free when it has gone, but the C library keeps it: OpenSSL's and libsrtp's pieces are small, and a
heap shrinks by itself only from its end. To look for whole pages in between takes some ten milliseconds, so it is
done when no packet waits for it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from math import inf

#: Seconds without a transport after which memory is given back: whoever lost theirs are back by then.
QUIET = 5.0


def give_back() -> None:
    """Give back what is free of the C heap, where the C library can (glibc)."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))


class Memory:
    """Calls ``give_back`` once after each crowd. Times are seconds."""

    def __init__(self, give_back: Callable[[], None] = give_back) -> None:
        self._give_back = give_back
        self._due = inf

    def tick(self, transports: int, now: float) -> None:
        """Time has passed, and so many transports are open."""
        if transports:
            self._due = now + QUIET
        elif now >= self._due:
            self._due = inf
            self._give_back()
