"""One participant's place in the media plane, on the bridge's side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import trio

from chatroom.media import (
    Heard,
    LayersWanted,
    LegChanged,
    MediaEvent,
    MediaLost,
    MediaRefused,
    MediaRestored,
    MediaUnavailable,
    OfferMade,
    Republish,
    Source,
    TrackInfo,
    VideoPaused,
    VideoResumed,
)
from media import messages
from media.bridge.link import WorkerLink
from media.terms import VIDEO_CODECS, VideoCodec

_log = logging.getLogger("media.bridge")


class Session:
    """Implements `chatroom.media.MediaSession`. On a link from `join` until `lost`, and again from the next `join`."""

    def __init__(
        self,
        room: str,
        participant: str,
        epoch: int,
        post: Callable[[MediaEvent], None],
        video_codecs: Sequence[VideoCodec] = VIDEO_CODECS,
        *,
        audio_red: bool = True,
    ) -> None:
        self.key = (room, participant, epoch)
        self._post_event = post
        self._video_codecs = list(video_codecs)
        self._audio_red = audio_red
        self._link: WorkerLink | None = None
        self._lost = False
        #: Whether its page has published, and will again when there is another worker.
        self._published = False
        #: As it was told last, for the next worker.
        self._sizes: Mapping[str, int] | None = None

    async def publish(self, sdp: str, tracks: Mapping[str, Source]) -> str:
        """Hand over the page's offer and return the answer. Raises MediaRefused, MediaUnavailable."""
        _check_size(sdp)
        if len(tracks) > messages.MAX_TRACKS:
            raise MediaRefused("too_many_tracks", f"At most {messages.MAX_TRACKS} tracks can be published.")
        answer = await self._on_link().request(messages.Publish(*self.key, sdp, dict(tracks)), messages.Answer)
        self._published = True
        return answer.sdp

    async def accept(self, offer: int, sdp: str) -> None:
        """Hand over the page's answer to an offer. Raises MediaRefused, MediaUnavailable."""
        _check_size(sdp)
        await self._on_link().request(messages.Accept(*self.key, offer, sdp), messages.Done)

    async def restart(self, *, fresh: bool) -> None:
        """Have the subscribe leg offered again. Raises MediaUnavailable."""
        await self._on_link().request(messages.Restart(*self.key, fresh), messages.Done)

    async def layout(self, sizes: Mapping[str, int]) -> None:
        """Say how high each picture is on the page. Raises MediaUnavailable, and then the next worker is told."""
        self._sizes = sizes
        await self._on_link().request(messages.Layout(*self.key, dict(sizes)), messages.Done)

    async def leave(self, deadline: float) -> None:
        """Tell the worker, if there is one, and wait for its answer for ``deadline`` seconds. Raises nothing."""
        link, self._link = self._link, None
        await trio.lowlevel.checkpoint()
        if link is None:
            return  # a worker that is gone has nobody in it
        # Submitted for good: it is sent however long that takes, or the worker would keep who was joined.
        told = link.submit(messages.Leave(*self.key))
        with trio.move_on_after(deadline):
            await told.done.wait()

    def join(self, link: WorkerLink) -> None:
        """Be on a link. The join goes out before any request made later, so nobody needs to wait for its answer."""
        self._link = link
        returns = self._lost and self._published
        link.submit(messages.Join(*self.key, self._video_codecs, self._audio_red, returns=returns))
        if self._sizes is not None:
            link.submit(messages.Layout(*self.key, dict(self._sizes)))
        if self._lost:
            self._lost = False
            self._post(MediaRestored())

    def lose(self, refused_for: float = 0.0) -> None:
        """Be on no link; for so many seconds at least, if the room is refused one."""
        self._link = None
        if not self._lost:
            self._lost = True
            self._post(MediaLost(round(refused_for, 1)))

    def hear(self, event: messages.ParticipantEvent) -> None:
        """Pass on what the worker said about this participant."""
        match event:
            case messages.LegChanged():
                self._post(LegChanged(event.leg, event.state))
            case messages.Offer():
                tracks = {mid: TrackInfo(track.participant, track.source) for mid, track in event.tracks.items()}
                self._post(OfferMade(event.offer, event.sdp, tracks))
            case messages.VideoPaused():
                self._post(VideoPaused(event.of, event.source, event.reason))
            case messages.VideoResumed():
                self._post(VideoResumed(event.of, event.source))
            case messages.Wanted():
                self._post(LayersWanted(event.mid, event.rids))
            case messages.Republish():
                self._post(Republish())

    def heard(self, age: float) -> None:
        """Pass on that something of this participant came in ``age`` seconds ago."""
        self._post(Heard(age))

    def is_on(self, link: WorkerLink) -> bool:
        """Whether words of that link are for this session; those of one that was lost or left behind are not."""
        return self._link is link

    def _on_link(self) -> WorkerLink:
        if self._link is None:
            raise MediaUnavailable
        return self._link

    def _post(self, event: MediaEvent) -> None:
        try:
            self._post_event(event)
        except Exception:  # noqa: BLE001 - a bug on one participant's side, in the task that serves them all
            _log.exception(
                "a participant did not take a %s",
                type(event).__name__,
                extra=dict(zip(("room", "participant", "epoch"), self.key, strict=True)),
            )


def _check_size(sdp: str) -> None:
    if len(sdp) > messages.MAX_SDP:
        raise MediaRefused("sdp_too_large", f"The SDP is longer than {messages.MAX_SDP} characters.")
