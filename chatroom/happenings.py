"""What a directory tells of the lives of its rooms and of the stays in them, to programs and not to pages.

Times are in Unix seconds. A room begins with the first stay in it, and has ended when all its stays have.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from chatroom.model import LeaveReason


@attrs.frozen
class RoomStarted:
    """Somebody is let into a room that nobody was in before."""

    room: str
    at: float


@attrs.frozen
class RoomEnded:
    """Nobody has been in a room for a while, or it was closed; whoever comes now begins another of its name."""

    room: str
    at: float
    started_at: float


@attrs.frozen
class StayBegan:
    """Somebody was let in."""

    room: str
    participant: str
    epoch: int
    name: str
    at: float


@attrs.frozen
class StayEnded:
    """Somebody left, for whatever reason."""

    room: str
    participant: str
    epoch: int
    name: str
    at: float
    joined_at: float
    reason: LeaveReason


Happening = RoomStarted | RoomEnded | StayBegan | StayEnded
#: Called in the step in which it happens: it must not wait and must not raise.
Watch = Callable[[Happening], None]
