"""A lane that writes past the web framework: one system call to a receiver, of octets that all of them share.

A frame is written by whoever posts it, in that step. A broadcast to a thousand pages is a thousand such steps without a
checkpoint: some milliseconds in which nothing else runs, and all of it or none is posted.

Only what a socket does not take at once waits, and only then there is a task that writes. While there is, everything
goes through it, so what is posted is written in that order. That nothing is torn is the work of `web.sender`.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from chatroom.frame import Frame
from chatroom.lane import LaneStatistics
from chatroom.outbox import Outbox
from web.sender import Sender


class FastLane(Outbox):
    """A `chatroom.lane.Lane`. ``wake`` is called when `run` is to be started: each time that something has to wait.

    Beyond the bounds there may be the rest of one frame, which the sender keeps.
    """

    __slots__ = ("_at_once", "_offer", "_open", "_send", "_wake_up")

    def __init__(self, max_frames: int, max_bytes: int, sender: Sender, wake: Callable[[], None]) -> None:
        super().__init__(max_frames, max_bytes)
        self._offer = sender.offer
        self._send = sender.send
        self._wake_up = wake
        #: Whether nothing waits, so that frames are written by whoever posts them: there is no task that writes.
        self._open = True
        self._at_once = 0

    def post(self, frame: Frame) -> bool:
        """Write a frame or keep it for writing; False if it does not fit or the lane is closed. Never waits."""
        if self._open:
            left = self._offer(frame.wire)
            if not left:
                self._at_once += 1
                return True
            self._begin()
            if left < len(frame.wire):
                self._at_once += 1
                return True
        return super().post(frame)

    def close(self, *, discard: bool = False) -> None:
        """Take no more frames. With ``discard`` those that wait are dropped, too, but none is torn."""
        super().close(discard=discard)
        if self._open:
            self._begin()

    def release(self) -> None:
        """Let go of whoever starts `run`: nothing is written any more."""
        self._wake_up = _nobody

    async def run(self) -> None:
        """Write what waits, and return when nothing does. From then on frames are written as they are posted."""
        wire = b""
        while True:
            await self._send(wire, frame=True)  # after the rest of what was taken in part
            await trio.lowlevel.checkpoint_if_cancelled()  # a send cannot be, and may have been one to nobody
            while (frame := self.take_now()) is not None:
                if left := self._offer(frame.wire):
                    wire = frame.wire if left == len(frame.wire) else b""
                    break
            else:
                self._open = not self._closed
                return

    def statistics(self) -> LaneStatistics:
        waiting = super().statistics()
        return LaneStatistics(
            waiting.frames,
            waiting.bytes,
            waiting.posted + self._at_once,
            waiting.taken + self._at_once,
            waiting.overtaken,
        )

    def _begin(self) -> None:
        self._open = False
        self._wake_up()


def _nobody() -> None:
    """Stand for who was woken."""
