"""Frames on their way to a page: bounded, first in first out, one taker.

Where they pile up, one with a key overtakes an older one with the same: that one goes, and a `skipped` in its place
says that its number is not missing. So a page that reads slowly is as up to date as it can be, and whoever toggles a
switch for ever fills nobody's outbox.
"""

from __future__ import annotations

from collections.abc import Hashable

import trio

from chatroom.events import Skipped
from chatroom.frame import Frame
from chatroom.lane import LaneStatistics
from chatroom.wire import encode


class _Waiting:
    """A frame that waits, between its neighbours. ``skipped`` is the last number that was overtaken before it, or 0."""

    __slots__ = ("after", "before", "frame", "skipped")

    def __init__(self, frame: Frame, before: _Waiting | None) -> None:
        self.frame = frame
        self.skipped = 0
        self.before = before
        self.after: _Waiting | None = None


class Outbox:
    """A `chatroom.lane.Lane` in memory: between those who post frames and the one task that takes them.

    The notices of what was skipped, of which there is at most one to a frame, are not counted.
    """

    __slots__ = (
        "_bytes",
        "_closed",
        "_first",
        "_frames",
        "_last",
        "_latest",
        "_max_bytes",
        "_max_frames",
        "_overtaken",
        "_posted",
        "_taken",
        "_wake",
    )

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._first: _Waiting | None = None
        self._last: _Waiting | None = None
        #: Those that wait and have a key, by it.
        self._latest: dict[Hashable, _Waiting] = {}
        self._frames = 0
        self._bytes = 0
        self._posted = 0
        self._taken = 0
        self._overtaken = 0
        self._closed = False
        self._wake: trio.Event | None = None

    def post(self, frame: Frame) -> bool:
        """Add a frame; False if it does not fit or the outbox is closed. Never waits."""
        older = None if frame.key is None else self._latest.get(frame.key)
        frames, size = self._frames + 1, self._bytes + frame.size
        if older is not None:
            frames, size = frames - 1, size - older.frame.size
        if self._closed or frames > self._max_frames or size > self._max_bytes:
            return False
        self._append(frame)
        if older is not None:
            self._overtake(older)
        self._posted += 1
        if self._wake is not None:
            self._wake.set()
        return True

    def close(self, *, discard: bool = False) -> None:
        """Take no more frames. With ``discard``, those that wait are dropped too."""
        self._closed = True
        if discard:
            while self._first is not None:
                self._remove(self._first)
        if self._wake is not None:
            self._wake.set()

    def take_now(self) -> Frame | None:
        """Return the next frame, or None if there is none now."""
        first = self._first
        if first is None:
            return None
        if first.skipped:
            seq, first.skipped = first.skipped, 0
            return encode(Skipped(seq))
        self._remove(first)
        self._taken += 1
        return first.frame

    async def take(self) -> Frame | None:
        """Wait for the next frame and return it; None says that the outbox is closed and empty."""
        while (frame := self.take_now()) is None:
            if self._closed:
                return None
            self._wake = trio.Event()
            await self._wake.wait()
        return frame

    def statistics(self) -> LaneStatistics:
        return LaneStatistics(self._frames, self._bytes, self._posted, self._taken, self._overtaken)

    def _append(self, frame: Frame) -> None:
        waiting = _Waiting(frame, self._last)
        if self._last is None:
            self._first = waiting
        else:
            self._last.after = waiting
        self._last = waiting
        if frame.key is not None:
            self._latest[frame.key] = waiting
        self._frames += 1
        self._bytes += frame.size

    def _overtake(self, older: _Waiting) -> None:
        """Leave a frame out. What comes after it, and be it the newer one, says so."""
        assert older.after is not None, "the newer one waits behind it"
        older.after.skipped = max(older.after.skipped, older.frame.seq)
        self._remove(older)
        self._overtaken += 1

    def _remove(self, waiting: _Waiting) -> None:
        before, after = waiting.before, waiting.after
        if before is None:
            self._first = after
        else:
            before.after = after
        if after is None:
            self._last = before
        else:
            after.before = before
        key = waiting.frame.key
        if key is not None and self._latest.get(key) is waiting:
            del self._latest[key]
        self._frames -= 1
        self._bytes -= waiting.frame.size
