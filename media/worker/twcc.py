"""Transport-wide congestion control: telling a sender when each of its packets arrived.

The format is that of draft-holmer-rmcat-transport-wide-cc-extensions-01. The sender estimates from it what its link
takes; without it, or when it comes rarely, a browser stays at a low bitrate.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

#: The most packets told of in one feedback message, which keeps it below 1,200 bytes.
MAX_STATUSES = 400
#: The most arrivals kept between two messages; more is another stream's worth of packets, and a bound on memory.
MAX_ARRIVALS = 4_000

_TICKS = 4_000  # a delta counts quarters of a millisecond
_REFERENCE = 256  # a reference time counts 64 ms
_RUN = 7  # a shorter run is no longer as a vector of seven
_MAX_RUN = 0x1FFF

_MISSING, _SMALL, _LARGE = 0, 1, 2


class ArrivalRecorder:
    """Remembers when packets arrived, and writes feedback messages about them.

    Times are seconds of any clock that does not go backwards.
    """

    def __init__(self) -> None:
        self._arrivals: dict[int, float] = {}
        self._newest: int | None = None
        #: The first number not yet told of.
        self._next = 0
        #: Whether what arrived since the last message is that and what follows it, in order.
        self._is_plain = True
        self._messages = 0

    def add(self, sequence: int, now: float) -> None:
        """Take the transport-wide sequence number (16 bits) of a packet that arrived ``now``."""
        if self._newest is None:
            # far from zero, so that a packet reordered at the very start does not go below it
            unwrapped = self._newest = self._next = 0x10000 + sequence
        else:
            distance = (sequence - self._newest) & 0xFFFF
            unwrapped = self._newest + (distance if distance < 0x8000 else distance - 0x10000)
            self._newest = max(self._newest, unwrapped)
        if unwrapped != self._next + len(self._arrivals):
            self._is_plain = False
        if len(self._arrivals) < MAX_ARRIVALS:
            self._arrivals.setdefault(unwrapped, now)

    def take(self) -> list[bytes]:
        """Return feedback messages about everything that arrived since the last call, without their RTCP header."""
        taken, self._arrivals = self._arrivals, {}
        plain, self._is_plain = self._is_plain, True
        if plain and 0 < len(taken) < MAX_STATUSES:
            times = list(taken.values())
            if max(times) - min(times) < 8.0:
                first, self._next = self._next, self._next + len(times)
                return [self._pack(first, times)]
        arrivals = sorted(taken.items())
        messages: list[bytes] = []

        # What was told of as missing and came late gets messages of its own, as gaps there say nothing new.
        first, statuses = 0, list[float | None]()
        for number, arrival in arrivals:
            if number >= self._next:
                break
            if statuses and (number != first + len(statuses) or not _fits(statuses, arrival)):
                messages.append(self._pack(first, statuses))
                statuses = []
            if not statuses:
                first = number
            statuses.append(arrival)
        if statuses:
            messages.append(self._pack(first, statuses))

        first, statuses = self._next, []
        for number, arrival in arrivals:
            if number < self._next:
                continue
            gap = number - first - len(statuses)
            if statuses and (len(statuses) + gap >= MAX_STATUSES or not _fits(statuses, arrival)):
                messages.append(self._pack(first, statuses))
                first, statuses = first + len(statuses), []
            if len(statuses) + gap >= MAX_STATUSES:
                # the sender knows what it did not hear of; a gap that wide is another stream rather than a loss
                first, gap = number, 0
            statuses += [None] * gap
            statuses.append(arrival)
        if statuses:
            messages.append(self._pack(first, statuses))
            self._next = first + len(statuses)
        return messages

    def _pack(self, first: int, statuses: Sequence[float | None]) -> bytes:
        start = next(arrival for arrival in statuses if arrival is not None)
        reference = int(start * _TICKS) // _REFERENCE
        clock = reference * _REFERENCE
        head = struct.pack("!HHI", first & 0xFFFF, len(statuses), (reference & 0xFFFFFF) << 8 | self._messages & 0xFF)
        self._messages += 1
        return head + (_pack_small(statuses, clock) or _pack_any(statuses, clock))


def _pack_small(statuses: Sequence[float | None], clock: int) -> bytes | None:
    """Write that all arrived, one soon after the other, as is usual; None if it was not so."""
    if len(statuses) < _RUN or None in statuses:
        return None
    times = [int(arrival * _TICKS) for arrival in statuses if arrival is not None]
    deltas = [after - before for before, after in pairwise((clock, *times))]
    if min(deltas) < 0 or max(deltas) > 0xFF:
        return None
    return struct.pack("!H", _SMALL << 13 | len(deltas)) + bytes(deltas)


def _pack_any(statuses: Sequence[float | None], clock: int) -> bytes:
    """Write packet statuses, and what is missing between them."""
    symbols: list[int] = []
    deltas = bytearray()
    for arrival in statuses:
        if arrival is None:
            symbols.append(_MISSING)
            continue
        delta = int(arrival * _TICKS) - clock
        clock += delta
        if 0 <= delta < 0x100:
            symbols.append(_SMALL)
            deltas.append(delta)
        else:
            symbols.append(_LARGE)
            deltas += struct.pack("!h", delta)
    return _pack_chunks(symbols) + bytes(deltas)


def _fits(statuses: list[float | None], arrival: float) -> bool:
    """Whether one more arrival fits: in number, and in the 16 signed bits (8 seconds) of its delta."""
    last = statuses[-1]
    return len(statuses) < MAX_STATUSES and last is not None and abs(arrival - last) < 8.0


def _pack_chunks(symbols: list[int]) -> bytes:
    """Write packet statuses as run length chunks and vectors of seven two-bit symbols."""
    chunks = bytearray()
    at = 0
    while at < len(symbols):
        run = 1
        while at + run < len(symbols) and symbols[at + run] == symbols[at] and run < _MAX_RUN:
            run += 1
        if run >= _RUN:
            chunks += struct.pack("!H", symbols[at] << 13 | run)
            at += run
        else:
            vector = 0xC000
            for position, symbol in enumerate(symbols[at : at + _RUN]):
                vector |= symbol << (12 - 2 * position)
            chunks += struct.pack("!H", vector)
            at += _RUN
    return bytes(chunks)
