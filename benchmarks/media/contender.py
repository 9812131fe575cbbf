"""What a server is to the measurements, and what the kernel says of its process."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import attrs

from benchmarks.media.load import Load
from benchmarks.media.publisher import Publisher


class Wrong(Exception):
    """The server did not do what was asked of it; the message says what is known."""


class Room(Protocol):
    """One room of a server that runs."""

    pid: int

    async def publish(self, peer: Publisher) -> None:
        """Connect a publisher, whose name is that of a person. Raises Wrong."""
        ...

    async def subscribe(self, load: Load, name: str, publishers: int) -> None:
        """Connect a subscriber for all that so many others publish; the person may be a publisher. Raises Wrong."""
        ...


@attrs.frozen
class Contender:
    """A server that can be started; ``run`` takes what a command begins with that runs in the server's network."""

    name: str
    run: Callable[[tuple[str, ...]], AbstractAsyncContextManager[Room]]


def cpu(pid: int) -> float:
    """Return seconds of user and system time of a process, of all its threads and not of its children."""
    # How the kernel encodes the CPU clock of another process (man clock_getcpuclockid).
    return time.clock_gettime((~pid) << 3 | 2)


def waited(pid: int) -> float:
    """Return for how many seconds the threads of a process could run and had no core, by now."""
    nanoseconds = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended
            nanoseconds += int(file.read_text().split()[1])
    return nanoseconds * 1e-9


def resident(pid: int) -> int:
    """Bytes of a process that are resident."""
    found = re.search(r"^Rss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None, "the kernel writes it"
    return 1_024 * int(found[1])
