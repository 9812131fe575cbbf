"""The seam between those who post frames and the socket that they go out on.

Three implement it: `chatroom.outbox.Outbox` in memory, for tests and for whoever takes its frames; `web.quart_lane`,
which writes them with the web framework's own send; `web.fast_lane`, which writes past it.
"""

from __future__ import annotations

from typing import Protocol

import attrs

from chatroom.frame import Frame


@attrs.frozen
class LaneStatistics:
    """What waits, in frames and octets, and how many frames were posted, written and overtaken."""

    frames: int
    bytes: int
    posted: int
    taken: int
    overtaken: int = 0


class Lane(Protocol):
    """A bounded way to one page, first in, first out."""

    def post(self, frame: Frame) -> bool:
        """Send a frame or keep it for sending; False if it does not fit or the lane is closed. Never waits."""
        ...

    def close(self, *, discard: bool = False) -> None:
        """Take no more frames. With ``discard`` those that wait are dropped, too, but none is torn."""
        ...

    def statistics(self) -> LaneStatistics: ...
