"""The seam between rooms and the media plane: what a participant asks of it, and what it is told by it.

Rooms know nothing of workers, bridges or WebRTC beyond SDP being text. `media.bridge` implements `Media` for real;
`chatroom.testing.FakeMedia` implements it for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args

import attrs

from chatroom.errors import UserError

if TYPE_CHECKING:
    from chatroom.quality.samples import Samples

#: What a track is of. A screen and the sound of what is on it have the same number.
Source = Literal[
    "microphone", "camera",
    "screen:1", "screen:2", "screen:3", "screen:4", "screen:5",
    "screen:6", "screen:7", "screen:8", "screen:9",
    "screen_sound:1", "screen_sound:2", "screen_sound:3", "screen_sound:4",
    "screen_sound:5", "screen_sound:6", "screen_sound:7", "screen_sound:8", "screen_sound:9",
]  # fmt: skip


#: Of a leg of a participant.
LegState = Literal["connecting", "connected", "failed", "closed"]
#: Why a picture is not sent: for want of bandwidth, as it is not on the page, or as the page cannot decode it.
PauseReason = Literal["bandwidth", "layout", "codec"]


def source_named(name: str) -> Source:
    """Return the source of a name as a page writes it: without a number, it is the first screen. Raises ValueError."""
    found = _SOURCES.get(name)
    if found is None:
        raise ValueError(f"there is no source {name[:32]!r}")
    return found


_SOURCES: dict[str, Source] = {source: source for source in get_args(Source)}
_SOURCES |= {"screen": "screen:1", "screen_sound": "screen_sound:1"}


class MediaRefused(UserError):
    """The media plane refused what the page asked, and says why: a bad SDP, too many tracks, a stale offer."""


class MediaUnavailable(UserError):
    """There is no media worker just now, or it did not answer in time."""

    def __init__(self, message: str = "Pictures and sound are not available just now.") -> None:
        super().__init__("media_unavailable", message)


@attrs.frozen
class TrackInfo:
    """Whose track a mid carries, and what it is."""

    participant: str
    source: Source


@attrs.frozen
class OfferMade:
    """The subscribe leg needs an answer from the page."""

    offer: int
    sdp: str
    tracks: Mapping[str, TrackInfo]


@attrs.frozen
class LegChanged:
    """A leg came up, failed or closed."""

    leg: Literal["publish", "subscribe"]
    state: LegState


@attrs.frozen
class MediaLost:
    """The worker is gone and with it both legs; `MediaRestored` will follow, at once if there is another.

    With ``refused_for`` not before so many seconds: the room is to blame for the loss of several workers.
    """

    refused_for: float = 0.0


@attrs.frozen
class MediaRestored:
    """There is a worker again that expects this participant to publish anew."""


@attrs.frozen
class Heard:
    """Something that is surely of this participant's connections came in: a check or a packet.

    ``age`` says how many seconds ago the last one did. Told every half a second or so while there is something to tell.
    """

    age: float


@attrs.frozen
class VideoPaused:
    """A picture of ``participant`` is not sent to this one.

    For want of bandwidth, as it is not on the page, or as the page cannot decode the codec it is in.
    """

    participant: str
    source: Source
    reason: PauseReason


@attrs.frozen
class VideoResumed:
    """A picture that was paused is sent again."""

    participant: str
    source: Source


@attrs.frozen
class LayersWanted:
    """Which layers of what this participant sends under ``mid`` anybody gets now, by their RIDs (RFC 8851)."""

    mid: str
    rids: Sequence[str]


@attrs.frozen
class Republish:
    """What this participant sends is to be published anew on the same connection: others cannot decode it as it is."""


@attrs.frozen
class Speakers:
    """Who speaks in a room now, and who did; in both, whoever did last is first. Those who left may still be in it."""

    speaking: Sequence[str] = ()
    spoke: Sequence[str] = ()


#: What is said of a room, and not of one participant.
RoomWord: TypeAlias = "Speakers | Samples"
MediaEvent = (
    OfferMade | LegChanged | MediaLost | MediaRestored | Heard | VideoPaused | VideoResumed | LayersWanted | Republish
)


class MediaSession(Protocol):
    """One participant's place in the media plane."""

    async def publish(self, sdp: str, tracks: Mapping[str, Source]) -> str:
        """Hand over the page's offer and return the answer. Raises MediaRefused, MediaUnavailable."""
        ...

    async def accept(self, offer: int, sdp: str) -> None:
        """Hand over the page's answer to an offer. Raises MediaRefused, MediaUnavailable."""
        ...

    async def restart(self, *, fresh: bool) -> None:
        """Have the subscribe leg offered again: for a new connection, or with new ICE credentials for the same one.

        Raises MediaUnavailable.
        """
        ...

    async def layout(self, sizes: Mapping[str, int]) -> None:
        """Say how high each picture is on the page, in its pixels; what is missing is not on it.

        A participant's own is named by the participant, a screen of theirs as ``participant/screen:1``.
        Raises MediaUnavailable. A worker that comes later is told by itself.
        """
        ...


class Media(Protocol):
    """The media plane as rooms see it."""

    @property
    def available(self) -> bool:
        """Whether there is a worker that takes requests now."""
        ...

    def port_of(self, room: str) -> int:
        """The port that browsers in a room send to, 0 while it is not known."""
        ...

    def attach(
        self, room: str, participant: str, epoch: int, post: Callable[[MediaEvent], None]
    ) -> AbstractAsyncContextManager[MediaSession]:
        """Be in the media plane for as long as the context lasts.

        ``post`` is called synchronously with each event, in order, and must not block. Entering waits for nothing and
        takes no checkpoint, or a stay that ends just then would leave before its leave is said: without a worker,
        ``MediaLost`` is posted first. Leaving tells the worker, shielded, with a deadline.
        """
        ...

    def follow(self, room: str, post: Callable[[RoomWord], None]) -> AbstractContextManager[None]:
        """Be told of a room for as long as the context lasts.

        Who speaks is told as it changes, at most five times a second; what everybody's connections are like once a
        second, perhaps in several parts. ``post`` is called synchronously, and must not block. With its worker whatever
        was told is void, and nobody speaks. Of two rooms with one name (one ends while another begins) both are told.
        """
        ...
