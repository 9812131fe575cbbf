"""The record of who was in a room: append-only and paired.

For each epoch there is exactly one `joined` and at most one `left`; who is present is derived from it and kept
nowhere else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import attrs

from chatroom.model import LeaveReason


@attrs.frozen
class Record:
    """One stay of one person. Times are in Unix seconds; ``left_at`` and ``reason`` are None while it lasts."""

    epoch: int
    id: str
    name: str
    joined_at: float
    left_at: float | None = None
    reason: LeaveReason | None = None


@attrs.frozen
class LogStatistics:
    """``joined`` - ``left`` is ``present``, always. ``forgotten`` counts ended stays that are no longer kept."""

    joined: int
    left: int
    present: int
    forgotten: int


class RoomLog:
    """The stays of a room. Every present one and the last ``keep`` ended ones are kept."""

    def __init__(self, keep: int) -> None:
        self._present: dict[int, Record] = {}
        self._ended: deque[Record] = deque(maxlen=keep)
        self._joined = 0
        self._last_epoch = 0

    def joined(self, epoch: int, id: str, name: str, at: float) -> None:
        """Write that a stay began. Epochs only grow: raises ValueError for one that does not."""
        if epoch <= self._last_epoch:
            raise ValueError(f"epoch {epoch} is not greater than {self._last_epoch}")
        self._last_epoch = epoch
        self._joined += 1
        self._present[epoch] = Record(epoch, id, name, at)

    def left(self, epoch: int, reason: LeaveReason, at: float) -> Record | None:
        """Write that a stay ended and return its record, or None if it is not a present one.

        Late words change nothing.
        """
        record = self._present.pop(epoch, None)
        if record is None:
            return None
        ended = attrs.evolve(record, left_at=at, reason=reason)
        self._ended.append(ended)
        return ended

    @property
    def present(self) -> tuple[int, ...]:
        """The epochs of those who are here, in order of joining."""
        return tuple(self._present)

    def __contains__(self, epoch: int) -> bool:
        return epoch in self._present

    def __len__(self) -> int:
        return len(self._present)

    def __iter__(self) -> Iterator[Record]:
        """The kept records, ended ones first, in order of their end; then the present ones."""
        yield from self._ended
        yield from self._present.values()

    def statistics(self) -> LogStatistics:
        left = self._joined - len(self._present)
        return LogStatistics(self._joined, left, len(self._present), left - len(self._ended))
