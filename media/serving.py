"""What a worker leaves behind when it dies: with whose room it was busy.

It is eight octets in memory that the bridge shares with its worker: the mark of a room while the worker handles a
packet, a request or a tick of it, and 0 in between. What a crash, a SIGKILL or an endless loop leaves there says what
the worker was at.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Protocol

#: Octets of shared memory.
SIZE = 8
#: What they are until the worker says something.
UNTOLD = b"\xff" * SIZE


class Cell(Protocol):
    """A number at index 0."""

    def __setitem__(self, index: int, value: int, /) -> None: ...


def mark(room: str) -> int:
    """Return the number by which a room is known there; never 0."""
    return int.from_bytes(hashlib.blake2b(room.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()) or 1


def read(octets: bytes) -> int | None:
    """Return the mark that was left, 0 if it was at nobody's room; None if nothing was ever said."""
    return None if octets == UNTOLD else int.from_bytes(octets, sys.byteorder)
