"""When something that is seen now and then is said, and when it is said to be over: soon, surely, and not often.

Nothing here has a clock: times come in, in seconds of any clock that never goes back.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Literal

from chatroom.problems import Severity, SignalLevel

#: What a look sees: nothing, how bad it is, or that it cannot be told just now.
Seen = Severity | Literal["unknown"] | None

#: Seconds for which it must have been good until it is over.
CALM = 4.0
#: That is doubled each time that it begins again within so many seconds, up to the most.
AGAIN, MOST_CALM = 60.0, 32.0
#: Seconds after which what cannot be told is not believed any more.
FORGET = 15.0


class _Patience:
    """For how long it must be good: longer for what comes back and back."""

    def __init__(self, calm: float) -> None:
        self._least = self.seconds = calm
        self._ended_at = -inf

    def begins(self, now: float) -> None:
        again = now - self._ended_at < AGAIN
        self.seconds = min(MOST_CALM, 2 * self.seconds) if again else self._least

    def ends(self, now: float) -> None:
        self._ended_at = now


class Debounce:
    """One thing that may be wrong: said when it was seen for ``begin`` seconds, and over after ``calm`` good ones.

    Of two severities that are seen one after the other, the milder one is said.
    """

    def __init__(self, begin: float, calm: float = CALM) -> None:
        self._begin = begin
        self._patience = _Patience(calm)
        #: What is said: how bad it is, or None; and since when.
        self.severity: Severity | None = None
        self.since = 0.0
        self._bad_since: float | None = None
        self._severe_since: float | None = None
        self._good_since: float | None = None
        self._mild_since: float | None = None
        self._known_at: float | None = None

    def look(self, seen: Seen, now: float, *, lingers: bool = False, surely: bool = False) -> bool:
        """Take what is seen; return whether something else is to be said.

        What ``lingers`` does not end, nor begin; what is ``surely`` so begins at once.
        """
        if seen == "unknown":
            if self.severity is None:
                self._bad_since = self._severe_since = None
            elif self._known_at is not None and now - self._known_at >= FORGET:
                return self._over(now)
            return False
        self._known_at = now
        if seen is None:
            self._bad_since = self._severe_since = None
            if self.severity is None or lingers:
                self._good_since = None
                return False
            self._good_since = now if self._good_since is None else self._good_since
            return now - self._good_since >= self._patience.seconds and self._over(now)
        self._good_since = None
        self._bad_since = now if self._bad_since is None else self._bad_since
        if seen == "severe":
            self._mild_since = None
            self._severe_since = now if self._severe_since is None else self._severe_since
        else:
            self._severe_since = None
            self._mild_since = now if self._mild_since is None else self._mild_since
        return self._judge(now, 0.0 if surely else self._begin)

    def _judge(self, now: float, begin: float) -> bool:
        severely = self._severe_since is not None and now - self._severe_since >= begin
        if self.severity is None:
            assert self._bad_since is not None
            if now - self._bad_since < begin:
                return False
            self._patience.begins(now)
            self.severity, self.since = ("severe" if severely else "mild"), self._bad_since
            return True
        if self.severity == "mild" and severely:
            self.severity = "severe"
            return True
        if (
            self.severity == "severe"
            and self._mild_since is not None
            and now - self._mild_since >= self._patience.seconds
        ):
            self.severity = "mild"
            return True
        return False

    def _over(self, now: float) -> bool:
        self._patience.ends(now)
        self.severity = None
        self._bad_since = self._severe_since = self._good_since = self._mild_since = None
        return True


class Bars:
    """One signal level. It falls when it was lower in two looks, and rises when it was higher for ``calm`` seconds."""

    def __init__(self, calm: float = CALM) -> None:
        self._patience = _Patience(calm)
        #: None while nothing is known.
        self.level: SignalLevel | None = None
        self._looks: deque[tuple[float, SignalLevel]] = deque(maxlen=64)
        self._known_at = -inf

    def look(self, level: SignalLevel | None, now: float) -> bool:
        """Take what is seen, None if that cannot be told; return whether another level is to be shown."""
        if level is None:
            if self.level is not None and now - self._known_at >= FORGET:
                self.level = None
                self._looks.clear()
                return True
            return False
        self._known_at = now
        looks = self._looks
        looks.append((now, level))
        while len(looks) > 2 and now - looks[1][0] >= self._patience.seconds:
            looks.popleft()
        if len(looks) < 2:
            return False
        shown = max(level, looks[-2][1])
        if self.level is None:
            self.level = shown
            return True
        if shown < self.level:
            self._patience.begins(now)
            self.level = shown
            return True
        least = min(seen for _, seen in looks)
        if least > self.level and now - looks[0][0] >= self._patience.seconds:
            self._patience.ends(now)
            self.level = least
            return True
        return False
