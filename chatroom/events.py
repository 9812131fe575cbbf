"""What a page is told. docs/protocol.md is the reference; `chatroom.wire` writes them into frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import attrs

from chatroom.ice_servers import IceServer
from chatroom.media import PauseReason, Source, TrackInfo
from chatroom.model import LeaveReason, Message, Participant
from chatroom.problems import Direction, ProblemKind, Severity, SignalLevel

PROTOCOL = 1

# ---- room events: numbered, and the same for everyone


@attrs.frozen
class ParticipantJoined:
    type: ClassVar[str] = "participant_joined"
    seq: int
    participant: Participant


@attrs.frozen
class ParticipantUpdated:
    type: ClassVar[str] = "participant_updated"
    seq: int
    participant: Participant


@attrs.frozen
class ParticipantLeft:
    type: ClassVar[str] = "participant_left"
    seq: int
    id: str
    name: str
    reason: LeaveReason


@attrs.frozen
class ChatSaid:
    type: ClassVar[str] = "chat"
    seq: int
    message: Message


RoomEvent = ParticipantJoined | ParticipantUpdated | ParticipantLeft | ChatSaid

# ---- replies: to the one who asked


@attrs.frozen(kw_only=True)
class Joined:
    type: ClassVar[str] = "joined"
    ref: str | None
    seq: int
    protocol: int = PROTOCOL
    room: str
    you: str
    participants: tuple[Participant, ...]
    messages: tuple[Message, ...]
    media: bool
    media_port: int
    media_session: int
    token: str = attrs.field(repr=False)
    heartbeat: float
    ice_servers: tuple[IceServer, ...]
    screens: int


@attrs.frozen
class Resumed:
    type: ClassVar[str] = "resumed"
    ref: str | None
    seq: int
    media: bool
    media_session: int
    ice_servers: tuple[IceServer, ...]


@attrs.frozen
class Ok:
    type: ClassVar[str] = "ok"
    ref: str


@attrs.frozen
class Published:
    type: ClassVar[str] = "published"
    ref: str | None
    sdp: str


@attrs.frozen
class Error:
    type: ClassVar[str] = "error"
    ref: str | None
    code: str
    message: str


# ---- notices: to one, by themselves


@attrs.frozen
class Skipped:
    type: ClassVar[str] = "skipped"
    seq: int


@attrs.frozen
class Offer:
    type: ClassVar[str] = "offer"
    offer: int
    sdp: str
    tracks: Mapping[str, TrackInfo]


@attrs.frozen
class IceServersRenewed:
    type: ClassVar[str] = "ice_servers"
    ice_servers: tuple[IceServer, ...]


@attrs.frozen
class MediaLost:
    type: ClassVar[str] = "media_lost"
    message: str
    #: Seconds until the media plane is tried again for a room that it is refused, 0 for one that is not.
    retry_after: float = 0.0


@attrs.frozen
class MediaRestored:
    type: ClassVar[str] = "media_restored"
    media_session: int


@attrs.frozen
class VideoPaused:
    type: ClassVar[str] = "video_paused"
    participant: str
    source: Source
    reason: PauseReason


@attrs.frozen
class VideoResumed:
    type: ClassVar[str] = "video_resumed"
    participant: str
    source: Source


@attrs.frozen
class Layers:
    type: ClassVar[str] = "layers"
    mid: str
    rids: Sequence[str]


@attrs.frozen
class Republish:
    type: ClassVar[str] = "republish"


@attrs.frozen
class Speakers:
    type: ClassVar[str] = "speakers"
    speaking: Sequence[str]
    spoke: Sequence[str]


@attrs.frozen
class ReportWanted:
    type: ClassVar[str] = "report_wanted"


@attrs.frozen
class Signal:
    type: ClassVar[str] = "signal"
    participant: str
    level: SignalLevel
    uplink: SignalLevel | None
    downlink: SignalLevel | None
    since: float


@attrs.frozen
class Problem:
    type: ClassVar[str] = "problem"
    kind: ProblemKind
    participant: str | None
    direction: Direction | None
    source: Source | None
    severity: Severity
    since: float
    concerns: Sequence[str]
    figures: Mapping[str, float]


@attrs.frozen
class ProblemOver:
    type: ClassVar[str] = "problem_over"
    kind: ProblemKind
    participant: str | None
    direction: Direction | None
    source: Source | None


@attrs.frozen
class Ping:
    type: ClassVar[str] = "ping"
    n: int
    rtt: float | None


@attrs.frozen
class ServerStopping:
    type: ClassVar[str] = "server_stopping"
    message: str
    stops_in: float
    back_in: float


Reply = Joined | Resumed | Ok | Published | Error
Notice = (
    Skipped
    | Offer
    | IceServersRenewed
    | MediaLost
    | MediaRestored
    | VideoPaused
    | VideoResumed
    | Layers
    | Republish
    | Speakers
    | ReportWanted
    | Signal
    | Problem
    | ProblemOver
    | Ping
    | ServerStopping
)
Event = RoomEvent | Reply | Notice
