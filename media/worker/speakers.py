"""Who is speaking, and who is heard: from the audio levels that come with the packets (RFC 6464).

A level is a number of decibels below the loudest there can be (-dBov): 0 is that, 127 is silence. So the smaller number
is the louder one. What a microphone's packets say is only added up; everything is decided ten times a second.
"""

from __future__ import annotations

from collections.abc import Collection

#: Seconds between two looks.
INTERVAL = 0.1
#: Microphones that are forwarded where more are open. Of more people at once nobody understands anyone, and six take
#: some 240 kbit/s, which even a bad link has.
LOUDEST = 6

#: A sound is loud if it is so many decibels above the noise; the noise is taken for no quieter and no louder than this.
ABOVE_NOISE = 10
QUIETEST_NOISE, LOUDEST_NOISE = 70, 45
#: No room is so quiet, but a microphone that is muted is.
SILENCE = 100
#: What is quieter than this is no speech, however quiet it is around it.
FAINT = 50
#: After something loud, what is so many decibels below it is its echo, and so many more with each second that passes.
ECHO, ECHO_FADES = 20, 60.0
#: Decibels a second by which noise is believed to have risen, and the share of the way by which it falls in one look.
NOISE_RISES, NOISE_FALLS = 2.0, 0.25

#: Looks that are remembered, as bits, and how many of them must have been loud until someone speaks.
_REMEMBERED = 0b111
_ENOUGH = 2
#: Seconds of silence after which someone does not speak any more: a pause for breath is still speech.
HOLD = 1.0
#: Seconds without a packet after which a microphone is off.
OPEN = 2.0

#: Seconds for which whoever is heard stays heard: while silent, and while speaking.
PLACE, SPEAKING_PLACE = 0.5, 2.0
#: Decibels by which another must be louder to be heard instead of someone who speaks.
LOUDER = 6


class Voice:
    """One microphone, as its levels tell. Until they have told anything it is unknown, and is always forwarded."""

    __slots__ = (
        "_count",
        "_looked_at",
        "_loud",
        "_loudest",
        "_noise",
        "_opened_at",
        "_recent",
        "_sum",
        "_unknown",
        "active_at",
        "forwarded",
        "known",
        "level",
        "loudness",
        "participant",
        "sounded_at",
        "speaking",
        "threshold",
    )

    def __init__(self, participant: str) -> None:
        self.participant = participant
        #: Whether its packets carry levels.
        self.known = False
        self.speaking = False
        #: Whether others get its packets.
        self.forwarded = True
        #: Its level between the last two looks; None while none was told.
        self.level: float | None = None
        #: When it was last anything but silence, as no room is silent; or when it was switched on.
        self.sounded_at = float("-inf")
        #: When it was loud last, and how loud it is when it is.
        self.active_at = float("-inf")
        self.loudness = 127.0
        #: The quietest level that counts as loud.
        self.threshold: float = FAINT
        self._noise = float(QUIETEST_NOISE)
        self._recent = 0
        #: The loudest of the looks since it was asked for.
        self._loudest: float | None = None
        self._looked_at: float | None = None
        self._opened_at = float("-inf")
        # since the last look
        self._count = 0
        self._sum = 0
        self._loud = 0
        self._unknown = 0

    def hear(self, level: int | None) -> None:
        """Take the level of a packet: the octet of RFC 6464, if it has one. Called for each packet."""
        if level is None:
            self._unknown += 1
            return
        value = level & 0x7F  # the other bit is the sender's opinion of whether that is speech
        self._count += 1
        self._sum += value
        if value <= self.threshold:
            self._loud += 1
            if value + ECHO < self.threshold:
                self.threshold = value + ECHO

    @property
    def active(self) -> bool:
        """Whether it was loud between the last two looks."""
        return bool(self._recent & 1)

    def is_open(self, now: float) -> bool:
        """Whether it is on: packets come, with levels."""
        return self.known and now - self._opened_at < OPEN

    def take_loudest(self) -> int | None:
        """Return the loudest level of all looks since the last call; None if there was none."""
        loudest, self._loudest = self._loudest, None
        return None if loudest is None else round(loudest)

    def look(self, now: float) -> None:
        """Decide from what has come since the last look."""
        count, total, loud, unknown = self._count, self._sum, self._loud, self._unknown
        self._count = self._sum = self._loud = self._unknown = 0
        elapsed = INTERVAL if self._looked_at is None else now - self._looked_at
        self._looked_at = now
        # Most of the packets, so that a click is none.
        active = 2 * loud > count
        if count:
            level = self.level = total / count
            if level < SILENCE or not self.is_open(now):
                self.sounded_at = now
            self.known = True
            self._opened_at = now
            self._loudest = level if self._loudest is None else min(self._loudest, level)
            if active:
                fresh = not self.speaking and not self._recent
                self.loudness = level if fresh else self.loudness + 0.3 * (level - self.loudness)
                self.active_at = now
            self._listen_to_noise(level, elapsed)
        elif unknown:
            self.known = False
        self.threshold = min(FAINT, self._noise - ABOVE_NOISE, self.threshold + ECHO_FADES * elapsed)
        self._recent = (self._recent << 1 | active) & _REMEMBERED
        if active and self._recent.bit_count() >= _ENOUGH:
            self.speaking = True
        elif self.speaking and now - self.active_at >= HOLD:
            self.speaking = False

    def _listen_to_noise(self, level: float, elapsed: float) -> None:
        if level > self._noise:
            self._noise = min(QUIETEST_NOISE, self._noise + NOISE_FALLS * (level - self._noise))
        else:
            self._noise = max(LOUDEST_NOISE, level, self._noise - NOISE_RISES * elapsed)


class Speakers:
    """Who speaks in a room, who did, and who is heard: the ``loudest`` of the microphones that are on, 0 for all."""

    def __init__(self, loudest: int = LOUDEST) -> None:
        self._loudest = loudest
        self._speaking: list[str] = []
        self._spoke: list[str] = []
        #: Who is heard, and since when.
        self._places: dict[Voice, float] = {}

    @property
    def speaking(self) -> tuple[str, ...]:
        """Who speaks now: who began last is first."""
        return tuple(self._speaking)

    @property
    def spoke(self) -> tuple[str, ...]:
        """Who spoke and is still there: who ended last is first."""
        return tuple(self._spoke)

    def look(self, voices: Collection[Voice], now: float) -> list[Voice]:
        """Decide anew about all microphones of the room; return those that are forwarded from now on or no more.

        To be called every `INTERVAL` seconds or so.
        """
        for voice in voices:
            voice.look(now)
        self._order(voices)
        return self._place(voices, now)

    def forget(self, participant: str) -> None:
        """A participant has left."""
        self._speaking = [other for other in self._speaking if other != participant]
        self._spoke = [other for other in self._spoke if other != participant]

    def _order(self, voices: Collection[Voice]) -> None:
        speaking = sorted((voice for voice in voices if voice.speaking), key=lambda voice: voice.loudness)
        ids = [voice.participant for voice in speaking]
        if ids or self._speaking:
            ended = [other for other in self._speaking if other not in ids]
            begun = [other for other in ids if other not in self._speaking]
            self._speaking = begun + [other for other in self._speaking if other in ids]
            self._spoke = ended + [other for other in self._spoke if other not in ids]

    def _place(self, voices: Collection[Voice], now: float) -> list[Voice]:
        candidates = [voice for voice in voices if voice.is_open(now)]
        places = {voice: self._places.get(voice) for voice in candidates}
        if not self._loudest or len(candidates) <= self._loudest:
            self._places = {voice: now if since is None else since for voice, since in places.items()}
        else:
            self._places = {voice: since for voice, since in places.items() if since is not None}
            self._compete(candidates, now)
        changed = []
        for voice in voices:
            # One that is off gets no place, and no door either: its first packets are heard at once.
            forwarded = voice in self._places or not voice.is_open(now)
            if forwarded != voice.forwarded:
                voice.forwarded = forwarded
                changed.append(voice)
        return changed

    def _compete(self, candidates: Collection[Voice], now: float) -> None:
        places = self._places
        outside = sorted((voice for voice in candidates if voice not in places), key=_importance, reverse=True)
        for voice in outside:
            if len(places) < self._loudest:
                places[voice] = now
            elif voice.active and (other := self._gives_way(voice, now)) is not None:
                del places[other]
                places[voice] = now

    def _gives_way(self, voice: Voice, now: float) -> Voice | None:
        """Return whose place this one may take: a silent one's, or that of someone who speaks much less loudly."""
        silent = [
            other
            for other, since in self._places.items()
            if not other.speaking and not other.active and now - since >= PLACE
        ]
        if silent:
            return min(silent, key=_importance)
        if not voice.speaking:
            return None
        quieter = [
            other
            for other, since in self._places.items()
            if now - since >= SPEAKING_PLACE and voice.loudness <= other.loudness - LOUDER
        ]
        return max(quieter, key=lambda other: other.loudness, default=None)


def _importance(voice: Voice) -> tuple[bool, bool, float, float]:
    """Sort the microphones, the one that is missed least first."""
    loud = voice.speaking or voice.active
    return voice.speaking, loud, 0.0 if loud else voice.active_at, -voice.loudness
