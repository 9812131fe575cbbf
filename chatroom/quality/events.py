"""What the pipeline says, and what its sinks get. Frozen, and complete in themselves: nothing in them is looked up.

``name`` says what happened, ``at`` when, in Unix seconds. ``participant`` and ``epoch`` say whom it is about, and are
None where that is the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import attrs

from chatroom.media import PauseReason, Source
from chatroom.model import LeaveReason, Participant
from chatroom.problems import Direction, ProblemKind, Severity, SignalLevel

#: How the end of each problem is called.
OVER: Mapping[ProblemKind, str] = {
    "network_slow": "network_ok",
    "leg_lost": "leg_restored",
    "microphone_silent": "microphone_ok",
    "talking_while_muted": "talking_ended",
    "camera_frozen": "camera_ok",
    "camera_dark": "camera_bright",
    "cannot_be_heard": "can_be_heard",
    "worker_lost": "worker_restored",
    "server_overloaded": "server_ok",
}


@attrs.frozen(kw_only=True)
class _Event:
    room: str
    at: float
    participant: str | None = None
    epoch: int | None = None


@attrs.frozen(kw_only=True)
class Joined(_Event):
    name: ClassVar[str] = "joined"
    person: Participant


@attrs.frozen(kw_only=True)
class Updated(_Event):
    """Somebody switched a device, or is heard of again, or not."""

    name: ClassVar[str] = "updated"
    person: Participant


@attrs.frozen(kw_only=True)
class Left(_Event):
    name: ClassVar[str] = "left"
    reason: LeaveReason


@attrs.frozen(kw_only=True)
class Unpublished(_Event):
    """A track of ``participant`` does not exist any more."""

    name: ClassVar[str] = "unpublished"
    source: Source


@attrs.frozen(kw_only=True)
class VideoPaused(_Event):
    """A picture of ``of`` is not sent to ``participant``."""

    name: ClassVar[str] = "video_paused"
    of: str
    source: Source
    reason: PauseReason


@attrs.frozen(kw_only=True)
class VideoResumed(_Event):
    name: ClassVar[str] = "video_resumed"
    of: str
    source: Source


@attrs.frozen(kw_only=True)
class Signalled(_Event):
    """How good the connection of ``participant`` is, in bars."""

    name: ClassVar[str] = "signal"
    level: SignalLevel
    uplink: SignalLevel | None
    downlink: SignalLevel | None
    since: float


@attrs.frozen(kw_only=True)
class Trouble(_Event):
    """A problem: that it began, or is another now, or, with ``over``, that it ended. See docs/protocol.md."""

    kind: ProblemKind
    over: bool = False
    direction: Direction | None = None
    source: Source | None = None
    severity: Severity
    since: float
    concerns: Sequence[str] = ()
    figures: Mapping[str, float] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        """``network_slow``, and ``network_ok`` when it is over: see `OVER`."""
        return OVER[self.kind] if self.over else self.kind


QualityEvent = Joined | Updated | Left | Unpublished | VideoPaused | VideoResumed | Signalled | Trouble
