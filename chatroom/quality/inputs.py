"""What the pipeline is told: who is there, what their connections are like, and what their pages say."""

from __future__ import annotations

import attrs

from chatroom.commands import Report
from chatroom.media import LegChanged, MediaLost, MediaRestored, VideoPaused, VideoResumed
from chatroom.model import LeaveReason, Participant
from chatroom.quality.samples import DownlinkSample, UplinkSample


@attrs.frozen
class Came:
    """Somebody was let in, or was here already when the pipeline began to be told."""

    room: str
    person: Participant


@attrs.frozen
class Changed:
    """Somebody switched something, or is heard of again, or not."""

    room: str
    person: Participant


@attrs.frozen
class Went:
    room: str
    participant: str
    epoch: int
    reason: LeaveReason


@attrs.frozen
class Sampled:
    """One participant's connections, in the last ``seconds``: see `chatroom.quality.samples.Samples`."""

    room: str
    participant: str
    epoch: int
    worker: str
    seconds: float
    late: float
    unsent: int
    uplink: UplinkSample | None
    downlink: DownlinkSample | None


@attrs.frozen
class Reported:
    """What a page says of itself."""

    room: str
    participant: str
    epoch: int
    report: Report


@attrs.frozen
class MediaSaid:
    """What the media plane says of one participant."""

    room: str
    participant: str
    epoch: int
    event: LegChanged | MediaLost | MediaRestored | VideoPaused | VideoResumed


Input = Came | Changed | Went | Sampled | Reported | MediaSaid
