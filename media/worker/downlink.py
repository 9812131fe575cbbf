"""What the link to one subscriber takes, from what the subscriber says of it.

A browser's own estimate (REMB) rises slowly, to one and a half times of what it receives and no further; it falls when
packets begin to queue, and with what it receives, and with mere jitter. So it is a limit, if losses or round trips say
that something queues, from where it fell, without being sent less, to
where it is near its cap again, and says nothing else. To learn whether more would fit, more must be sent: deliberately,
when there is something to gain, and less often each time that it was too much.
"""

from __future__ import annotations

import math
from collections import deque

#: Bits a second that are believed to fit before anything is known.
START = 600_000.0
#: No link is believed to take less.
FLOOR = 50_000.0
#: Loss and delay alone, which a busy machine causes too, are no proof of a link that takes less.
NARROW = 200_000.0
#: An estimate of so many times what is sent is as high as it can be, nearly.
CAP = 1.3
#: An estimate of so much of the last one has fallen.
FALL = 0.97
#: Seconds for which the least that was sent explains a low estimate, and the most looks in them.
MEMORY, RECENT = 2.0, 100
#: Seconds after which an estimate is too old, and after which one that is said again and again is: browsers repeat the
#: last one while they get nothing that they would estimate from, as when all pictures are paused.
FRESH, REPEATED = 5.0, 5.0
#: The share of packets lost above which less is sent, and below which more may be.
MUCH_LOSS, LITTLE_LOSS = 0.15, 0.03
#: What is left of the share of lost packets after a second without a word of it.
FORGET = 0.9
#: Seconds and factor by which a round trip may be longer than the shortest.
QUEUE, STRETCH = 0.15, 1.5
#: The same for a sign that the estimate fell because packets queue, and the share of them that is lost.
SOME_QUEUE, SOME_STRETCH, SOME_LOSS = 0.04, 1.2, 0.02
#: Seconds in which such a sign goes with a fall of the estimate: round trips are told once a second.
TOGETHER = 2.5
#: Seconds, and reports in them, after which a round trip that stays long is that of a longer way, and no queue.
LONGER, REPORTS = 5.0, 3
#: Seconds between two steps down for one reason, and seconds without congestion before the first step up.
PAUSE, CALM = 1.0, 2.0
#: How fast what fits is believed to grow in a second: before any congestion was seen, and after.
GROWTH, CAREFUL_GROWTH = 2.0, 1.05
#: Seconds before more is tried than is known to fit; it doubles each time that it was too much.
PROBE, MAX_PROBE = 5.0, 30.0
#: Seconds in which a try shows whether it was too much.
VERDICT = 3.0


class Downlink:
    """Estimates bits a second. Times are seconds."""

    def __init__(self) -> None:
        self.budget = START
        #: Whether there was congestion ever: before, what is believed to fit is a guess.
        self.certain = False
        #: Seconds, as it was measured last.
        self.round_trip: float | None = None
        self._heard = False
        self._estimate = (0.0, -math.inf)
        self._limited = False
        #: When the estimate was another one, last.
        self._estimated_at = -math.inf
        #: What went out lately, and when.
        self._sent: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self._loss = 0.0
        self._shortest: float | None = None
        #: Round trips of the last seconds, and when.
        self._trips: deque[tuple[float, float]] = deque(maxlen=RECENT)
        #: When something was seen that queues, and when the estimate fell, last.
        self._queued_at = -math.inf
        self._fell_at = -math.inf
        self._late = False
        self._lost = False
        #: When packets were lost or the estimate fell, last: a round trip that is long has other causes, too.
        self.narrow_at = -math.inf
        #: When there was congestion last.
        self.congested_at = -math.inf
        self._stepped_at = -math.inf
        self._looked_at: float | None = None
        self._probe_after = PROBE
        self._probed_at: float | None = None

    @property
    def known(self) -> bool:
        """Whether the subscriber has ever said anything of the link."""
        return self._heard

    @property
    def loss(self) -> float:
        """The share of packets that was lost lately."""
        return self._loss

    @property
    def estimate(self) -> float | None:
        """The subscriber's own estimate, as it was told last."""
        bitrate, at = self._estimate
        return None if at == -math.inf else bitrate

    def on_estimate(self, bitrate: float, now: float) -> None:
        """The subscriber's own estimate came (REMB)."""
        self._heard = True
        last, at = self._estimate
        self._estimate = (float(bitrate), now)
        if bitrate != last:
            self._estimated_at = now
        sent = min((sent for _, sent in self._sent), default=0.0)
        if bitrate >= CAP * sent:
            self._limited = False
        elif now - at < FRESH and bitrate < FALL * last:
            self._fell_at = now
            self._believe(now)

    def on_loss(self, lost: int, expected: int) -> None:
        """Of ``expected`` packets since the last report ``lost`` did not arrive."""
        self._heard = True
        if expected > 0:
            share = min(1.0, max(0.0, lost / expected))
            # a report about few packets says little
            self._loss += (share - self._loss) * min(0.5, max(0.15, expected / 60))
            self._lost = self._loss > MUCH_LOSS
            if self._loss > SOME_LOSS and self._looked_at is not None:
                self._queued_at = self._looked_at

    def on_round_trip(self, seconds: float) -> None:
        """A round trip was measured."""
        self._heard = True
        self.round_trip = seconds
        # The way may have become longer, so the shortest is forgotten slowly.
        self._shortest = seconds if self._shortest is None else min(seconds, self._shortest * 1.02)
        now = self._looked_at or 0.0
        self._trips.append((now, seconds))
        while now - self._trips[0][0] > LONGER:
            self._trips.popleft()
        least = min(trip for _, trip in self._trips)
        whole = len(self._trips) >= REPORTS and now - self._trips[0][0] > LONGER - 1.5
        if whole and least > self._shortest * SOME_STRETCH + SOME_QUEUE:
            # Less was sent meanwhile, and it is as long as before: that was no congestion.
            self._shortest = least
            self._limited = False
            self.congested_at = self._queued_at = self._fell_at = -math.inf
        self._late = seconds > self._shortest * STRETCH + QUEUE
        if seconds > self._shortest * SOME_STRETCH + SOME_QUEUE:
            self._queued_at = now

    def look(self, sent: float, wanted: float | None, now: float) -> float:
        """Return the budget, when ``sent`` is what goes out and ``wanted`` what would, if more were known to fit."""
        elapsed = 0.0 if self._looked_at is None else now - self._looked_at
        self._looked_at = now
        self._loss *= FORGET**elapsed
        self._sent.append((now, sent))
        while now - self._sent[0][0] > MEMORY:
            self._sent.popleft()
        self._believe(now)
        estimate, at = self._estimate
        told = now - at < FRESH and now - self._estimated_at < REPEATED
        if self._lost or self._late:
            # What the subscriber estimates may have fallen long ago, and stayed there since.
            self._limited = self._limited or (told and estimate < sent)
            self._step_down(sent * (1 - self._loss / 2 if self._lost else 0.85), now)
            if self._lost:
                self.narrow_at = now
            self._lost = self._late = False  # until it is said again
        limited = told and self._limited
        if limited and (estimate < self.budget or self._loss < LITTLE_LOSS):
            self.budget = max(FLOOR, estimate)
        elif not limited and self._loss < LITTLE_LOSS and now - self.congested_at > CALM:
            self._rise(wanted, estimate if told else 0.0, elapsed, now)
        return self.budget

    def _believe(self, now: float) -> None:
        """Take a fall of the estimate for a limit, if something else says that packets queue."""
        if now - self._fell_at < TOGETHER and (self._shortest is None or now - self._queued_at < TOGETHER):
            self._fell_at = -math.inf
            self._limited = True
            self.narrow_at = now
            self._congested(now)

    def _rise(self, wanted: float | None, estimate: float, elapsed: float, now: float) -> None:
        if self._probed_at is not None and now - self._probed_at > VERDICT:
            self._probed_at, self._probe_after = None, PROBE  # it was not too much
        if wanted is None or wanted <= self.budget:
            return  # nothing would come of it
        growth = CAREFUL_GROWTH if self.certain else GROWTH
        self.budget = max(self.budget * growth**elapsed, min(estimate, wanted))
        calm = now - self.congested_at > self._probe_after
        if self.certain and wanted > self.budget and calm and self._probed_at is None:
            self.budget = wanted
            self._probed_at = now

    def _step_down(self, to: float, now: float) -> None:
        if now - self._stepped_at >= PAUSE:
            self._stepped_at = now
            self.budget = min(self.budget, max(NARROW, to))
        self._congested(now)

    def _congested(self, now: float) -> None:
        self.certain = True
        self.congested_at = now
        if self._probed_at is not None:
            if now - self._probed_at <= VERDICT:
                self._probe_after = min(MAX_PROBE, 2 * self._probe_after)
            self._probed_at = None
