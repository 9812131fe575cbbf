"""One outgoing RTP stream made of several incoming ones."""

from __future__ import annotations

import random


class Continuity:
    """Maps the sequence numbers and timestamps of incoming streams to those of one that never breaks off.

    A receiver takes a jump for a loss or for a freeze, so where the source changes the numbers go on from where they
    were. Sequence numbers coming in are extended ones, those going out may be longer than 16 bits.
    """

    __slots__ = (
        "_clock_rate",
        "_first",
        "_last_at",
        "_sequence",
        "_timestamp",
        "sequence_offset",
        "timestamp_offset",
    )

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._sequence: int | None = None
        self._timestamp = 0
        self._last_at = 0.0
        self._first = 0
        #: What is to be added to numbers of the current stream; neither is cut to its field.
        self.sequence_offset = 0
        self.timestamp_offset = 0

    def start(self, sequence: int, timestamp: int, now: float) -> None:
        """Go on with a stream whose first packet is this one."""
        self._first = sequence
        if self._sequence is None:
            self._sequence = random.getrandbits(15)  # RFC 3550 asks for a random start, SRTP for secrecy
            self.sequence_offset = self._sequence + 1 - sequence
            self.timestamp_offset = random.getrandbits(32)
        else:
            elapsed = max(1, int((now - self._last_at) * self._clock_rate))
            self.sequence_offset = self._sequence + 1 - sequence
            self.timestamp_offset = self._timestamp + elapsed - timestamp

    def passes(self, sequence: int, timestamp: int, now: float) -> bool:
        """Say whether a packet goes out, with the offsets added, or is from before the start."""
        if sequence < self._first:
            return False
        out = sequence + self.sequence_offset
        if self._sequence is None or out > self._sequence:
            self._sequence = out
            self._timestamp = timestamp + self.timestamp_offset
            self._last_at = now
        return True
