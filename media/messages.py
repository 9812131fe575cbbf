"""The words between the bridge and a media worker.

JSON text frames on one websocket. A request is ``{"id", "method", "params"}`` and is answered by
``{"id", "result"}`` or ``{"id", "error": {"code", "message"}}``; an event is ``{"event", "params"}``.

This module is shared by both processes, so it knows neither Trio nor asyncio. Every class names a participant by
``router`` (the room), ``participant`` (its id) and ``epoch`` (the number of its admission); words for an epoch that is
no longer the current one are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeVar, get_args

import attrs
from cattrs.errors import CattrsError

from media import strict
from media.results import Answer as Answer
from media.results import Done as Done
from media.samples import Samples as Samples
from media.simulation import Simulate as Simulate
from media.statistics import MediaStatistics as MediaStatistics
from media.statistics import WorkerStatistics as WorkerStatistics
from media.terms import VIDEO_CODECS, VideoCodec
from media.terms import Leg as Leg
from media.terms import LegState as LegState
from media.terms import PauseReason as PauseReason
from media.terms import Source as Source

#: A frame between bridge and worker, in bytes. SDP is limited far below it.
MAX_FRAME = 1 << 20
#: The longest SDP taken, in characters.
MAX_SDP = 48_000
#: The most m-lines of a publish leg.
MAX_TRACKS = 8
#: The most participants of one `Heard`. Names of rooms have 64 characters, and JSON twelve bytes for some of them.
MAX_HEARD = 500

ErrorCode = Literal[
    "bad_sdp",
    "sdp_too_large",
    "too_many_tracks",
    "stale_offer",
    "unknown_participant",
    "invalid_request",
    "not_allowed",
    "internal",
]


class BadMessage(ValueError):
    """The other side of the bridge said something that is not of the bridge's language."""


# ---- what the bridge asks


@attrs.frozen
class Join:
    """Make room for a participant. It receives what others publish from now on: offers follow as events.

    Pictures of a room are in one of these ``video_codecs``, rather in an earlier one, and voices with redundancy
    (RFC 2198) where ``audio_red`` and their pages offer it; the first to join decides. Who ``returns`` has published to
    another worker before, and will in a moment to this one: the others are offered all of them at a time.
    """

    method: ClassVar[str] = "join"
    result: ClassVar[type] = Done
    router: str
    participant: str
    epoch: int
    video_codecs: list[VideoCodec] = attrs.field(factory=lambda: list(VIDEO_CODECS))
    audio_red: bool = True
    returns: bool = False


@attrs.frozen
class Publish:
    """Take the page's offer for its publish leg; ``tracks`` says what each mid carries."""

    method: ClassVar[str] = "publish"
    result: ClassVar[type] = Answer
    router: str
    participant: str
    epoch: int
    sdp: str
    tracks: dict[str, Source]


@attrs.frozen
class Accept:
    """Take the page's answer to offer number ``offer`` of its subscribe leg."""

    method: ClassVar[str] = "accept"
    result: ClassVar[type] = Done
    router: str
    participant: str
    epoch: int
    offer: int
    sdp: str


@attrs.frozen
class Restart:
    """Offer the subscribe leg again, with new ICE credentials or, if ``fresh``, for a new connection.

    Whatever was offered before is overtaken. An offer follows as an event if there is anything to receive.
    """

    method: ClassVar[str] = "restart"
    result: ClassVar[type] = Done
    router: str
    participant: str
    epoch: int
    fresh: bool


@attrs.frozen
class Layout:
    """Take how high each picture is on the page, in its pixels; what is not among them is not shown.

    A participant's own is named by the participant, a screen of theirs as ``participant/screen:1``.
    Pictures are sent as large as they are shown, and those that are not shown are not sent. Before the first of these
    all are taken for large.
    """

    method: ClassVar[str] = "layout"
    result: ClassVar[type] = Done
    router: str
    participant: str
    epoch: int
    sizes: dict[str, int]


@attrs.frozen
class Leave:
    """Close both legs of a participant. Leaving twice, or never having joined, is no error."""

    method: ClassVar[str] = "leave"
    result: ClassVar[type] = Done
    router: str
    participant: str
    epoch: int


@attrs.frozen
class GetStatistics:
    """Ask for the worker's figures."""

    method: ClassVar[str] = "get_statistics"
    result: ClassVar[type] = WorkerStatistics


@attrs.frozen
class GetMediaStatistics:
    """Ask for what flows in a room: of one participant's legs, or of everyone's if ``participant`` is null.

    Of a room that is not there nothing flows.
    """

    method: ClassVar[str] = "get_media_statistics"
    result: ClassVar[type] = MediaStatistics
    router: str
    participant: str | None = None


Request = Join | Publish | Accept | Restart | Layout | Leave | GetStatistics | GetMediaStatistics | Simulate
Result = Done | Answer | WorkerStatistics | MediaStatistics
ResultT = TypeVar("ResultT", Done, Answer, WorkerStatistics, MediaStatistics)


# ---- what the worker says by itself


@attrs.frozen
class Ready:
    """The first event of a worker that could start: where browsers reach it."""

    event: ClassVar[str] = "ready"
    port: int
    addresses: list[str]


@attrs.frozen
class StartFailed:
    """The first and last event of a worker that could not start; ``message`` is for the operator."""

    event: ClassVar[str] = "start_failed"
    message: str


@attrs.frozen
class TrackInfo:
    """Whose track a mid of the subscribe leg carries, and what it is."""

    participant: str
    source: Source


@attrs.frozen
class Offer:
    """An SDP offer for a participant's subscribe leg. Offer numbers grow, from a random start."""

    event: ClassVar[str] = "offer"
    router: str
    participant: str
    epoch: int
    offer: int
    sdp: str
    tracks: dict[str, TrackInfo]


@attrs.frozen
class LegChanged:
    """A leg of a participant changed its state."""

    event: ClassVar[str] = "leg_changed"
    router: str
    participant: str
    epoch: int
    leg: Leg
    state: LegState


@attrs.frozen
class Heard:
    """Of whom something came in since this was last said that is surely theirs: a check or a packet, on either leg.

    ``participants`` holds (router, participant, epoch, age): how many seconds ago the last of it came.
    """

    event: ClassVar[str] = "heard"
    participants: list[tuple[str, str, int, float]]


@attrs.frozen
class VideoPaused:
    """A picture of participant ``of`` is not sent to this one: the link does not take it, or it is not on the page."""

    event: ClassVar[str] = "video_paused"
    router: str
    participant: str
    epoch: int
    of: str
    source: Source
    reason: PauseReason


@attrs.frozen
class VideoResumed:
    """A picture that was paused is sent again."""

    event: ClassVar[str] = "video_resumed"
    router: str
    participant: str
    epoch: int
    of: str
    source: Source


@attrs.frozen
class Wanted:
    """Which layers (RIDs) of a publisher's track anybody is sent now; all are while this was not said."""

    event: ClassVar[str] = "wanted"
    router: str
    participant: str
    epoch: int
    mid: str
    rids: list[str]


@attrs.frozen
class Republish:
    """A publisher is to offer again on the same connection: others cannot decode what it sends now."""

    event: ClassVar[str] = "republish"
    router: str
    participant: str
    epoch: int


@attrs.frozen
class SpeakersChanged:
    """Who speaks in a room now, and who did: in both, whoever did last is first. Said of all, and to all.

    None is in both, and there are not more of them than anybody can be shown.
    """

    event: ClassVar[str] = "speakers_changed"
    router: str
    speaking: list[str]
    spoke: list[str]


#: What is said of one participant, whom it names.
ParticipantEvent = Offer | LegChanged | VideoPaused | VideoResumed | Wanted | Republish
#: What is said of a room.
RoomEvent = SpeakersChanged | Samples
Event = Ready | StartFailed | Heard | RoomEvent | ParticipantEvent


# ---- envelopes


@attrs.frozen
class RequestFrame:
    """A request on the wire."""

    id: int
    request: Request


@attrs.frozen
class ResultFrame:
    """A successful answer on the wire; the bridge knows by ``id`` what class ``result`` is of."""

    id: int
    result: Mapping[str, Any]


@attrs.frozen
class ErrorFrame:
    """A refusal on the wire."""

    id: int
    code: str
    message: str


REQUESTS: dict[str, type[Request]] = {each.method: each for each in get_args(Request)}
EVENTS: dict[str, type[Event]] = {each.event: each for each in get_args(Event)}

_converter = strict.converter()


def encode_request(id: int, request: Request) -> str:
    return json.dumps({"id": id, "method": request.method, "params": _converter.unstructure(request)})


def encode_result(id: int, result: Result) -> str:
    return json.dumps({"id": id, "result": _converter.unstructure(result)})


def encode_error(id: int, code: ErrorCode, message: str) -> str:
    return json.dumps({"id": id, "error": {"code": code, "message": message}})


def encode_event(event: Event) -> str:
    return json.dumps({"event": event.event, "params": _converter.unstructure(event)})


def decode_request(frame: str | bytes) -> RequestFrame:
    """Read a frame in the worker. Raises BadMessage."""
    data = _load(frame)
    try:
        cls = REQUESTS[data["method"]]
        return RequestFrame(strict.integer(data["id"], int), _converter.structure(data["params"], cls))
    except (KeyError, TypeError, ValueError, AttributeError, CattrsError) as error:
        raise BadMessage(f"not a request: {error!r}") from error


def decode_reply(frame: str | bytes) -> ResultFrame | ErrorFrame | Event:
    """Read a frame in the bridge. Raises BadMessage."""
    data = _load(frame)
    try:
        if "event" in data:
            return _converter.structure(data["params"], EVENTS[data["event"]])
        number = strict.integer(data["id"], int)
        if "error" in data:
            error = data["error"]
            return ErrorFrame(number, strict.string(error["code"], str), strict.string(error["message"], str))
        return ResultFrame(number, dict(data["result"]))
    except (KeyError, TypeError, ValueError, AttributeError, CattrsError) as error:
        raise BadMessage(f"not a reply or an event: {error!r}") from error


def structure_result(data: Mapping[str, Any], cls: type[ResultT]) -> ResultT:
    """Give the result of a request its class. Raises BadMessage."""
    try:
        return _converter.structure(data, cls)
    except (KeyError, TypeError, ValueError, AttributeError, CattrsError) as error:
        raise BadMessage(f"not a {cls.__name__}: {error!r}") from error


def _load(frame: str | bytes) -> dict[str, Any]:
    try:
        data = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadMessage("not a JSON object")
    return data
