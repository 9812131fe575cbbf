"""A room's conversation: who speaks in it is told, is seen before others, and only the loudest are heard."""

from __future__ import annotations

from collections.abc import Callable, Collection

from media.messages import SpeakersChanged
from media.worker.producer import Producer
from media.worker.speakers import INTERVAL, Speakers

#: Seconds between two words about who speaks.
TELL = 0.2
#: The most participants of one word: as many as anybody has tiles for, and little to send to everyone of a large room.
MAX_TOLD = 30


class Conversation:
    """Has `Speakers` decide about the microphones of a room, and does as it says. Times are seconds."""

    def __init__(self, router: str, loudest: int, emit: Callable[[SpeakersChanged], None]) -> None:
        self._router = router
        self._emit = emit
        self._speakers = Speakers(loudest)
        self._next_look = 0.0
        self._next_word = 0.0
        self._told: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def tick(self, producers: Callable[[], Collection[Producer]], now: float) -> None:
        """Time has passed. ``producers`` returns the room's, and is asked when there is something to decide."""
        if now < self._next_look:
            return
        self._next_look = now + INTERVAL
        tracks = producers()
        microphones = {track.voice: track for track in tracks if track.voice is not None}
        for voice in self._speakers.look(microphones, now):
            track = microphones[voice]
            for consumer in track.consumers:
                consumer.select(track.layers[0] if voice.forwarded else None)
        self._put_first(tracks)
        self._tell(now)

    def forget(self, participant: str) -> None:
        """A participant has left."""
        self._speakers.forget(participant)

    def _put_first(self, tracks: Collection[Producer]) -> None:
        """Serve the cameras of those who speak before others, or that of who did last: a silence changes nothing."""
        first = self._speakers.speaking or self._speakers.spoke[:1]
        for track in tracks:
            if track.source == "camera":
                track.first = track.participant in first

    def _tell(self, now: float) -> None:
        speaking = self._speakers.speaking[:MAX_TOLD]
        said = speaking, self._speakers.spoke[: MAX_TOLD - len(speaking)]
        if said != self._told and now >= self._next_word:
            self._told = said
            self._next_word = now + TELL
            self._emit(SpeakersChanged(self._router, list(said[0]), list(said[1])))
