"""The last packets of an incoming stream, for those to whom one of them was lost."""

from __future__ import annotations

from collections import deque

import attrs

from media.worker.rtp import RtpPacket

#: Packets kept of one stream: a second and a half of 4 Mbit/s.
SIZE = 512
_MASK = SIZE - 1
#: Seconds after which a packet is let go; a receiver that misses one so long shows another picture.
MAX_AGE = 1.5


@attrs.frozen
class HistoryStatistics:
    """How many packets are kept."""

    packets: int


class History:
    """A ring of packets by extended sequence number, shared by all consumers of the stream.

    Bounded in number by `SIZE` and in time by `MAX_AGE`, if `expire` is called now and then.
    """

    def __init__(self) -> None:
        self._ring: list[bytes | None] = [None] * SIZE
        self._newest = -1
        #: What is below is let go.
        self._oldest = 0
        #: How far the stream was, and when.
        self._marks: deque[tuple[float, int]] = deque()

    def put(self, sequence: int, packet: bytes) -> None:
        """Keep an RTP packet."""
        if sequence > self._newest:
            self._newest = sequence
        elif sequence <= self._newest - SIZE:
            return
        self._ring[sequence & _MASK] = packet

    def get(self, sequence: int) -> RtpPacket | None:
        """Return the packet of this number, if it is still there."""
        packet = self._ring[sequence & _MASK]
        # a ring is far smaller than what 16 bits tell apart
        if packet is None or packet[2:4] != (sequence & 0xFFFF).to_bytes(2) or not 0 <= self._newest - sequence < SIZE:
            return None
        return RtpPacket(packet)

    def expire(self, now: float) -> None:
        """Let go of what is too old. To be called some times a second."""
        if not self._marks or self._marks[-1][1] < self._newest:
            self._marks.append((now, self._newest))
        while self._marks and now - self._marks[0][0] > MAX_AGE:
            _, last = self._marks.popleft()
            for sequence in range(max(self._oldest, last - _MASK), last + 1):
                kept = self._ring[sequence & _MASK]
                if kept is not None and kept[2:4] == (sequence & 0xFFFF).to_bytes(2):
                    self._ring[sequence & _MASK] = None
            self._oldest = max(self._oldest, last + 1)

    def statistics(self) -> HistoryStatistics:
        """A snapshot."""
        return HistoryStatistics(sum(packet is not None for packet in self._ring))
