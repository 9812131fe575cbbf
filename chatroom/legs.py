"""A participant's words for the media plane and its words for the page, through the change of the page's sockets."""

from __future__ import annotations

from math import inf

import attrs
import structlog
import trio

from chatroom.commands import Answer, Layout, Publish, Restart
from chatroom.errors import UserError
from chatroom.events import Layers, Offer, Ok, Published
from chatroom.events import MediaLost as MediaLostNotice
from chatroom.events import MediaRestored as MediaRestoredNotice
from chatroom.events import Republish as RepublishNotice
from chatroom.events import VideoPaused as VideoPausedNotice
from chatroom.events import VideoResumed as VideoResumedNotice
from chatroom.frame import Frame
from chatroom.media import (
    LayersWanted,
    LegChanged,
    MediaEvent,
    MediaLost,
    MediaRestored,
    MediaSession,
    OfferMade,
    Republish,
    VideoPaused,
    VideoResumed,
)
from chatroom.session import Session
from chatroom.spans import span
from chatroom.wire import encode

MediaCommand = Publish | Answer | Restart | Layout

#: Media commands of one page that wait for the worker. A page sends one and waits for its answer.
MEDIA_COMMANDS_WAITING = 16
#: Tiles of one layout; a person has one, and another for each screen.
MAX_TILES = 500

_MEDIA_LOST = encode(MediaLostNotice("Pictures and sound were interrupted and are being restored."))

_REPUBLISH = encode(RepublishNotice())

_log = structlog.stdlib.get_logger("chatroom.legs")


@attrs.frozen
class LegsStatistics:
    """The legs of one stay as they are now.

    ``session`` counts the lives of the media worker it has seen; ``states`` are what was last said of each leg;
    ``waiting`` are commands of the page that the worker has not been asked yet; ``offered`` says whether an offer is
    not answered; ``paused`` are the pictures that it is not sent, by whose and which they are.
    """

    session: int
    states: dict[str, str]
    waiting: int
    offered: bool
    paused: tuple[str, ...]


@attrs.frozen
class Answered:
    """The media plane did what a command of that type asked, in so many seconds."""

    type: str
    seconds: float


class Legs:
    """Both legs of one stay."""

    def __init__(self, room: str, participant: str) -> None:
        #: The one that speaks for the participant: set by whoever changes it.
        self.session: Session | None = None
        #: Which life of the media worker this is, as this participant has lived it.
        self.media_session = 1
        #: The last offer, until it is answered: a page that lost it with its socket gets it again.
        self._offer: OfferMade | None = None
        #: How its connections are, as the media plane told last; and when that came back after it was lost.
        self.states: dict[str, str] = {}
        self.restored_at: float | None = None
        #: What was said last of each picture that is paused, and of the layers of each track of its own.
        self._paused: dict[tuple[str, str], Frame] = {}
        self._layers: dict[str, Frame] = {}
        #: Whether the page was asked to publish anew, and has not since.
        self._republish = False
        #: Until when the room is refused a media worker, or was.
        self._refused_until = -inf
        self._put, self._get = trio.open_memory_channel[tuple[Session, MediaCommand]](MEDIA_COMMANDS_WAITING)
        self.log = _log.bind(room=room, participant=participant)

    def submit(self, command: MediaCommand) -> None:
        """Have a command carried out: it waits for the worker, and chat must not wait behind it. Raises UserError."""
        assert self.session is not None, "commands come from a session"
        if isinstance(command, Layout) and len(command.sizes) > MAX_TILES:
            raise UserError("invalid_command", f"There are more than {MAX_TILES} tiles in this layout.")
        try:
            self._put.send_nowait((self.session, command))
        except trio.WouldBlock:
            raise UserError("busy", "Too many media commands are waiting.") from None

    async def negotiate(self, media: MediaSession) -> None:
        """Carry the page's words to the media plane, one at a time and in order, until cancelled."""
        async for session, command in self._get:
            if session is not self.session:
                continue  # another socket speaks for the participant now, and has said what it wants
            if session.trace is not None:
                session.trace("asked", command)
            asked = trio.current_time()
            try:
                with span(command.type, **session.about):
                    answer = await self._carry(media, command)
            except UserError as error:
                self.log.info("media refused", command=command.type, code=error.code, message=error.message)
                session.refuse(command.ref, error)
            else:
                if session.trace is not None:
                    session.trace("answered", Answered(command.type, trio.current_time() - asked))
                if answer is not None:
                    session.post(answer)

    def tell(self, event: MediaEvent) -> None:
        """Take what the media plane says of the legs."""
        match event:
            case OfferMade():
                self._offer = event
                self._post_offer()
            case VideoPaused(participant, source, reason):
                frame = encode(VideoPausedNotice(participant, source, reason))
                self._paused[participant, source] = frame
                self._post(frame)
            case VideoResumed(participant, source):
                self._paused.pop((participant, source), None)
                self._post(encode(VideoResumedNotice(participant, source)))
            case LayersWanted(mid, rids):
                frame = self._layers[mid] = encode(Layers(mid, rids))
                self._post(frame)
            case Republish():
                self._republish = True
                self._post(_REPUBLISH)
            case MediaLost(refused_for):
                self._offer = None
                self.states.clear()
                self._republish = False
                self._paused.clear()
                self._layers.clear()
                self._refused_until = trio.current_time() + refused_for
                self._post(_media_lost(refused_for) if refused_for else _MEDIA_LOST)
            case MediaRestored():
                self.media_session += 1
                self.restored_at = trio.current_time()
                self._refused_until = -inf
                self._post(encode(MediaRestoredNotice(self.media_session)))
            case LegChanged(leg, state):
                self.states[leg] = state
                self.log.info("leg changed", leg=leg, state=state)

    def repeat(self) -> None:
        """Send what a page may have missed: the offer that waits for an answer, and what was said of pictures.

        And that its room is refused a worker, since it is told whether there are any, and would go on asking.
        """
        if (refused_for := self._refused_until - trio.current_time()) > 0:
            self._post(_media_lost(round(refused_for, 1)))
        self._post_offer()
        for frame in (*self._paused.values(), *self._layers.values()):
            self._post(frame)
        if self._republish:
            self._post(_REPUBLISH)

    def statistics(self) -> LegsStatistics:
        return LegsStatistics(
            session=self.media_session,
            states=dict(self.states),
            waiting=self._get.statistics().current_buffer_used,
            offered=self._offer is not None,
            paused=tuple(f"{participant}/{source}" for participant, source in self._paused),
        )

    def _post_offer(self) -> None:
        if self._offer is not None:
            self._post(encode(Offer(self._offer.offer, self._offer.sdp, self._offer.tracks)))

    async def _carry(self, media: MediaSession, command: MediaCommand) -> Frame | None:
        match command:
            case Publish():
                self._republish = False
                return encode(Published(command.ref, await media.publish(command.sdp, command.tracks)))
            case Answer():
                await media.accept(command.offer, command.sdp)
                if self._offer is not None and self._offer.offer == command.offer:
                    self._offer = None
            case Restart():
                await media.restart(fresh=command.fresh)
            case Layout():
                await media.layout({participant: max(0, height) for participant, height in command.sizes.items()})
        return None if command.ref is None else encode(Ok(command.ref))

    def _post(self, frame: Frame) -> None:
        if self.session is not None:
            self.session.post(frame)


def _media_lost(refused_for: float) -> Frame:
    seconds = f"{refused_for:.0f} seconds" if refused_for < 90 else f"{refused_for / 60:.0f} minutes"
    return encode(
        MediaLostNotice(
            "Something in this room made the media server fail several times. So that other rooms go on, this one has"
            f" no pictures and sound for {seconds}; they are tried again then.",
            refused_for,
        )
    )
