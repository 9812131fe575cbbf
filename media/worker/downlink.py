"""What the link to one subscriber takes of pictures, from what the subscriber says of it.

A browser's own estimate (REMB) is of pictures alone: sound is not counted in it, whatever that takes. It rises slowly,
to one and a half times of what it receives and no further, and falls to 85 % of what it receives whenever packets seem
to come later and later: as they do where they queue, and as they do with mere jitter, or on a way that became longer.
So a fall is believed only if less comes than is sent, or losses or round trips that grow say that something queues.
Then it is a limit, to where it is near its cap again, and says nothing else.

To learn whether more would fit, more must be sent: deliberately, when there is something to gain, and less often each
time that it was too much. `Prober` says when. Where packets can be repeated for it, nobody sees that it was too much.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise

from media.worker.prober import Prober

#: Bits a second that are believed to fit before anything is known.
START = 600_000.0
#: No link is believed to take less.
FLOOR = 5_000.0
#: Loss and delay alone, which a busy machine causes too, are no proof of a link that takes less.
NARROW = 150_000.0
#: An estimate of so many times what is sent is as high as it can be, nearly.
CAP = 1.3
#: An estimate of so much of the last one has fallen; one of so much of what is sent says that less comes. A way that
#: becomes longer by a tenth of a second was seen to leave two thirds of it, for a moment.
FALL, SHORT = 0.97, 0.6
#: Seconds for which the least that was sent explains a low estimate, and the most looks in them.
MEMORY, RECENT = 1.5, 200
#: Seconds after which an estimate is too old, and after which one that is said again and again is: browsers repeat the
#: last one while they get nothing that they would estimate from, as when all pictures are paused.
FRESH, REPEATED = 5.0, 5.0
#: Seconds after which what is told is of another time, where of now there is or was other word: browsers report of
#: pictures once a second, and of sound every five. What is told first after a silence is what was lost in that.
OLD = 2.0
#: The share of packets lost above which less is sent; how much more than usual may be lost while more is tried, and is
#: where a fall is believed.
MUCH_LOSS, LITTLE_LOSS, SOME_LOSS = 0.15, 0.03, 0.02
#: Seconds in which what is lost becomes usual, as it is not for what is sent, and in which less does.
USUAL, LESS = 10.0, 3.0
#: Packets of which a report says something on its own.
ENOUGH = 20
#: What is left of the share of lost packets after a second without a word of it.
FORGET = 0.9
#: Seconds in which losses or growing round trips go with a fall of the estimate.
TOGETHER = 2.5
#: Something queues if the shortest round trip grows: from a moment to the next by so much, for so many seconds, or
#: slowly, from each to the next of three stretches. A way that became longer is longer once, and jitter has short ones
#: among the long.
MOMENT, GROWN, GROWING = 1.3, 0.03, 2.0
STRETCH, CREPT = 3.0, 0.015
#: Seconds by which a round trip is longer than the shortest if something waits in a queue; the share of packets that is
#: lost if that is full.
QUEUE, FULL = 0.08, 0.005
#: Seconds for which the shortest round trip is that of the way as it is; seconds after which one that stays long though
#: less is sent is that of another way, and reports in them.
LONG, LONGER, REPORTS = 30.0, 5.0, 4
#: Seconds between two steps down for one reason, what is left of what is sent after one at least, and seconds that a
#: queue takes to become shorter and that to be told.
PAUSE, LEAST, DRAIN = 1.0, 0.3, 1.2
#: Seconds for which what a try did, that was too much, is still told of.
AFTERMATH = 2.0
#: How fast what fits is believed to grow in a second before any congestion was seen.
GROWTH = 2.0


class Downlink:
    """Estimates bits a second, those of sound not among them. Times are seconds."""

    def __init__(self) -> None:
        self.budget = START
        #: Whether there was congestion ever: before, what is believed to fit is a guess.
        self.certain = False
        #: Whether the last look brought more that was seen to fit.
        self.granted = False
        #: Seconds, as it was measured last.
        self.round_trip: float | None = None
        self._heard = False
        self._estimate = (0.0, -math.inf)
        self._limited = False
        #: When the estimate was another one, last.
        self._estimated_at = -math.inf
        #: What went out lately, and when.
        self._sent: deque[tuple[float, float]] = deque(maxlen=RECENT)
        #: When something was told of losses, and of round trips, that was not old.
        self._lost_at = self._timed_at = -math.inf
        #: The share of packets that is lost, and that which is lost whatever is sent.
        self._loss = self._usual = 0.0
        #: Round trips of the last seconds, and when; since when they grow.
        self._trips: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self._growing_since: float | None = None
        #: When something was seen that queues, and when the estimate fell, last.
        self._queued_at = -math.inf
        self._fell_at = -math.inf
        self._late = False
        self._lost = False
        #: Whether something waited in a queue, by the last round trip; and whether packets were lost then.
        self._waits = self._full = False
        #: The largest share that was lost since it does.
        self._worst = 0.0
        #: When packets were lost or the estimate fell, last: a round trip that is long has other causes, too.
        self.narrow_at = -math.inf
        self._stepped_at = self._drained_at = -math.inf
        self._looked_at: float | None = None
        self._prober = Prober()

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

    @property
    def padding(self) -> float:
        """What is to be sent beside, of no use to anybody, to see whether it fits."""
        return self._prober.padding

    def on_estimate(self, bitrate: float, now: float) -> bool:
        """Take the subscriber's own estimate (REMB); return whether less fits than was believed."""
        self._heard = True
        last, at = self._estimate
        self._estimate = (float(bitrate), now)
        if bitrate != last:
            self._estimated_at = now
        sent = min((sent for _, sent in self._sent), default=0.0)
        fell = now - at < FRESH and bitrate < FALL * last
        if fell:
            self._prober.on_fall(bitrate, now)
        if bitrate >= CAP * sent:
            self._limited = False
        elif fell:
            self._fell_at = now
            if bitrate < SHORT * sent:
                self._queued_at = now
            return self._believe(now)
        return False

    def on_loss(self, lost: int, expected: int, since: float = 0.0) -> None:
        """Of ``expected`` packets in the seconds ``since`` the last report of a stream ``lost`` did not arrive."""
        self._heard = True
        now = self._looked_at or 0.0
        if since < OLD:
            self._lost_at = now if expected > 0 else self._lost_at
        elif now - self._lost_at < since + OLD and not self._waits:
            return
        if expected > 0:
            share = min(1.0, max(0.0, lost / expected))
            # a report about few packets says little
            self._loss += (share - self._loss) * min(0.5, max(0.15, expected / 60))
            self._lost = self._loss > MUCH_LOSS
            self._full = self._full or (self._waits and share > self._usual + FULL)
            if self._looked_at is not None:
                if since < OLD:
                    told = share if expected >= ENOUGH else self._loss
                    self._prober.on_loss(told, self._usual, self._looked_at)
                if self._loss > self._usual + SOME_LOSS:
                    self._queued_at = self._looked_at

    def on_round_trip(self, seconds: float, ago: float = 0.0) -> None:
        """A round trip was measured, that began some seconds ``ago``: a sender report told of it when it had come."""
        self._heard = True
        now = self._looked_at or 0.0
        if ago < OLD:
            self._timed_at = now
        elif now - self._timed_at < ago + OLD:
            return
        self.round_trip = seconds
        self._trips.append((now, seconds))
        while now - self._trips[0][0] > LONG:
            self._trips.popleft()
        shortest = min(trip for _, trip in self._trips)
        recent = [(at, trip) for at, trip in self._trips if now - at <= LONGER]
        whole = len(recent) >= REPORTS and now - recent[0][0] > LONGER - 1.0
        same = self._loss >= 0.5 * self._worst or self._loss <= FULL
        if whole and same and min(trip for _, trip in recent) > shortest + QUEUE:
            # It stayed so long, and lost as much, whatever was sent meanwhile, or loses nothing.
            self._trips = deque(recent, maxlen=RECENT)
            shortest = min(trip for _, trip in recent)
            self._usual = max(self._usual, self._loss)
        self._waits = seconds > shortest + QUEUE
        self._worst = max(self._worst, self._loss) if self._waits else 0.0
        self._prober.on_round_trip(seconds, shortest, now)
        stretches = [self._shortest(number * STRETCH, now) for number in range(3)]
        creeps = all(a is not None and b is not None and a - b > CREPT for a, b in pairwise(stretches))
        lately, before = self._shortest(0, now, MOMENT), self._shortest(MOMENT, now, MOMENT)
        if lately is None or before is None or lately <= before + GROWN:
            self._growing_since = None
        elif self._growing_since is None:
            self._growing_since = now
        if creeps or (self._growing_since is not None and now - self._growing_since >= GROWING):
            self._late = True
            self._queued_at = now

    def _shortest(self, ago: float, now: float, seconds: float = STRETCH) -> float | None:
        """Return the shortest round trip of a stretch that ended some seconds ago."""
        return min((trip for at, trip in self._trips if ago <= now - at < ago + seconds), default=None)

    def look(self, sent: float, wanted: float | None, most: float, now: float, *, pads: bool = False) -> float:
        """Return the budget.

        ``sent`` is what goes out, ``wanted`` what would, if the next step were known to fit, and ``most`` if all were.
        ``pads`` says whether `padding` can be sent.
        """
        elapsed = 0.0 if self._looked_at is None else now - self._looked_at
        self._looked_at = now
        self.granted = False
        self._loss *= FORGET**elapsed
        if self._loss < self._usual or not self._waits:
            slowly = USUAL if self._loss > self._usual else LESS
            self._usual += (self._loss - self._usual) * min(1.0, elapsed / slowly)
        self._sent.append((now, sent))
        while now - self._sent[0][0] > MEMORY:
            self._sent.popleft()
        self._believe(now)
        estimate, at = self._estimate
        told = now - at < FRESH and now - self._estimated_at < REPEATED
        drains = now - self._drained_at < DRAIN or now - self._prober.failed_at < AFTERMATH
        full = self._full and not drains
        if (self._full or self._lost) and self._prober.tries:
            # What is tried is too much, which says nothing of what is sent anyway.
            self._congested(now)
            self._lost = False
        elif full or ((self._lost or self._late) and not drains):
            # What the subscriber estimates may have fallen long ago, and stayed there since.
            self._limited = self._limited or (told and estimate < sent)
            if full:
                self._drained_at, self._stepped_at = now, -math.inf
                self._step_down(sent * max(LEAST, min(0.9, 1 - 1.5 * self._loss)), FLOOR, now)
            else:
                least = FLOOR if self._late else NARROW
                self._step_down(sent * (1 - self._loss / 2 if self._lost else 0.85), least, now)
            if self._lost or full:
                self.narrow_at = now
            self._lost = self._late = False  # until it is said again
        self._full = False
        little = self._loss < self._usual + LITTLE_LOSS
        if told and self._limited and (estimate < self.budget or little):
            self.budget = max(FLOOR, estimate)
        if wanted is None or (wanted <= self.budget and not self._prober.tries):
            self._prober.rest()
        elif not self.certain:
            told_so = min(estimate, wanted) if told and not self._limited else 0.0
            self.budget = max(self.budget * GROWTH**elapsed, told_so)
        elif little:
            granted = self._prober.look(sent, wanted, most, now, pads=pads)
            if granted is not None:
                self._limited = False
                self.granted = self._prober.sure
                self.budget = max(self.budget, granted)
        return self.budget

    def _believe(self, now: float) -> bool:
        """Take a fall of the estimate for a limit, if something else says that packets queue; return whether it is."""
        if now - self._fell_at >= TOGETHER:
            return False
        if self.round_trip is not None and now - self._queued_at >= TOGETHER:
            return False  # of who tells nothing else it is believed
        self._fell_at = -math.inf
        self._limited = True
        self.narrow_at = now
        self._congested(now)
        return True

    def _step_down(self, to: float, least: float, now: float) -> None:
        if now - self._stepped_at >= PAUSE:
            self._stepped_at = now
            self.budget = min(self.budget, max(least, to))
        self._congested(now)

    def _congested(self, now: float) -> None:
        self.certain = True
        self._prober.on_congestion(now)
