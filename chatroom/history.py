"""The last events of a room, for those who come back."""

from __future__ import annotations

from collections import deque

import attrs

from chatroom.frame import Frame


@attrs.frozen
class HistoryStatistics:
    """What is kept, in frames and octets, and the number of the oldest event that is."""

    frames: int
    bytes: int
    first: int


class History:
    """The frames of a room's last events, in order and without gaps; bounded in number and in octets."""

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        #: The number of the last event.
        self._seq = 0

    def append(self, seq: int, frame: Frame) -> None:
        """Add the next event. Raises ValueError for any but the next."""
        if seq != self._seq + 1:
            raise ValueError(f"event {seq} does not follow {self._seq}")
        self._seq = seq
        self._frames.append(frame)
        self._bytes += frame.size
        while len(self._frames) > self._max_frames or self._bytes > self._max_bytes:
            self._bytes -= self._frames.popleft().size

    def after(self, seq: int) -> tuple[Frame, ...] | None:
        """Return the events after ``seq``, or None where one of them is no longer, or not yet, there."""
        missed = self._seq - seq
        if not 0 <= missed <= len(self._frames):
            return None
        start = len(self._frames) - missed
        return tuple(frame for index, frame in enumerate(self._frames) if index >= start)

    def statistics(self) -> HistoryStatistics:
        return HistoryStatistics(len(self._frames), self._bytes, self._seq - len(self._frames) + 1)
