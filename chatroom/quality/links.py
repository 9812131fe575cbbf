"""How good one connection is in one direction, from the last samples of it: the bars, how bad it is, and the figures.

What a sender's link lost is missing for every receiver, too; samples of receivers leave it out already, and so this
judges each link by itself. Nothing here has a clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import inf

import attrs

from chatroom.problems import SignalLevel
from chatroom.quality.debounce import Seen
from chatroom.quality.samples import DownlinkSample, UplinkSample

#: Seconds of samples that are looked at, and of the last two: receivers of sound alone report every five seconds.
WINDOW, REPORTS_WINDOW = 3.2, 11.0
#: Shares of packets lost: one that is worth a bar, a mild one, a severe one. Opus conceals what is below.
LOSS = (0.02, 0.05, 0.15)
#: A loss is one that is seen in two samples, each with such a share: one burst is an accident. A report about so many
#: packets is worth two, if it is the first for so many seconds: it is of all of them.
SHARE, SURELY, SELDOM = 0.03, 200, 2.5
#: Packets without which a share says nothing.
FEW = 20
#: The same for seconds of waiting in queues on the way here, of jitter, and of the way there and back.
DELAY = (0.15, 0.3, 1.0)
JITTER = (0.04, 0.1, 0.5)
ROUND_TRIP = (0.35, 0.6, 1.5)
#: What strains an uplink: seconds of waiting in two samples, or such a share lost in one. A layer that is lacking so
#: many seconds after that is so for want of bandwidth, and not of a processor.
STRAIN_DELAY, STRAIN_LOSS, STRAINED = 0.08, 0.1, 6.0
#: Seconds for which what was found so lingers, if it is lacking still.
LINGERS = 15.0
#: Seconds for which a link that was too narrow, and gets less than its page shows, is still taken for narrow: longer
#: than that it is us who try whether it takes more.
NARROW = 12.0
#: A receiver that estimates so much less than it is sent, and did a moment ago, has seen its link fill up.
FALLEN, MOMENT = 0.5, 1.5
#: Seconds without a reported packet, though packets go out and the page is heard, not so many seconds ago.
STALLED, HEARD = 6.0, 2.0
STALLED_BITRATE = 5_000.0


@attrs.frozen
class Verdict:
    """``level`` is None, and ``seen`` unknown, where it cannot be told. What ``lingers`` may go on, and not begin."""

    level: SignalLevel | None
    seen: Seen
    figures: Mapping[str, float] = attrs.field(factory=dict)
    lingers: bool = False


UNKNOWN = Verdict(None, "unknown")


@attrs.frozen
class _Part:
    """What one sample says of packets."""

    at: float
    expected: int
    lost: int
    #: Seconds since the one before.
    after: float


class _Losses:
    """Shares of packets lost, lately. ``surely`` is the number of packets of which one sample is worth two."""

    def __init__(self, surely: float) -> None:
        self._surely = surely
        self._parts: deque[_Part] = deque(maxlen=32)

    def take(self, expected: int, lost: int, now: float) -> None:
        if expected > 0:
            after = now - self._parts[-1].at if self._parts else 0.0
            self._parts.append(_Part(now, expected, lost, after))
        while self._parts and now - self._parts[0].at > (WINDOW if len(self._parts) > 2 else REPORTS_WINDOW):
            self._parts.popleft()

    def clear(self) -> None:
        self._parts.clear()

    @property
    def share(self) -> float:
        """The share that was lost; 0 where that was in one accident, or of few packets."""
        expected = sum(part.expected for part in self._parts)
        lost = sum(part.lost for part in self._parts)
        hits = sum(
            2 if part.expected >= self._surely and part.after >= SELDOM else 1
            for part in self._parts
            if part.lost >= 2 and part.lost >= SHARE * part.expected
        )
        return lost / expected if expected >= FEW and hits >= 2 else 0.0


def _grade(value: float, steps: tuple[float, float, float]) -> SignalLevel:
    fair, mild, severe = steps
    if value >= severe:
        return 1
    if value >= mild:
        return 2
    return 3 if value >= fair else 4


_SEEN: Mapping[SignalLevel, Seen] = {1: "severe", 2: "mild", 3: None, 4: None}


class Uplink:
    """What a participant sends."""

    def __init__(self) -> None:
        self._losses = _Losses(inf)
        self._delay = self._jitter = 0.0
        self._strained_at = -inf

    def clear(self) -> None:
        """What was before says nothing any more."""
        self._losses.clear()
        self._delay = self._jitter = 0.0
        self._strained_at = -inf

    def take(self, sample: UplinkSample, now: float) -> Verdict:
        """Take the next sample, of a leg that is connected and heard."""
        flowing = [track for track in sample.tracks if track.packets]
        expected, lost = sum(t.expected for t in sample.tracks), sum(t.lost for t in sample.tracks)
        self._losses.take(expected, lost, now)
        if not flowing:
            return UNKNOWN
        # A jump of one stream's clock delays that one alone, and jitter is what lasts.
        delay, jitter = min(track.delay for track in flowing), min(track.jitter for track in flowing)
        loss = self._losses.share
        level = min(
            _grade(loss, LOSS), _grade(min(delay, self._delay), DELAY), _grade(min(jitter, self._jitter), JITTER)
        )
        if min(delay, self._delay) >= STRAIN_DELAY or (expected >= FEW and lost >= STRAIN_LOSS * expected):
            self._strained_at = now
        self._delay, self._jitter = delay, jitter
        lacking = any(track.lacking for track in sample.tracks)
        if lacking and now - self._strained_at <= STRAINED:
            level = min(level, 2)
        figures = {
            "loss": round(loss, 4),
            "jitter": round(jitter, 4),
            "delay": round(delay, 3),
            "bitrate": round(8.0 * sum(track.octets for track in sample.tracks)),
        }
        shown: SignalLevel = 3 if lacking and level == 4 else level
        return Verdict(shown, _SEEN[level], figures, lingers=lacking and now - self._strained_at <= LINGERS)


class Downlink:
    """What a participant receives."""

    def __init__(self) -> None:
        self._losses = _Losses(SURELY)
        self._round_trip: float | None = None
        self._reported_at: float | None = None
        self._fell = False

    def clear(self) -> None:
        """What was before says nothing any more."""
        self._losses.clear()
        self._round_trip = self._reported_at = None
        self._fell = False

    def take(self, sample: DownlinkSample, now: float, *, uplink: SignalLevel | None) -> Verdict:
        """Take the next sample, of a leg that is connected and heard; ``uplink`` is what is known of the other way.

        Reports come by that way: one that is slow makes the round trip long, and this link no worse.
        """
        losses = self._losses
        losses.take(sample.expected, sample.lost, now)
        heard = sample.quiet is not None and sample.quiet < HEARD
        if sample.expected or sample.bitrate < STALLED_BITRATE or not heard or self._reported_at is None:
            self._reported_at = now
        hears = uplink not in (1, 2)
        stalled = hears and now - self._reported_at >= STALLED
        loss = 1.0 if stalled else losses.share
        level = _grade(loss, LOSS)
        before, self._round_trip = self._round_trip, sample.round_trip
        if sample.round_trip is not None and before is not None and hears:
            level = min(level, _grade(min(sample.round_trip, before), ROUND_TRIP))
        hurt = sample.unhurt is not None and sample.unhurt < NARROW
        if sample.paused and hurt:
            level = min(level, 1 if 2 * sample.paused >= sample.pictures else 2)
        fell, self._fell = self._fell, _has_fallen(sample)
        if fell and self._fell:
            level = min(level, 2)
        narrow = hurt and (sample.lowered or sample.paused > 0)
        figures: dict[str, float] = {"loss": round(loss, 4), "bitrate": round(sample.bitrate)}
        if sample.round_trip is not None:
            figures["round_trip"] = sample.round_trip
        if sample.paused:
            figures["paused"] = sample.paused
        shown: SignalLevel = 3 if narrow and level == 4 else level
        return Verdict(shown, _SEEN[level], figures, lingers=narrow)


def _has_fallen(sample: DownlinkSample) -> bool:
    return (
        sample.lowered
        and sample.unhurt is not None
        and sample.unhurt < MOMENT
        and sample.estimate is not None
        and sample.estimate < FALLEN * sample.bitrate
    )
