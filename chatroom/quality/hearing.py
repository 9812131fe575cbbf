"""Who does not hear whom, though sound of theirs comes to the media plane: as pages say what they play.

Nothing here has a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatroom.quality.person import Person

#: Seconds of a report about nothing that say something; seconds for which it must be so, in which a connection that
#: explains it is known to be lost; and fewer where the page says itself why.
SAID, SURE, SURELY = 1.0, 4.0, 1.5
#: Seconds that whoever is new has to be subscribed to.
SUBSCRIBING = 5.0


class Hearing:
    """Whom each listener does not hear, and since when. Everybody is named by their epoch."""

    def __init__(self) -> None:
        self._deaf: dict[int, dict[int, float]] = {}

    def look(self, listener: Person, people: Mapping[int, Person], now: float) -> None:
        """Take the newest of what is known of a listener."""
        deaf = self._missed_by(listener, people, now)
        before = self._deaf.get(listener.person.epoch, {})
        if deaf:
            self._deaf[listener.person.epoch] = {epoch: before.get(epoch, since) for epoch, since in deaf.items()}
        else:
            self._deaf.pop(listener.person.epoch, None)

    def forget(self, epoch: int) -> None:
        """Somebody has left."""
        self._deaf.pop(epoch, None)

    def listeners(self, speaker: int, people: Mapping[int, Person], now: float) -> Sequence[str]:
        """Return who does not hear a speaker."""
        return sorted(
            people[listener].id
            for listener, deaf in self._deaf.items()
            if listener in people and speaker in deaf and now - deaf[speaker] >= SURE
        )

    @property
    def any(self) -> bool:
        """Whether anybody does not hear anybody."""
        return bool(self._deaf)

    def _missed_by(self, listener: Person, people: Mapping[int, Person], now: float) -> dict[int, float]:
        """Return those whom a listener does not hear now, and since when if that is new."""
        report = listener.fresh_report(now)
        sounding = {
            epoch: other.sounding_since
            for epoch, other in people.items()
            if other is not listener and other.person.microphone and other.sounding_since is not None
        }
        if not sounding or listener.person.connection != "present":
            return {}
        if report is not None and report.sound != "playing":
            # Blocked by the browser; or switched off by its person, who knows.
            return dict.fromkeys(sounding, now + SURELY - SURE) if report.sound == "blocked" else {}
        if listener.is_deaf():
            return {}
        missed: dict[int, float] = {}
        downlink = None if listener.sample is None else listener.sample.downlink
        unsent = () if downlink is None else downlink.unsent
        for epoch, since in sounding.items():
            speaker = people[epoch].id
            playing = None if report is None else report.playing.get(speaker)
            if speaker in unsent:
                if now - since >= SUBSCRIBING:
                    missed[epoch] = now
            elif playing is not None and playing.packets == 0 and playing.seconds >= SAID:
                began = listener.reported_at - playing.seconds
                if since <= began - 1.0:  # or it is of a time when there was nothing to play
                    missed[epoch] = now
        return missed
