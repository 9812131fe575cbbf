"""Frames on their way to a page: bounded, first in first out, one taker."""

from __future__ import annotations

from collections import deque

import trio

from chatroom.frame import Frame
from chatroom.lane import LaneStatistics


class Outbox:
    """A `chatroom.lane.Lane` in memory: between those who post frames and the one task that takes them."""

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._posted = 0
        self._taken = 0
        self._closed = False
        self._wake = trio.Event()

    def post(self, frame: Frame) -> bool:
        """Add a frame; False if it does not fit or the outbox is closed. Never waits."""
        if self._closed or len(self._frames) >= self._max_frames or self._bytes + frame.size > self._max_bytes:
            return False
        self._frames.append(frame)
        self._bytes += frame.size
        self._posted += 1
        self._wake.set()
        return True

    def close(self, *, discard: bool = False) -> None:
        """Take no more frames. With ``discard``, those that wait are dropped too."""
        self._closed = True
        if discard:
            self._frames.clear()
            self._bytes = 0
        self._wake.set()

    async def take(self) -> Frame | None:
        """Wait for the next frame and return it; None says that the outbox is closed and empty."""
        while not self._frames:
            if self._closed:
                return None
            self._wake = trio.Event()
            await self._wake.wait()
        frame = self._frames.popleft()
        self._bytes -= frame.size
        self._taken += 1
        return frame

    def statistics(self) -> LaneStatistics:
        return LaneStatistics(len(self._frames), self._bytes, self._posted, self._taken)
