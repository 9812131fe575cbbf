"""When more is sent to a subscriber than is known to fit, and how much more, to see whether that fits, too."""

from __future__ import annotations

import math

#: Seconds without congestion before the first try. They double each time that a try was too much, up to the second, or,
#: where that was seen only when it had been granted, up to the third: then it did harm.
PAUSE, MAX_PAUSE, LONGEST = 2.5, 4.0, 20.0
#: Seconds that a try takes, and for how long what came of it may still be too much.
LASTS, TRIAL = 1.5, 4.0
#: Seconds between what a try has granted and the next one: it has to be in use.
SETTLE = 0.6
#: How many times what is sent, or was found to fit, is tried after a try that went well; otherwise it is the next step.
STRIDE = 3.0
#: How many times what would be granted is sent to see whether it fits.
SPARE = 1.15
#: An estimate of so much of what is tried has fallen because of it.
SHORT = 0.8
#: Seconds by which round trips are longer than the shortest lately if what is tried has to queue, and how many of them:
#: one alone may have waited for something else.
QUEUE, TRIPS = 0.1, 2
#: The share of packets that is lost, beyond what is anyway, where it overflows.
LOSS = 0.04


class Prober:
    """Tries, one after the other. Rates are bits a second, times seconds."""

    def __init__(self) -> None:
        #: What is to be sent beside what is sent anyway, now.
        self.padding = 0.0
        #: What is tried, and since when, if something is.
        self._target = 0.0
        self._began: float | None = None
        #: Round trips that were long meanwhile.
        self._long = 0
        self._granted_at = -math.inf
        self._pause = PAUSE
        self._not_before = -math.inf
        self._well = False
        #: When a try was too much, last.
        self.failed_at = -math.inf
        #: Whether the last grant was for something that had been tried, and not itself the try.
        self.sure = False

    def look(self, sent: float, wanted: float, most: float, now: float, *, pads: bool) -> float | None:
        """Go on; return what may be sent from now on, if that was found out.

        ``sent`` is what goes out, ``wanted`` what would with the next step, and ``most`` with all of them. Where
        nothing ``pads`` the next step itself is the try.
        """
        if TRIAL <= now - self._granted_at < math.inf:
            self._pause = PAUSE  # what was granted was not too much
        if self._began is not None and now - self._began >= LASTS:
            # Of all there is the spare is granted, too, as what that costs varies.
            granted = self._target if self._target < most else SPARE * self._target
            self.rest()
            self._grant(now)
            self.sure = True
            return granted
        if self._began is not None:
            if pads:
                self.padding = max(0.0, SPARE * self._target - sent)
            else:
                self.rest()
            return None
        if now < self._not_before:
            return None
        if not pads:
            self._target = wanted
            self._grant(now)
            self.sure = False
            return wanted
        self._began, self._long = now, 0
        self._target = max(wanted, min(most, STRIDE * max(sent, self._target))) if self._well else wanted
        self.padding = max(0.0, SPARE * self._target - sent)
        return None

    @property
    def tries(self) -> bool:
        """Whether something is tried now."""
        return self._began is not None

    def rest(self) -> None:
        """Try nothing."""
        self._began = None
        self.padding = 0.0

    def on_fall(self, estimate: float, now: float) -> None:
        """The subscriber's estimate fell. If that is for what is tried, it is too much."""
        if self._began is not None and estimate < SHORT * SPARE * self._target:
            self._fail(now, MAX_PAUSE)

    def on_round_trip(self, seconds: float, shortest: float, now: float) -> None:
        """A round trip was measured, and what the shortest one is."""
        if self._began is not None:
            self._long += seconds > shortest + QUEUE
            if self._long >= TRIPS:
                self._fail(now, MAX_PAUSE)

    def on_loss(self, share: float, usual: float, now: float) -> None:
        """This share of the packets of the last moments was lost, and of those before."""
        if self._began is not None and share > usual + max(LOSS, usual):
            self._fail(now, MAX_PAUSE)

    def on_congestion(self, now: float) -> None:
        """Less fits than was believed."""
        if self._began is not None:
            self._fail(now, MAX_PAUSE)
        elif now - self._granted_at < TRIAL:
            self._fail(now, LONGEST)
        else:
            self._not_before = max(self._not_before, now + PAUSE)
            self._well = False

    def _grant(self, now: float) -> None:
        self._granted_at = now
        self._not_before = now + SETTLE
        self._well = True

    def _fail(self, now: float, longest: float) -> None:
        if self._began is not None:
            self.failed_at = now
        self.rest()
        self._granted_at = -math.inf
        self._well = False
        self._pause = max(self._pause, min(longest, 2 * self._pause))
        self._not_before = now + self._pause
