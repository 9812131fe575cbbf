"""A lane that writes with the web framework's own send: where TLS ends here, and wherever there is no faster way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from chatroom.frame import Frame
from chatroom.outbox import Outbox


class QuartLane(Outbox):
    """A `chatroom.lane.Lane`. ``wake`` is called when `run` is to be started, which is once."""

    __slots__ = ("_call", "_send")

    def __init__(
        self, max_frames: int, max_bytes: int, send: Callable[[str], Awaitable[None]], wake: Callable[[], None]
    ) -> None:
        super().__init__(max_frames, max_bytes)
        self._send = send
        self._call: Callable[[], None] | None = wake

    def post(self, frame: Frame) -> bool:
        """Keep a frame for writing; False if it does not fit or the lane is closed. Never waits."""
        posted = super().post(frame)
        self._start()
        return posted

    def close(self, *, discard: bool = False) -> None:
        """Take no more frames. With ``discard`` those that wait are dropped, too, but none is torn."""
        super().close(discard=discard)
        self._start()

    def release(self) -> None:
        """Let go of whoever starts `run`: nothing is written any more."""
        self._call = None

    async def run(self) -> None:
        """Write until the lane is closed and empty."""
        while (frame := await self.take()) is not None:
            await self._send(frame.text)
            # With nobody at the other end nothing above waits for anything.
            await trio.lowlevel.checkpoint()

    def _start(self) -> None:
        if self._call is not None:
            call, self._call = self._call, None
            call()
